//! The one rule by which attributes are split into those that can be filtered on and the rest.
//!
//! Short scalars go into a small JSON object beside the step's row, where the database can search
//! them; everything else goes into the step's payload. Nothing is in both and nothing in neither.

use std::borrow::Cow;

use crate::json::push_string;
use crate::limits::{
    ATTRIBUTE_KEY_BYTES_MAX, ATTRIBUTES_PER_STEP_MAX, FIELD_BYTES_MAX, FILTER_ATTRIBUTES_BYTES_MAX,
    FILTER_VALUE_BYTES_MAX,
};
use crate::step::flags;
use crate::text::cut;

#[cfg(test)]
mod tests;

/// Where an attribute may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Into the filterable object, if it is a short scalar and there is room.
    Filterable,
    /// Into the payload, whatever it is.
    PayloadOnly,
}

/// Attributes after they were split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// JSON object for [`crate::step::Step::attributes`]; empty for none.
    pub filterable: String,
    /// JSON object for [`crate::payload::Part::Attributes`]; empty for none.
    pub rest: String,
    /// Bits of [`flags`] that the splitting gave.
    pub flags: i16,
}

/// Splits attributes that are added in the order of their keys, so that which of them are
/// filterable does not depend on the order in which they were sent.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    split: Split,
    count: usize,
}

impl Splitter {
    /// Adds an attribute whose value is valid JSON text; the text is copied as it is. The caller
    /// sees to it that no key is added twice.
    pub fn add(&mut self, key: &str, json: &str, visibility: Visibility) {
        if self.count == ATTRIBUTES_PER_STEP_MAX {
            self.split.flags |= flags::TRUNCATED;
            return;
        }
        self.count += 1;
        if visibility == Visibility::Filterable
            && key.len() <= ATTRIBUTE_KEY_BYTES_MAX
            && is_short_scalar(json)
            && self.add_filterable(key, json)
        {
            return;
        }
        match shortened(json) {
            Cow::Borrowed(whole) => push_entry(&mut self.split.rest, key, whole),
            Cow::Owned(start) => {
                self.split.flags |= flags::TRUNCATED;
                push_entry(&mut self.split.rest, key, &start);
            }
        }
    }

    /// The two objects.
    pub fn finish(mut self) -> Split {
        for object in [&mut self.split.filterable, &mut self.split.rest] {
            if !object.is_empty() {
                object.push('}');
            }
        }
        self.split
    }

    fn add_filterable(&mut self, key: &str, json: &str) -> bool {
        let value = without_escaped_nul(json);
        let len = self.split.filterable.len();
        push_entry(&mut self.split.filterable, key, &value);
        if self.split.filterable.len() >= FILTER_ATTRIBUTES_BYTES_MAX {
            self.split.filterable.truncate(len);
            return false;
        }
        if let Cow::Owned(_) = value {
            self.split.flags |= flags::SANITIZED;
        }
        true
    }
}

fn push_entry(object: &mut String, key: &str, json: &str) {
    object.push(if object.is_empty() { '{' } else { ',' });
    push_string(object, key);
    object.push(':');
    object.push_str(json);
}

/// Whether somebody may filter on the value and the database can keep it as it is: a short string
/// that is no document itself, a truth value, or a number that has neither overflowed nor
/// underflowed (`numeric` refuses exponents such as 1e-999999).
fn is_short_scalar(json: &str) -> bool {
    match json.as_bytes() {
        [b'"', b'{' | b'[', ..] => false,
        [b'"', ..] => json.len() <= FILTER_VALUE_BYTES_MAX + 2,
        [b'0'..=b'9' | b'-', ..] => {
            json.len() <= FILTER_VALUE_BYTES_MAX
                && json.parse::<f64>().is_ok_and(|number| {
                    number.is_finite() && (number != 0.0 || !json.contains(['e', 'E']))
                })
        }
        _ => matches!(json, "true" | "false"),
    }
}

/// JSON text, or a JSON string of its beginning if it is longer than
/// [`FIELD_BYTES_MAX`]; owned only if it was cut.
pub fn shortened(json: &str) -> Cow<'_, str> {
    if json.len() <= FIELD_BYTES_MAX {
        return Cow::Borrowed(json);
    }
    let text = serde_json::from_str::<String>(json);
    let text = text.as_deref().unwrap_or(json);
    if text.len() <= FIELD_BYTES_MAX && json.starts_with('"') {
        return Cow::Borrowed(json);
    }
    let mut out = String::new();
    push_string(&mut out, cut(text, FIELD_BYTES_MAX));
    Cow::Owned(out)
}

/// JSON text with `\u0000` replaced by `\ufffd`, since `jsonb` refuses NUL.
fn without_escaped_nul(json: &str) -> Cow<'_, str> {
    const NUL: &str = "\\u0000";
    if !json.contains(NUL) {
        return Cow::Borrowed(json);
    }
    let (mut out, mut rest, mut replaced) = (String::with_capacity(json.len()), json, false);
    while let Some(at) = rest.find('\\') {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let len = if tail.starts_with(NUL) {
            NUL.len()
        } else {
            2.min(tail.len())
        };
        let (escape, after) = tail.split_at_checked(len).unwrap_or((tail, ""));
        replaced |= escape == NUL;
        out.push_str(if escape == NUL { "\\ufffd" } else { escape });
        rest = after;
    }
    out.push_str(rest);
    if replaced {
        Cow::Owned(out)
    } else {
        Cow::Borrowed(json)
    }
}
