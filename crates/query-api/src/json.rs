//! Values as they stand in answers.

use std::collections::BTreeMap;
use std::fmt;

use runwatch_core::money::NanoUsd;
use runwatch_core::payload::{Encoding, Part};
use runwatch_core::time::Timestamp;
use runwatch_store::payloads::StoredPart;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

#[cfg(test)]
mod tests;

/// A moment in RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(pub(crate) Timestamp);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339())
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || D::Error::custom("It must be a time such as 2026-11-21T08:00:00Z.");
        Timestamp::parse_rfc3339(&text).map(Self).ok_or_else(wrong)
    }
}

/// An amount in dollars.
pub(crate) fn dollars(amount: Option<NanoUsd>) -> Option<f64> {
    amount.map(NanoUsd::dollars)
}

/// The parts of a payload by their kind, as JSON: documents verbatim, text as a string.
pub(crate) struct Parts(BTreeMap<Part, Box<RawValue>>);

impl Parts {
    pub(crate) fn new(parts: Vec<StoredPart>) -> Self {
        Self(
            parts
                .into_iter()
                .map(|part| (part.part, value(part.encoding, part.body)))
                .collect(),
        )
    }

    /// Takes a part out.
    pub(crate) fn take(&mut self, part: Part) -> Option<Box<RawValue>> {
        self.0.remove(&part)
    }
}

/// A part of a payload as JSON.
pub(crate) fn value(encoding: Encoding, body: String) -> Box<RawValue> {
    let document = match encoding {
        Encoding::Json => RawValue::from_string(body.clone()).ok(),
        Encoding::Text => None,
    };
    document.unwrap_or_else(|| raw(&body))
}

/// A value as raw JSON.
pub(crate) fn raw(value: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("text and plain values always encode")
}

/// One object of the entries of several, given as JSON text; text that is no object has none, and
/// of two entries with the same key the first stands.
pub(crate) fn merged_objects<'a>(
    objects: impl IntoIterator<Item = &'a str>,
) -> BTreeMap<String, Box<RawValue>> {
    let mut merged = BTreeMap::new();
    for object in objects {
        let entries: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(object).unwrap_or_default();
        for (key, value) in entries {
            merged.entry(key).or_insert(value);
        }
    }
    merged
}
