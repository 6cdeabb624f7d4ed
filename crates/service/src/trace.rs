//! Trace ids: what one request, one turn of a job or one process writes into the log can be found by its
//! own, and a request's by that of whoever called us.

#[cfg(test)]
mod tests;

use std::fmt;

use uuid::Uuid;

/// The header by which a caller tells its trace (W3C Trace Context §3.2).
pub const TRACEPARENT: &str = "traceparent";

/// The id of a trace: 16 bytes that are not all zero, written as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(u128);

impl TraceId {
    /// A new one.
    pub fn random() -> Self {
        Self(Uuid::new_v4().as_u128())
    }

    /// That of the caller, if it tells one, else a new one.
    pub fn of_caller(traceparent: Option<&[u8]>) -> Self {
        traceparent.and_then(parse).unwrap_or_else(Self::random)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// `00-<trace id>-<parent id>-<flags>`; versions to come may add more behind another dash (§4).
fn parse(header: &[u8]) -> Option<TraceId> {
    let text = std::str::from_utf8(header).ok()?;
    let mut parts = text.splitn(5, '-');
    let mut hex = |digits: usize| {
        let part = parts.next()?;
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (part.len() == digits && part.bytes().all(is_hex)).then_some(part)
    };
    let (version, trace, parent, _flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
    let is_whole = version != "00" || parts.next().is_none();
    let trace = u128::from_str_radix(trace, 16).ok()?;
    let parent = u64::from_str_radix(parent, 16).ok()?;
    (is_whole && version != "ff" && trace != 0 && parent != 0).then_some(TraceId(trace))
}
