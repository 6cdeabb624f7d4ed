//! The native form: runs, steps and failures as JSON, whole or piece by piece.

mod error;
mod failure;
pub(crate) mod feedback;
mod items;
pub(crate) mod json;
mod part;
mod step;

pub(crate) use error::ItemError;
pub(crate) use items::{items, member};
pub(crate) use part::{change, heartbeat, single_failure, single_feedback, single_step, whole_run};

use std::borrow::Cow;

use serde::Deserialize;

use runwatch_core::json::{depth_within, sanitize};
use runwatch_core::limits::NESTING_MAX;

/// Without any of these a text holds neither half a surrogate pair nor a bare NaN or Infinity.
const ODD: [&str; 4] = ["\\ud", "\\uD", "NaN", "Infinity"];

/// An item as it was sent: JSON text, made readable if it was not strictly JSON.
pub(crate) struct Text<'a> {
    text: Cow<'a, str>,
    /// Whether it had to be changed.
    pub sanitized: bool,
}

impl<'a> Text<'a> {
    /// Takes the text of one item. Whatever nests too deep is refused before any parser sees it.
    pub(crate) fn new(text: &'a str) -> Result<Self, ItemError> {
        if !depth_within(text.as_bytes(), NESTING_MAX) {
            return Err(ItemError::new(
                "nesting",
                "",
                format!("More than {NESTING_MAX} levels deep."),
            ));
        }
        if !text.trim_start().starts_with('{') {
            return Err(ItemError::new(
                "not_an_object",
                "",
                "It has to be a JSON object.",
            ));
        }
        let is_odd = ODD.iter().any(|odd| text.contains(odd));
        let text = if is_odd {
            sanitize(text)
        } else {
            Cow::Borrowed(text)
        };
        let sanitized = matches!(text, Cow::Owned(_));
        Ok(Self { text, sanitized })
    }

    /// Reads it; an error names the field that is wrong.
    pub(crate) fn parse<'t, T: Deserialize<'t>>(&'t self) -> Result<T, ItemError> {
        serde_json::from_str(&self.text).or_else(|_again_for_the_path| {
            let mut reader = serde_json::Deserializer::from_str(&self.text);
            serde_path_to_error::deserialize(&mut reader)
                .map_err(|error| ItemError::unreadable(&error))
        })
    }
}
