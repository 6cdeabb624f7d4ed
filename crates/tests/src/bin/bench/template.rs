//! Runs that are encoded once and sent many times: before each time, fresh ids and times are
//! written over the old ones, at places that are known. That keeps the load generator cheap.

#[cfg(test)]
mod tests;

use memchr::memmem;
use runwatch_core::time::Timestamp;
use uuid::Uuid;

use crate::shape::{Run, STEPS};

/// How a run is encoded, and with it how ids and times are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// OTLP in protobuf: ids as bytes, times in nanoseconds, little-endian.
    Otlp,
    /// The native JSON form: ids in hex digits, times by RFC 3339.
    Native,
    /// Rows of PostgreSQL's binary COPY: ids as bytes, times in microseconds since 2000.
    Copy,
}

/// What is fresh each time that a run is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    /// The run's id.
    pub(crate) run: Uuid,
    /// What the ids of the steps are made of.
    pub(crate) step_seed: u64,
    /// When the run started.
    pub(crate) started_at: Timestamp,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Run,
    Step(usize),
    Start(usize),
    End(usize),
}

/// An encoded run.
pub(crate) struct Template {
    bytes: Vec<u8>,
    places: Vec<(usize, Field)>,
    format: Format,
    /// Start and end of each step, in microseconds from the start of the run.
    times_us: Vec<(i64, i64)>,
    lasts_us: i64,
}

/// Bytes of the longest field: a UUID with its dashes.
const FIELD_BYTES_MAX: usize = 36;
/// Microseconds between 1970 and 2000, from which PostgreSQL counts.
const POSTGRES_EPOCH_US: i64 = 946_684_800_000_000;
/// 2^64 divided by the golden ratio: its multiples are spread over all numbers.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The id that stands in a run that is encoded but not sent yet. The bytes occur nowhere else.
pub(crate) const PLACEHOLDER_RUN: Uuid = Uuid::from_u128(0xfeed_face_cafe_beef_0123_4567_89ab_cdef);

/// The id of a step in a run that is encoded but not sent yet.
pub(crate) fn placeholder_step(step: usize) -> u64 {
    0xfeed_face_cafe_0000 + step as u64
}

/// The start of a step in a run that is not sent yet: in the year 2200.
pub(crate) fn placeholder_start(step: usize) -> Timestamp {
    Timestamp(7_258_118_400_000_000 + step as i64 * 1_000_003)
}

/// The end of a step in a run that is not sent yet: in the year 2210.
pub(crate) fn placeholder_end(step: usize) -> Timestamp {
    Timestamp(7_573_651_200_000_000 + step as i64 * 1_000_003)
}

impl Identity {
    /// The id of a step.
    fn step(&self, step: usize) -> u64 {
        (self.step_seed ^ (step as u64 + 1).wrapping_mul(SPREAD)).max(1)
    }
}

impl Template {
    /// Finds the places in a run that was encoded with the placeholders.
    pub(crate) fn new(bytes: Vec<u8>, format: Format, run: &Run) -> Self {
        let steps =
            (0..STEPS).flat_map(|step| [Field::Step(step), Field::Start(step), Field::End(step)]);
        let mut places = Vec::new();
        for field in steps.chain([Field::Run]) {
            let mut written = [0; FIELD_BYTES_MAX];
            let len = match field {
                Field::Run => format.write_run(PLACEHOLDER_RUN, &mut written),
                Field::Step(step) => format.write_step(placeholder_step(step), &mut written),
                Field::Start(step) => format.write_time(placeholder_start(step), &mut written),
                Field::End(step) => format.write_time(placeholder_end(step), &mut written),
            };
            places.extend(memmem::find_iter(&bytes, &written[..len]).map(|at| (at, field)));
        }
        places.sort_by_key(|(at, _)| *at);
        let times_us = run
            .steps
            .iter()
            .map(|step| (step.starts_us, step.starts_us + step.lasts_us));
        Self {
            bytes,
            places,
            format,
            times_us: times_us.collect(),
            lasts_us: run.lasts_us(),
        }
    }

    /// The encoded run, with what was written over last.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Microseconds from the start of the run to its end.
    pub(crate) fn lasts_us(&self) -> i64 {
        self.lasts_us
    }

    /// Appends the run under a fresh identity.
    pub(crate) fn append(&self, identity: &Identity, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(&self.bytes);
        let at = |offset_us: i64| Timestamp(identity.started_at.0 + offset_us);
        for (place, field) in &self.places {
            let place = &mut out[begin + place..];
            match *field {
                Field::Run => self.format.write_run(identity.run, place),
                Field::Step(step) => self.format.write_step(identity.step(step), place),
                Field::Start(step) => self.format.write_time(at(self.times_us[step].0), place),
                Field::End(step) => self.format.write_time(at(self.times_us[step].1), place),
            };
        }
    }
}

impl Format {
    /// Writes a run's id and says how many bytes that took.
    fn write_run(self, run: Uuid, out: &mut [u8]) -> usize {
        match self {
            Self::Otlp | Self::Copy => put(out, run.as_bytes()),
            Self::Native => run.hyphenated().encode_lower(out).len(),
        }
    }

    fn write_step(self, step: u64, out: &mut [u8]) -> usize {
        match self {
            Self::Otlp | Self::Copy => put(out, &step.to_be_bytes()),
            Self::Native => put(out, format!("{step:016x}").as_bytes()),
        }
    }

    fn write_time(self, time: Timestamp, out: &mut [u8]) -> usize {
        match self {
            Self::Otlp => put(out, &(time.0 * 1_000).to_le_bytes()),
            Self::Native => put(out, time.to_rfc3339().as_bytes()),
            Self::Copy => put(out, &Self::copy_time(time)),
        }
    }

    /// A time as binary COPY takes it.
    pub(crate) fn copy_time(time: Timestamp) -> [u8; 8] {
        (time.0 - POSTGRES_EPOCH_US).to_be_bytes()
    }
}

fn put(out: &mut [u8], bytes: &[u8]) -> usize {
    out[..bytes.len()].copy_from_slice(bytes);
    bytes.len()
}
