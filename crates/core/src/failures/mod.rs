//! Failures: what went wrong in a run, of which type, and which failures are the same one.

pub mod classify;
pub mod fingerprint;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::coded::coded;
use crate::ids::StepId;
use crate::time::Timestamp;

coded! {
    /// The fixed list of failure types. The number is what the database keeps.
    pub enum FailureType or Unknown {
        /// A provider or service said "too many".
        RateLimit = 1, "rate_limit";
        /// Something took too long.
        Timeout = 2, "timeout";
        /// A tool failed at its own work.
        ToolError = 3, "tool_error";
        /// The model's answer could not be used: malformed, or not of the schema asked for.
        InvalidOutput = 4, "invalid_output";
        /// The prompt was longer than the model takes.
        ContextOverflow = 5, "context_overflow";
        /// The model or its provider's filter declined.
        Refusal = 6, "refusal";
        /// A credential was missing, wrong or not allowed to.
        Auth = 7, "auth";
        /// Money, quota or a step budget ran out.
        Budget = 8, "budget";
        /// The agent went round in circles, or hit the limit of its turns.
        Loop = 9, "loop";
        /// A service that the agent needs was unreachable or broken.
        Dependency = 10, "dependency";
        /// Somebody called it off.
        Cancelled = 11, "cancelled";
        /// None of the rules knows it.
        Unknown = 12, "unknown";
    }
}

/// A failure's id within its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FailureId(pub Uuid);

impl FailureId {
    /// The id of the failure that a failed step stands for.
    pub fn of_step(step: StepId) -> Self {
        let mut bytes = [0; 16];
        let id = step.as_bytes();
        bytes[16 - id.len()..].copy_from_slice(id);
        Self(Uuid::from_bytes(bytes))
    }
}

/// Failures with equal fingerprints form a group; it is the group's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub Uuid);

/// A failure that the sender told of by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldFailure {
    /// Its id: sent, or hashed from what was sent.
    pub id: FailureId,
    /// The step that it happened in.
    pub step: Option<StepId>,
    /// Type as it was sent, or as the rules decide it.
    pub kind: FailureType,
    /// Code of the provider, tool or program.
    pub code: Option<String>,
    /// Message, cut at [`crate::limits::ERROR_MESSAGE_BYTES_MAX`].
    pub message: String,
    /// When it happened, if that was said.
    pub at: Option<Timestamp>,
}
