//! Which type a failure is of: deterministic rules over what was sent, no model needed.

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
pub fn classify(_evidence: Evidence<'_>) -> FailureType {
    FailureType::Unknown
}
