//! Redaction: taking out of texts, before they are stored, what must not be kept of people and
//! secrets.
//!
//! It looks at every text that is sent, so what finds nothing has to be quick: each detector first
//! searches with vectors for what its finds begin with or cannot be without, and looks closer there.

#[cfg(test)]
mod tests;

mod borders;
mod card;
mod document;
mod find;
mod iban;
mod jwt;
mod keys;
mod literals;
mod mail;
mod named;
mod numbers;
mod of_run;
mod pem;
mod pseudonym;

pub use pseudonym::pseudonym;

use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::limits::{
    REDACTION_NAME_BYTES_MAX, REDACTION_PATTERNS_MAX, REDACTION_REGEX_BYTES_MAX,
    REDACTION_REGEX_COMPILED_BYTES_MAX,
};

/// Something that can be looked for without saying how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detector {
    /// E-mail addresses.
    EmailAddresses,
    /// Numbers of payment cards.
    CardNumbers,
    /// International bank account numbers.
    Ibans,
    /// Keys, tokens and secrets of known providers, and private keys.
    ProviderKeys,
    /// Signed and encrypted tokens of JOSE.
    Jwts,
}

impl Detector {
    /// All detectors.
    pub const ALL: [Self; 5] = [
        Self::EmailAddresses,
        Self::CardNumbers,
        Self::Ibans,
        Self::ProviderKeys,
        Self::Jwts,
    ];

    /// The name in the API and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::EmailAddresses => "email_addresses",
            Self::CardNumbers => "card_numbers",
            Self::Ibans => "ibans",
            Self::ProviderKeys => "provider_keys",
            Self::Jwts => "jwts",
        }
    }

    /// The detector with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|detector| detector.name() == name)
    }

    /// What one of its finds is called where it was.
    fn label(self) -> &'static str {
        match self {
            Self::EmailAddresses => "email_address",
            Self::CardNumbers => "card_number",
            Self::Ibans => "iban",
            Self::ProviderKeys => "provider_key",
            Self::Jwts => "jwt",
        }
    }
}

/// A pattern of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// What stands where it was found: lower-case letters, digits and `_`.
    pub name: String,
    /// A regular expression as the crate `regex` reads it.
    pub regex: String,
}

/// What is to be redacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// What is looked for without saying how.
    pub detectors: Vec<Detector>,
    /// What else is looked for.
    pub patterns: Vec<Pattern>,
}

/// Why rules are refused. It names patterns by their place among them, and repeats nothing of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRules {
    /// More patterns than [`REDACTION_PATTERNS_MAX`].
    #[error("{0} patterns; at most {REDACTION_PATTERNS_MAX} are allowed")]
    TooManyPatterns(usize),
    /// A name that has other characters, or none, or too many.
    #[error(
        "patterns[{0}].name must have 1 to {REDACTION_NAME_BYTES_MAX} of the characters a-z, 0-9 and _"
    )]
    Name(usize),
    /// A regular expression that is too long to read.
    #[error("patterns[{0}].regex is longer than {REDACTION_REGEX_BYTES_MAX} bytes")]
    TooLong(usize),
    /// A text that is no regular expression.
    #[error("patterns[{0}].regex is no regular expression")]
    Syntax(usize),
    /// A regular expression that is short and stands for too much.
    #[error(
        "patterns[{0}].regex takes more than {REDACTION_REGEX_COMPILED_BYTES_MAX} bytes when it is compiled"
    )]
    TooLarge(usize),
    /// A regular expression that finds nothing everywhere.
    #[error("patterns[{0}].regex matches the empty text")]
    MatchesEmpty(usize),
}

/// Redacts texts by rules. Copies share what was made of the rules.
#[derive(Clone, Debug, Default)]
pub struct Redactor(Arc<Inner>);

/// What was made of rules.
#[derive(Debug, Default)]
struct Inner {
    detectors: Vec<Detector>,
    literals: literals::Literals,
    patterns: Vec<(String, Regex)>,
}

impl Redactor {
    /// Makes a redactor of rules, if they keep to the bounds.
    pub fn new(rules: &Rules) -> Result<Self, BadRules> {
        let count = rules.patterns.len();
        if count > REDACTION_PATTERNS_MAX {
            return Err(BadRules::TooManyPatterns(count));
        }
        let patterns = rules.patterns.iter().enumerate();
        let patterns = patterns.map(|(index, pattern)| compile(index, pattern));
        Ok(Self(Arc::new(Inner {
            literals: literals::Literals::new(&rules.detectors),
            patterns: patterns.collect::<Result<_, _>>()?,
            detectors: rules.detectors.clone(),
        })))
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.0.detectors.is_empty() && self.0.patterns.is_empty()
    }

    /// The text without what is found in it; none if nothing is.
    pub fn text(&self, text: &str) -> Option<String> {
        self.0.redact_text(text)
    }

    /// The JSON document without what is found in its strings and numbers; none if nothing is. What is
    /// no JSON is redacted as text.
    pub fn json(&self, json: &str) -> Option<String> {
        self.0.redact_json(json)
    }
}

/// Texts in which an expression that matches the empty text does so.
const PROBES: [&str; 4] = ["", "a", " ", "a 1\n"];

fn compile(index: usize, pattern: &Pattern) -> Result<(String, Regex), BadRules> {
    let Pattern { name, regex } = pattern;
    let is_of_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if name.is_empty() || name.len() > REDACTION_NAME_BYTES_MAX || !name.bytes().all(is_of_name) {
        return Err(BadRules::Name(index));
    }
    if regex.len() > REDACTION_REGEX_BYTES_MAX {
        return Err(BadRules::TooLong(index));
    }
    let regex = RegexBuilder::new(regex)
        .size_limit(REDACTION_REGEX_COMPILED_BYTES_MAX)
        .dfa_size_limit(REDACTION_REGEX_COMPILED_BYTES_MAX)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => BadRules::TooLarge(index),
            _ => BadRules::Syntax(index),
        })?;
    let matches_empty = |probe: &&str| regex.find_iter(probe).any(|found| found.is_empty());
    if PROBES.iter().any(matches_empty) {
        return Err(BadRules::MatchesEmpty(index));
    }
    Ok((name.clone(), regex))
}
