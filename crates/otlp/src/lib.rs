//! OTLP trace exports in, runs and steps out.
//!
//! ```text
//! bytes ─ protobuf or json ─▶ span (borrowed) ─ dialects ─▶ draft ─ step ─▶ assembly ─▶ RunPart
//! ```
//!
//! A body is walked once. Each span is decoded, translated and let go before the next one, so that
//! what is held besides the body is only the result. One bad span never loses its neighbours: it
//! is rejected with a reason and the bytes that were sent. The crate does no I/O and reads no
//! clock: times are kept as they were sent.

#![warn(missing_docs)]

pub mod response;

mod assembly;
mod base64;
mod json;
mod protobuf;
mod span;
mod value;

mod content;
mod dialects;
pub mod explain;
mod flattened;
mod normal;
mod payloads;
mod step;
mod surroundings;

#[cfg(test)]
mod tests;

use runwatch_core::attributes::Visibility;
use runwatch_core::hash::ContentKey;
use runwatch_core::limits::ITEMS_PER_REQUEST_MAX;
use runwatch_core::run::RunPart;

use crate::assembly::Assembly;
use crate::dialects::Readers;
use crate::explain::Explained;
use crate::normal::Draft;
use crate::value::Value;

/// How an export is written; the answer has to be written alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`.
    Json,
}

/// What a body held.
#[derive(Debug, Default)]
pub struct Decoded {
    /// One part per trace id, in the order of first appearance.
    pub parts: Vec<RunPart>,
    /// All spans of the body: the steps, the duplicates and the rejected ones.
    pub spans: usize,
    /// Spans that repeat another span of the body, or an unfinished copy beside a finished one.
    pub duplicates: usize,
    /// Spans that were refused, in their order.
    pub rejected: Vec<Rejected>,
}

/// A span that was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Position among all spans of the body, from 0.
    pub index: usize,
    /// `<trace id>/<span id>` in hex, as far as they are known.
    pub id: String,
    /// Stable reason: `invalid_id`, `invalid_key`, `invalid_utf8`, `malformed`, `nesting` or
    /// `conflict`.
    pub code: &'static str,
    /// The reason in words.
    pub message: String,
    /// The span as it was sent, cut at
    /// [`QUARANTINE_ITEM_BYTES_MAX`](runwatch_core::limits::QUARANTINE_ITEM_BYTES_MAX).
    pub body: Vec<u8>,
}

/// Where an attribute of that name may go, whatever it was sent as: what a dialect understands and
/// nobody filters on stays in the payload.
pub fn visibility(key: &str) -> Visibility {
    dialects::attribute(
        &mut Readers::default(),
        key,
        &Value::Null,
        &mut Draft::default(),
    )
    .visibility()
}

/// Why nothing of a body could be taken.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not an export in the format that was told.
    #[error("the body is not a valid trace export: {0}")]
    Malformed(String),
    /// A resource or scope is nested more deeply than
    /// [`NESTING_MAX`](runwatch_core::limits::NESTING_MAX).
    #[error("the body is nested too deeply")]
    Nesting,
    /// The body holds more spans than one request may.
    #[error("more than {ITEMS_PER_REQUEST_MAX} spans in one request")]
    TooManyItems,
}

/// Decodes a trace export and translates its spans; `key` is the project's.
pub fn decode_traces(body: &[u8], format: Format, key: ContentKey) -> Result<Decoded, DecodeError> {
    Ok(decode(body, format, Assembly::new(key))?.0)
}

/// As [`decode_traces`], and explains what became of the attributes of each span that was taken,
/// by the very same reading.
pub fn explain_traces(
    body: &[u8],
    format: Format,
    key: ContentKey,
) -> Result<(Decoded, Vec<Explained>), DecodeError> {
    decode(body, format, Assembly::explaining(key))
}

fn decode(
    body: &[u8],
    format: Format,
    mut assembly: Assembly,
) -> Result<(Decoded, Vec<Explained>), DecodeError> {
    match format {
        Format::Protobuf => protobuf::walk(body, &mut assembly)?,
        Format::Json => json::walk(body, &mut assembly)?,
    }
    Ok(assembly.finish())
}
