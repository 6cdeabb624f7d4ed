//! JSON as text: reading what strict parsers refuse, and looking at it without building values.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

#[cfg(test)]
mod tests;

/// Whether arrays and objects lie at most `max` deep in each other: one linear scan without
/// recursion, so that no parser has to meet hostile depth.
pub fn depth_within(text: &[u8], max: usize) -> bool {
    if text
        .iter()
        .filter(|byte| matches!(byte, b'[' | b'{'))
        .count()
        <= max
    {
        return true;
    }
    let (mut depth, mut rest) = (0_usize, text);
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match byte {
            b'"' => rest = after_string(tail),
            b'[' | b'{' if depth == max => return false,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// What follows the string whose opening quote has been read.
pub(crate) fn after_string(mut text: &[u8]) -> &[u8] {
    while let Some(at) = first_to_escape(text) {
        let len = if text.get(at) == Some(&b'\\') { 2 } else { 1 };
        let after = text.get(at + len..).unwrap_or_default();
        if text.get(at) == Some(&b'"') {
            return after;
        }
        text = after;
    }
    &[]
}

/// Appends a text as a JSON string, with its quotes.
pub fn push_string(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(at) = first_to_escape(rest.as_bytes()) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = tail.chars();
        match chars.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Position of the first byte that has to be escaped. Most texts have few: looking at sixteen
/// bytes at once lets the compiler use vectors.
fn first_to_escape(bytes: &[u8]) -> Option<usize> {
    let is_one = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    let clear = |chunk: &&[u8]| !chunk.iter().fold(false, |found, byte| found | is_one(byte));
    let start = bytes.chunks(16).take_while(clear).map(<[u8]>::len).sum();
    bytes
        .get(start..)?
        .iter()
        .position(is_one)
        .map(|at| start + at)
}

/// What [`sanitize`] had to give up at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// A bare `NaN` or `Infinity`, now `null`.
    Number,
    /// Half a surrogate pair in a string, now U+FFFD.
    Text,
}

/// One change that [`sanitize_with_changes`] made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Byte of the new text at which the replacement begins.
    pub at: usize,
    /// What was replaced.
    pub loss: Loss,
}

/// Makes JSON that Python and JavaScript write, but the standard forbids, readable: bare `NaN`
/// and `Infinity` become `null`, half surrogate pairs become U+FFFD.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    sanitize_with_changes(text).0
}

/// As [`sanitize`], and tells where it changed what, in the order of the text.
pub fn sanitize_with_changes(text: &str) -> (Cow<'_, str>, Vec<Change>) {
    let bytes = text.as_bytes();
    let (mut out, mut changes) = (String::new(), Vec::new());
    let (mut at, mut copied, mut in_string) = (0, 0, false);
    while let Some(byte) = bytes.get(at) {
        let (len, loss) = match (in_string, *byte) {
            (true, b'\\') => escape(bytes.get(at..).unwrap_or_default()),
            (false, b'N' | b'I' | b'-') => bare_word(bytes.get(at..).unwrap_or_default()),
            _ => (1, None),
        };
        in_string ^= *byte == b'"';
        if let Some(loss) = loss {
            out.push_str(text.get(copied..at).unwrap_or_default());
            changes.push(Change {
                at: out.len(),
                loss,
            });
            out.push_str(if loss == Loss::Number {
                "null"
            } else {
                "\\ufffd"
            });
            copied = at + len;
        }
        at += len;
    }
    if changes.is_empty() {
        return (Cow::Borrowed(text), changes);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    (Cow::Owned(out), changes)
}

/// Length of the escape that a string's text begins with, and whether it is half a pair.
fn escape(text: &[u8]) -> (usize, Option<Loss>) {
    match unicode_escape(text) {
        Some(0xd800..=0xdbff) => match unicode_escape(text.get(6..).unwrap_or_default()) {
            Some(0xdc00..=0xdfff) => (12, None),
            _ => (6, Some(Loss::Text)),
        },
        Some(0xdc00..=0xdfff) => (6, Some(Loss::Text)),
        Some(_) => (6, None),
        None => (2, None),
    }
}

fn unicode_escape(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Length of the bare word that the text outside strings begins with, if JSON forbids it.
fn bare_word(text: &[u8]) -> (usize, Option<Loss>) {
    let words: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
    match words.iter().find(|word| text.starts_with(word)) {
        Some(word) => (word.len(), Some(Loss::Number)),
        None => (1, None),
    }
}

/// A JSON object as a list of its keys and the text of their values, in their order; an object
/// that says a key twice is refused.
#[derive(Clone, Debug, Default)]
pub struct UniqueMap<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for UniqueMap<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueMapVisitor)
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

struct UniqueMapVisitor;

impl<'de> Visitor<'de> for UniqueMapVisitor {
    type Value = UniqueMap<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((Key(key), value)) = map.next_entry()? {
            entries.push((key, value));
        }
        let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_ref()).collect();
        keys.sort_unstable();
        match keys.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(A::Error::custom(format_args!(
                "duplicate key `{}`",
                pair[0]
            ))),
            None => Ok(UniqueMap(entries)),
        }
    }
}
