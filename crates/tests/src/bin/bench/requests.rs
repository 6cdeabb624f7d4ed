//! Requests as they are sent: a head, and runs under fresh identities.

use std::time::Duration;

use runwatch_service::clock::{Clock, SystemClock};
use uuid::Uuid;

use crate::load::{Protocol, SEED, Target, Templates};
use crate::random::Random;
use crate::template::Format;

/// More bytes than the head of a request has.
const HEAD_BYTES_MAX: usize = 512;

/// Writes requests, each with runs that no other has.
pub(crate) struct Requests {
    random: Random,
    templates: Templates,
    target: Target,
}

impl Requests {
    /// Requests to a target; those of another number have other runs.
    pub(crate) fn new(target: &Target, templates: &Templates, number: u64) -> Self {
        Self {
            random: Random::new(SEED + 1 + number),
            templates: templates.clone(),
            target: target.clone(),
        }
    }

    /// Writes one with so many runs, which ended so long ago, and gives their ids.
    pub(crate) fn write(
        &mut self,
        request: &mut Vec<u8>,
        batch: usize,
        ago: Duration,
    ) -> Vec<Uuid> {
        let now = SystemClock.now();
        let Self {
            random,
            templates,
            target,
        } = self;
        let ago_us = i64::try_from(ago.as_micros()).unwrap_or(i64::MAX);
        let pick = |_| templates.pick(random, now, ago_us);
        let picked: Vec<_> = (0..batch).map(pick).collect();
        let (path, content_type, brackets) = match templates.format {
            Format::Native => ("/v1/runs", "application/json", true),
            Format::Otlp | Format::Copy => ("/v1/traces", "application/x-protobuf", false),
        };
        let bytes: usize = picked
            .iter()
            .map(|(template, _)| template.bytes().len())
            .sum();
        let length = if brackets {
            bytes + picked.len() + 1
        } else {
            bytes
        };
        request.reserve(HEAD_BYTES_MAX + length);
        if target.protocol == Protocol::Http {
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {}\r\n\
                 Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n",
                target.key
            );
            request.extend_from_slice(head.as_bytes());
        }
        for (place, (template, identity)) in picked.iter().enumerate() {
            if brackets {
                request.push(if place == 0 { b'[' } else { b',' });
            }
            template.append(identity, request);
        }
        if brackets {
            request.push(b']');
        }
        picked.iter().map(|(_, identity)| identity.run).collect()
    }
}
