//! Failures: what went wrong in a run, of which type, and which failures are the same one.

pub mod classify;
pub mod fingerprint;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::StepId;
use crate::time::Timestamp;

/// The fixed list of failure types. The number is what the database keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum FailureType {
    /// A provider or service said "too many".
    RateLimit = 1,
    /// Something took too long.
    Timeout = 2,
    /// A tool failed at its own work.
    ToolError = 3,
    /// The model's answer could not be used: malformed, or not of the schema asked for.
    InvalidOutput = 4,
    /// The prompt was longer than the model takes.
    ContextOverflow = 5,
    /// The model or its provider's filter declined.
    Refusal = 6,
    /// A credential was missing, wrong or not allowed to.
    Auth = 7,
    /// Money, quota or a step budget ran out.
    Budget = 8,
    /// The agent went round in circles, or hit the limit of its turns.
    Loop = 9,
    /// A service that the agent needs was unreachable or broken.
    Dependency = 10,
    /// Somebody called it off.
    Cancelled = 11,
    /// None of the rules knows it.
    Unknown = 12,
}

impl FailureType {
    /// All of them in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::RateLimit,
        Self::Timeout,
        Self::ToolError,
        Self::InvalidOutput,
        Self::ContextOverflow,
        Self::Refusal,
        Self::Auth,
        Self::Budget,
        Self::Loop,
        Self::Dependency,
        Self::Cancelled,
        Self::Unknown,
    ];

    /// The number that the database keeps.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// The type with that number; `Unknown` for one that a newer version wrote.
    pub fn from_code(code: i16) -> Self {
        Self::ALL
            .into_iter()
            .find(|kind| kind.code() == code)
            .unwrap_or(Self::Unknown)
    }

    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::Timeout => "timeout",
            Self::ToolError => "tool_error",
            Self::InvalidOutput => "invalid_output",
            Self::ContextOverflow => "context_overflow",
            Self::Refusal => "refusal",
            Self::Auth => "auth",
            Self::Budget => "budget",
            Self::Loop => "loop",
            Self::Dependency => "dependency",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// The type with that name in the API.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
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
