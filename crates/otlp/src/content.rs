//! Contents: how values become the bodies of payloads.

use std::borrow::Cow;

use runwatch_core::json::{UniqueMap, depth_within, push_string, sanitize};
use runwatch_core::limits::{FIELD_BYTES_MAX, NESTING_MAX};
use runwatch_core::payload::Encoding;
use runwatch_core::step::flags;
use runwatch_core::text::{cut, without_nul};
use serde::de::IgnoredAny;

use crate::value::Value;

/// The body of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) encoding: Encoding,
    pub(crate) body: String,
    /// Bits of [`flags`].
    pub(crate) flags: i16,
}

impl Content {
    /// Keeps a string as JSON if it is a JSON object or array, else as text; other values as JSON.
    pub(crate) fn of_value(value: &Value<'_>) -> Self {
        match value.as_str() {
            Some(text) => match json(text) {
                Some(Cow::Borrowed(json)) => Self::of_json(json.to_owned()),
                Some(Cow::Owned(json)) => {
                    let content = Self::of_json(json);
                    Self {
                        flags: content.flags | flags::SANITIZED,
                        ..content
                    }
                }
                None => Self::of_text(text),
            },
            None => Self::of_json(json_of(value)),
        }
    }

    /// As [`Content::of_value`], of values that are JSON whatever they are: a text that stands in
    /// quotes is what stands between them.
    pub(crate) fn of_json_value(value: &Value<'_>) -> Self {
        match value.as_str() {
            Some(text) if text.starts_with('"') => {
                Self::of_text(&value.unquoted().unwrap_or_default())
            }
            _ => Self::of_value(value),
        }
    }

    /// Keeps text, without NUL and cut at the limit.
    pub(crate) fn of_text(text: &str) -> Self {
        let kept = cut(text, FIELD_BYTES_MAX);
        let body = without_nul(kept);
        let truncated = if kept.len() < text.len() {
            flags::TRUNCATED
        } else {
            0
        };
        let sanitized = if matches!(body, Cow::Owned(_)) {
            flags::SANITIZED
        } else {
            0
        };
        let flags = truncated | sanitized;
        Self {
            encoding: Encoding::Text,
            body: body.into_owned(),
            flags,
        }
    }

    /// Keeps JSON as it is; what is longer than the limit is no JSON any more once it is cut.
    pub(crate) fn of_json(body: String) -> Self {
        if body.len() > FIELD_BYTES_MAX {
            return Self::of_text(&body);
        }
        Self {
            encoding: Encoding::Json,
            body,
            flags: 0,
        }
    }
}

/// The text, if it is a JSON object or array that any reader can parse: not nested too deeply, and
/// without halves of surrogate pairs, which are replaced.
fn json(text: &str) -> Option<Cow<'_, str>> {
    let structured = text.starts_with(['{', '[']) && depth_within(text.as_bytes(), NESTING_MAX);
    if !structured || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return None;
    }
    let surrogates = text.contains("\\ud") || text.contains("\\uD");
    Some(if surrogates {
        sanitize(text)
    } else {
        Cow::Borrowed(text)
    })
}

fn json_of(value: &Value<'_>) -> String {
    let mut out = String::new();
    value.write_json(&mut out);
    out
}

/// Appends a value as JSON; JSON objects and arrays in strings are put in as what they are.
pub(crate) fn embed_json(value: &Value<'_>, out: &mut String) {
    match value.as_str().and_then(json) {
        Some(json) => out.push_str(&json),
        None => value.write_json(out),
    }
}

/// The comma-separated entries of a JSON array, in a string or as a structured value; anything
/// else is one entry.
pub(crate) fn inner_of_array(value: &Value<'_>) -> String {
    let mut out = String::new();
    embed_json(value, &mut out);
    match entries(&out) {
        Some(entries) => entries.to_owned(),
        None => out,
    }
}

/// Puts instructions before messages as a message of the system, if the messages are a JSON array.
pub(crate) fn with_instructions(instructions: &Value<'_>, messages: &str) -> Option<String> {
    let messages = entries(messages)?;
    let mut out = String::from(r#"[{"role":"system","parts":"#);
    match instructions.as_str() {
        Some(text) if json(text).is_none() => {
            out.push_str(r#"[{"type":"text","content":"#);
            push_string(&mut out, text);
            out.push_str("}]");
        }
        _ => embed_json(instructions, &mut out),
    }
    out.push('}');
    if !messages.is_empty() {
        out.push(',');
        out.push_str(messages);
    }
    out.push(']');
    Some(out)
}

/// Hands on the entries of an object, told as JSON text or as a structured value; the values are
/// JSON text. Of anything else, and of JSON that cannot be read, there are none.
pub(crate) fn each_entry(value: &Value<'_>, take: impl FnMut(&str, &str)) {
    match value {
        Value::Str(text) => each_json_entry(text, take),
        Value::Map(_) => each_json_entry(&json_of(value), take),
        _ => {}
    }
}

/// As [`each_entry`], of JSON text.
pub(crate) fn each_json_entry(json: &str, mut take: impl FnMut(&str, &str)) {
    if json.starts_with('{')
        && let Ok(UniqueMap(entries)) = serde_json::from_str(json)
    {
        for (key, value) in entries {
            take(&key, value.get());
        }
    }
}

/// The value that a JSON text of a scalar says; null of anything else.
pub(crate) fn scalar(json: &str) -> Value<'_> {
    match json.as_bytes().first() {
        Some(b'"') => {
            serde_json::from_str(json).map_or(Value::Null, |text: String| Value::Str(text.into()))
        }
        Some(b't' | b'f') => Value::Bool(json == "true"),
        Some(b'0'..=b'9' | b'-') => match json.parse() {
            Ok(number) => Value::Int(number),
            Err(_) => json.parse().map_or(Value::Null, Value::Double),
        },
        _ => Value::Null,
    }
}

/// A value as JSON text; JSON objects and arrays in strings are what they are.
pub(crate) fn as_json(value: &Value<'_>) -> String {
    let mut out = String::new();
    embed_json(value, &mut out);
    out
}

/// What stands between the brackets of a JSON array.
fn entries(json: &str) -> Option<&str> {
    Some(json.trim().strip_prefix('[')?.strip_suffix(']')?.trim())
}
