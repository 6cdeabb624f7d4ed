//! Attribute values as they were sent, borrowed from the body.

use std::borrow::Cow;
use std::fmt::Write;

use runwatch_core::hash::ContentHasher;
use runwatch_core::json::push_string;

use crate::base64;

/// OTLP's `AnyValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Value<'a> {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Str(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    Array(Vec<Value<'a>>),
    Map(Vec<Attribute<'a>>),
}

/// OTLP's `KeyValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Attribute<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) value: Value<'a>,
}

/// 2⁶³: the first whole number that `i64` cannot hold.
const I64_END: f64 = 9_223_372_036_854_775_808.0;

/// The whole number that a figure is, if it is one.
pub(crate) fn whole(number: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked on this line"
    )]
    (number.fract() == 0.0 && (-I64_END..I64_END).contains(&number)).then_some(number as i64)
}

impl<'a> Value<'a> {
    /// The text of a string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it says nothing: it is missing or an empty text.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Str(text) => text.is_empty(),
            _ => false,
        }
    }

    /// A scalar as text.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Str(text) => Some(Cow::Borrowed(text)),
            Self::Bool(_) | Self::Int(_) | Self::Double(_) => {
                let mut out = String::new();
                self.write_json(&mut out);
                Some(Cow::Owned(out.trim_matches('"').to_owned()))
            }
            Self::Null | Self::Bytes(_) | Self::Array(_) | Self::Map(_) => None,
        }
    }

    /// The text of a string that may have been put into JSON's quotes.
    pub(crate) fn unquoted(&self) -> Option<Cow<'_, str>> {
        let text = self.as_str()?;
        match text
            .starts_with('"')
            .then(|| serde_json::from_str::<String>(text))
        {
            Some(Ok(inner)) => Some(Cow::Owned(inner)),
            Some(Err(_)) | None => Some(Cow::Borrowed(text)),
        }
    }

    /// A whole number, told as a number or as text.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Double(number) => whole(*number),
            Self::Str(text) => text
                .trim()
                .parse()
                .ok()
                .or_else(|| whole(text.trim().parse().ok()?)),
            _ => None,
        }
    }

    /// A finite number, told as a number or as text.
    pub(crate) fn number(&self) -> Option<f64> {
        let number = match self {
            Self::Int(number) => *number as f64,
            Self::Double(number) => *number,
            Self::Str(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// The texts of a list: an array, a JSON array in a string, or a comma-separated string.
    pub(crate) fn list(&self) -> Vec<Cow<'_, str>> {
        match self {
            Self::Array(values) => values.iter().filter_map(Value::text).collect(),
            Self::Str(text) if text.starts_with('[') => {
                let texts: Vec<String> = serde_json::from_str(text).unwrap_or_default();
                texts.into_iter().map(Cow::Owned).collect()
            }
            Self::Str(text) => text
                .split(',')
                .map(|part| Cow::Borrowed(part.trim()))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Appends the value as JSON; bytes as Base64 and numbers that JSON lacks as strings, as
    /// proto3 does.
    pub(crate) fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Self::Int(number) => push_display(out, number),
            Self::Double(number) if number.is_finite() => push_debug(out, number),
            Self::Double(number) if number.is_nan() => out.push_str("\"NaN\""),
            Self::Double(number) => {
                out.push_str(if *number > 0.0 {
                    "\"Infinity\""
                } else {
                    "\"-Infinity\""
                });
            }
            Self::Str(text) => push_string(out, text),
            Self::Bytes(bytes) => {
                out.push('"');
                base64::encode(out, bytes);
                out.push('"');
            }
            Self::Array(values) => {
                out.push('[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    value.write_json(out);
                }
                out.push(']');
            }
            Self::Map(attributes) => write_object(attributes, out, Self::write_json),
        }
    }

    /// Adds the value to a content hash.
    pub(crate) fn hash(&self, hasher: &mut ContentHasher) {
        match self {
            Self::Null => hasher.number(0),
            Self::Bool(flag) => hasher.number(1).number(i64::from(*flag)),
            Self::Int(number) => hasher.number(2).number(*number),
            Self::Double(number) => {
                let canonical = if number.is_nan() { f64::NAN } else { *number };
                hasher.number(3).number(canonical.to_bits().cast_signed())
            }
            Self::Str(text) => hasher.number(4).text(text),
            Self::Bytes(bytes) => hasher.number(5).bytes(bytes),
            Self::Array(values) => {
                hasher.number(6).number(values.len() as i64);
                values.iter().for_each(|value| value.hash(hasher));
                hasher
            }
            Self::Map(attributes) => {
                hasher.number(7);
                hash_attributes(attributes, hasher);
                hasher
            }
        };
    }
}

/// Appends attributes as a JSON object, their values by `write`; of a key that was said twice, the
/// last one.
pub(crate) fn write_object<'a>(
    attributes: &[Attribute<'a>],
    out: &mut String,
    mut write: impl FnMut(&Value<'a>, &mut String),
) {
    out.push('{');
    let start = out.len();
    for attribute in last_of_each_key(attributes) {
        if out.len() > start {
            out.push(',');
        }
        push_string(out, &attribute.key);
        out.push(':');
        write(&attribute.value, out);
    }
    out.push('}');
}

/// Adds attributes, in the order of their keys, to a content hash.
pub(crate) fn hash_attributes(attributes: &[Attribute<'_>], hasher: &mut ContentHasher) {
    let attributes = last_of_each_key(attributes);
    hasher.number(attributes.len() as i64);
    for attribute in attributes {
        attribute.value.hash(hasher.text(&attribute.key));
    }
}

/// Sorts attributes by key and keeps the last of each key.
pub(crate) fn sort_and_dedup(attributes: &mut Vec<Attribute<'_>>) {
    attributes.sort_by(|left, right| left.key.cmp(&right.key));
    attributes.dedup_by(|later, earlier| {
        let same = later.key == earlier.key;
        if same {
            std::mem::swap(later, earlier);
        }
        same
    });
}

fn last_of_each_key<'s, 'a>(attributes: &'s [Attribute<'a>]) -> Vec<&'s Attribute<'a>> {
    let mut sorted: Vec<_> = attributes.iter().rev().collect();
    sorted.sort_by(|left, right| left.key.cmp(&right.key));
    sorted.dedup_by(|left, right| left.key == right.key);
    sorted
}

fn push_display(out: &mut String, number: &i64) {
    write!(out, "{number}").expect("writing to a String cannot fail");
}

fn push_debug(out: &mut String, number: &f64) {
    write!(out, "{number:?}").expect("writing to a String cannot fail");
}
