//! The conditions by which a table recognises the name of a provider or model.

use regex_lite::Regex;
use serde::{Deserialize, Deserializer};

/// A boolean tree over a name; its texts and the names are in lower case.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Clause {
    Equals(String),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    Regex(Pattern),
    Or(Vec<Self>),
    And(Vec<Self>),
    Not(Box<Self>),
}

impl Clause {
    /// Whether a name in lower case meets it.
    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Equals(text) => name == text,
            Self::StartsWith(text) => name.starts_with(text),
            Self::EndsWith(text) => name.ends_with(text),
            Self::Contains(text) => name.contains(text),
            Self::Regex(pattern) => pattern.0.is_match(name),
            Self::Or(parts) => parts.iter().any(|part| part.matches(name)),
            Self::And(parts) => parts.iter().all(|part| part.matches(name)),
            Self::Not(part) => !part.matches(name),
        }
    }
}

/// A regular expression, compiled when the table is read.
#[derive(Debug)]
pub(super) struct Pattern(Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Regex::new(&text)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}
