//! Tokens that a step used.

use serde::{Deserialize, Serialize};

/// Token counts of one model call. `input` includes cached tokens and `output` includes reasoning
/// ones: the parts are never added to the totals again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenUsage {
    /// Tokens of the prompt, cached ones included.
    pub input: Option<i32>,
    /// Tokens of the answer, reasoning included.
    pub output: Option<i32>,
    /// The part of `input` that was read from the provider's cache.
    pub cached: Option<i32>,
    /// The part of `input` that was written to the provider's cache.
    pub cache_write: Option<i32>,
    /// The part of `output` that was reasoning.
    pub reasoning: Option<i32>,
    /// The total as it was reported, kept only where neither `input` nor `output` is known.
    pub total: Option<i32>,
}

impl TokenUsage {
    /// Whether any count is known.
    pub fn is_some(&self) -> bool {
        self.input.is_some() || self.output.is_some() || self.total.is_some()
    }

    /// Puts the counts into the one form that the rest of the system relies on: a total is kept only
    /// without its parts, and input that left out its cached tokens gets them added
    /// (otel.md §3.4 rule 3: cached + written above the input means that they were exclusive).
    pub fn normalized(mut self) -> Self {
        let parts = self
            .cached
            .unwrap_or(0)
            .saturating_add(self.cache_write.unwrap_or(0));
        if let Some(input) = self.input
            && parts > input
        {
            self.input = Some(input.saturating_add(parts));
        }
        if let (Some(output), Some(reasoning)) = (self.output, self.reasoning)
            && reasoning > output
        {
            self.output = Some(output.saturating_add(reasoning));
        }
        if self.input.is_some() || self.output.is_some() {
            self.total = None;
        }
        self
    }

    /// Input and output together, or the total as it was told.
    pub fn sum(&self) -> i64 {
        match (self.input, self.output) {
            (None, None) => i64::from(self.total.unwrap_or(0)),
            (input, output) => i64::from(input.unwrap_or(0)) + i64::from(output.unwrap_or(0)),
        }
    }
}
