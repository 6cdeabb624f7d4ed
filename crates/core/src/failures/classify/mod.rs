//! Which type a failure is of: deterministic rules over what was sent, no model needed.
//!
//! The first of these that knows the failure decides:
//!
//! 1. the sender named one of our types;
//! 2. words that say more than any status does ([`words::TELLING`]): a 429 whose body says
//!    `insufficient_quota` is a budget that ran out, not a rate limit;
//! 3. a status that says it all, such as 401 or 429 ([`status`]);
//! 4. general words ([`words::GENERAL`]): a 500 that says "timed out" is a timeout;
//! 5. a status of the server's side, 5xx: the dependency is broken. So is an overloaded provider
//!    (529, 503): it turns everybody away, and a slower caller would not be spared;
//! 6. words of a call or an answer that the model got wrong ([`words::MALFORMED`]);
//! 7. a step that is a tool, or words that say that a tool failed: the tool's own error;
//! 8. words of text that could not be parsed ([`words::UNPARSABLE`]). They come after tools, which
//!    parse what is not the model's.

mod status;
mod words;

use crate::failures::FailureType;
use crate::step::StepKind;

/// What is known of a failure.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    /// Kind of the step that failed.
    pub step: Option<StepKind>,
    /// Type as the sender named it: an exception's class, an error type, a word.
    pub kind: Option<&'a str>,
    /// Status code of the provider or protocol.
    pub code: Option<&'a str>,
    /// Message.
    pub message: Option<&'a str>,
}

/// Decides the type of a failure.
pub fn classify(evidence: Evidence<'_>) -> FailureType {
    let said = [evidence.kind, evidence.code, evidence.message];
    let text = said
        .map(Option::unwrap_or_default)
        .join("\n")
        .to_ascii_lowercase();
    let status = status::find(&evidence);
    let in_tool = || (evidence.step == Some(StepKind::Tool)).then_some(FailureType::ToolError);

    named(&evidence)
        .or_else(|| words::find(words::TELLING, &text))
        .or_else(|| status.and_then(status::Status::telling))
        .or_else(|| words::find(words::GENERAL, &text))
        .or_else(|| status.and_then(status::Status::of_server))
        .or_else(|| words::find(words::MALFORMED, &text))
        .or_else(in_tool)
        .or_else(|| words::find(words::UNPARSABLE, &text))
        .unwrap_or(FailureType::Unknown)
}

/// The type whose name in the API the sender gave; `unknown` says nothing.
fn named(evidence: &Evidence<'_>) -> Option<FailureType> {
    let kind = FailureType::from_name(evidence.kind?)?;
    (kind != FailureType::Unknown).then_some(kind)
}

#[cfg(test)]
mod tests;
