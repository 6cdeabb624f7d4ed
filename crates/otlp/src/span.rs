//! A span as it was sent, borrowed from the body, and why one is refused.

use std::borrow::Cow;
use std::fmt;

use runwatch_core::hash::{ContentHasher, ContentKey};
use runwatch_core::ids::{RunId, StepId};
use runwatch_core::step::flags;
use uuid::Uuid;

use crate::value::{Attribute, hash_attributes};

/// An id's bytes as they were sent, of whatever length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WireId {
    bytes: [u8; 16],
    /// 17 stands for every length above 16.
    len: u8,
}

impl WireId {
    /// Takes bytes of any length; of those above 16 only the first are kept, since no id is valid
    /// that is so long.
    pub(crate) fn from_bytes(sent: &[u8]) -> Self {
        let mut bytes = [0; 16];
        let kept = sent.len().min(16);
        bytes[..kept].copy_from_slice(&sent[..kept]);
        Self {
            bytes,
            len: u8::try_from(sent.len()).map_or(17, |len| len.min(17)),
        }
    }

    /// Reads hex digits of either case.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(16);
        for pair in text.as_bytes().chunks(2) {
            let [high, low] = pair else { return None };
            let digit = |byte: u8| char::from(byte).to_digit(16);
            bytes.push(u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?);
        }
        Some(Self::from_bytes(&bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len).min(16)]
    }

    /// Whether it names nothing: it is empty or all zero.
    pub(crate) fn is_none(&self) -> bool {
        self.as_bytes().iter().all(|byte| *byte == 0)
    }

    /// The run that a valid trace id names.
    pub(crate) fn run(&self) -> Option<RunId> {
        (self.len == 16 && !self.is_none()).then(|| RunId(Uuid::from_bytes(self.bytes)))
    }

    /// The step that a valid span id names.
    pub(crate) fn step(&self) -> Option<StepId> {
        (self.len == 8).then(|| StepId::from_bytes(self.as_bytes()).ok())?
    }
}

impl fmt::Display for WireId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// OTLP's `Span`. Dropped counts and flags are as they were sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Span<'a> {
    pub(crate) trace_id: WireId,
    pub(crate) span_id: WireId,
    pub(crate) parent_span_id: WireId,
    pub(crate) trace_state: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
    pub(crate) kind: i32,
    pub(crate) start_time_unix_nano: u64,
    pub(crate) end_time_unix_nano: u64,
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) events: Vec<Event<'a>>,
    pub(crate) dropped_events_count: u32,
    pub(crate) links: Vec<Link<'a>>,
    pub(crate) dropped_links_count: u32,
    pub(crate) status: Status<'a>,
    pub(crate) flags: u32,
    /// Bits of [`runwatch_core::step::flags`] that decoding gave.
    pub(crate) losses: i16,
}

/// OTLP's `Span.Event`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Event<'a> {
    pub(crate) time_unix_nano: u64,
    pub(crate) name: Cow<'a, str>,
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) dropped_attributes_count: u32,
}

/// OTLP's `Span.Link`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Link<'a> {
    pub(crate) trace_id: WireId,
    pub(crate) span_id: WireId,
    pub(crate) trace_state: Cow<'a, str>,
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) flags: u32,
}

/// OTLP's `Status`; the code is 0 for unset, 1 for ok and 2 for error.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Status<'a> {
    pub(crate) message: Cow<'a, str>,
    pub(crate) code: i32,
}

/// OTLP's `Resource`, with the schema of its `ResourceSpans`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resource<'a> {
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) schema_url: Cow<'a, str>,
}

/// OTLP's `InstrumentationScope`, with the schema of its `ScopeSpans`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Scope<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) version: Cow<'a, str>,
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) schema_url: Cow<'a, str>,
}

/// The ids of a span that may be stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    pub(crate) run: RunId,
    pub(crate) step: StepId,
    pub(crate) parent: Option<StepId>,
}

/// Why one span is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Id(&'static str),
    #[error("an attribute's key holds NUL or half a surrogate pair")]
    Key,
    #[error("a text is not valid UTF-8")]
    Utf8,
    #[error("{0}")]
    Malformed(String),
    #[error("a value is nested too deeply")]
    Nesting,
    #[error("the span was sent before with another content")]
    Conflict,
}

/// A span that could not be decoded.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) why: Refusal,
    /// Its ids, as far as they can be read.
    pub(crate) trace_id: WireId,
    pub(crate) span_id: WireId,
}

impl Refusal {
    /// The stable name of the reason.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Id(_) => "invalid_id",
            Self::Key => "invalid_key",
            Self::Utf8 => "invalid_utf8",
            Self::Malformed(_) => "malformed",
            Self::Nesting => "nesting",
            Self::Conflict => "conflict",
        }
    }
}

impl Span<'_> {
    /// Checks ids and keys.
    pub(crate) fn ids(&self) -> Result<Ids, Refusal> {
        let run = self
            .trace_id
            .run()
            .ok_or(Refusal::Id("a trace id has to be 16 bytes, not all zero"))?;
        let step = self
            .span_id
            .step()
            .ok_or(Refusal::Id("a span id has to be 8 bytes, not all zero"))?;
        let parent = match self.parent_span_id.is_none() {
            true => None,
            false => {
                let parent = self.parent_span_id.step();
                Some(parent.ok_or(Refusal::Id("a parent's span id has to be 8 bytes"))?)
            }
        };
        let events = self.events.iter().flat_map(|event| &event.attributes);
        let links = self.links.iter().flat_map(|link| &link.attributes);
        let keys = self.attributes.iter().chain(events).chain(links);
        let sanitized = self.losses & flags::SANITIZED != 0;
        for Attribute { key, .. } in keys {
            if key.as_bytes().contains(&0) || sanitized && key.contains('\u{fffd}') {
                return Err(Refusal::Key);
            }
        }
        Ok(Ids { run, step, parent })
    }

    /// Hashes what was sent, in whichever format; the attributes have to be sorted.
    pub(crate) fn content_hash(&self, key: ContentKey) -> i64 {
        let mut hasher = ContentHasher::new(key);
        for id in [&self.trace_id, &self.span_id, &self.parent_span_id] {
            hasher.bytes(if id.is_none() { &[] } else { id.as_bytes() });
        }
        hasher
            .text(&self.trace_state)
            .text(&self.name)
            .number(i64::from(self.kind));
        for time in [self.start_time_unix_nano, self.end_time_unix_nano] {
            hasher.number(time.cast_signed());
        }
        hasher
            .number(i64::from(self.status.code))
            .text(&self.status.message);
        for number in [
            self.flags,
            self.dropped_attributes_count,
            self.dropped_events_count,
            self.dropped_links_count,
        ] {
            hasher.number(i64::from(number));
        }
        hash_attributes(&self.attributes, &mut hasher);
        hasher.number(self.events.len() as i64);
        for event in &self.events {
            hasher
                .number(event.time_unix_nano.cast_signed())
                .text(&event.name);
            hasher.number(i64::from(event.dropped_attributes_count));
            hash_attributes(&event.attributes, &mut hasher);
        }
        for link in &self.links {
            hasher
                .bytes(link.trace_id.as_bytes())
                .bytes(link.span_id.as_bytes());
            hasher.text(&link.trace_state).number(i64::from(link.flags));
            hasher.number(i64::from(link.dropped_attributes_count));
            hash_attributes(&link.attributes, &mut hasher);
        }
        hasher.finish64()
    }
}
