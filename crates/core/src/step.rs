//! A step: one timed operation inside a run.

use serde::{Deserialize, Serialize};

use crate::coded::coded;
use crate::failures::FailureType;
use crate::ids::StepId;
use crate::money::NanoUsd;
use crate::time::Timestamp;
use crate::usage::TokenUsage;

coded! {
    /// What kind of work a step did. The number is what the database keeps.
    #[expect(missing_docs, reason = "each name says it")]
    pub enum StepKind or Other {
        Agent = 1, "agent";
        Llm = 2, "llm";
        Tool = 3, "tool";
        Retrieval = 4, "retrieval";
        Embedding = 5, "embedding";
        Reranker = 6, "reranker";
        Guardrail = 7, "guardrail";
        Evaluator = 8, "evaluator";
        Chain = 9, "chain";
        Http = 10, "http";
        Db = 11, "db";
        Other = 12, "other";
    }
}

impl StepKind {
    /// Whether a trace that holds such a step is a run (otel.md §3.4 rule 5). Chains count too:
    /// they are the workflow steps of frameworks.
    pub fn makes_a_run(self) -> bool {
        matches!(self, Self::Agent | Self::Llm | Self::Chain)
    }
}

/// How a step ended, or that it has not. The number is what the database keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum StepStatus {
    /// Started and not ended yet.
    Running = 0,
    /// Ended, and its sender did not judge it (OpenTelemetry's status `UNSET`).
    Unset = 1,
    /// Ended well.
    Succeeded = 2,
    /// Ended in an error.
    Failed = 3,
    /// Was called off.
    Cancelled = 4,
}

impl StepStatus {
    const ALL: [Self; 5] = [
        Self::Running,
        Self::Unset,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The number that the database keeps.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// The status with that number; `Unset` for one that a newer version wrote.
    pub fn from_code(code: i16) -> Self {
        Self::ALL
            .into_iter()
            .find(|status| status.code() == code)
            .unwrap_or(Self::Unset)
    }

    /// The name in the API, where a step that ended unjudged has succeeded.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Unset | Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What is said of a step besides its fields: bits of [`Step::flags`].
pub mod flags {
    /// The parent lives in another process, so the step counts as a root.
    pub const REMOTE_PARENT: i16 = 1;
    /// A text held NUL or half a surrogate pair, and got U+FFFD in its place.
    pub const SANITIZED: i16 = 1 << 1;
    /// A time was too far off and was replaced by the time of receipt.
    pub const CLOCK: i16 = 1 << 2;
    /// A text or list was longer than its limit and was cut.
    pub const TRUNCATED: i16 = 1 << 3;
    /// A number was not one, or was out of its range, and was left out.
    pub const NUMBER: i16 = 1 << 4;
    /// Told one by one by the native API: it is never the run's root.
    pub const TOLD: i16 = 1 << 5;
    /// Something was taken out of its texts, as the project's settings say.
    pub const REDACTED: i16 = 1 << 6;

    /// The names of the bits that are set, as the API shows them.
    pub fn names(bits: i16) -> Vec<&'static str> {
        let names = [
            (REMOTE_PARENT, "remote_parent"),
            (SANITIZED, "sanitized"),
            (CLOCK, "clock"),
            (TRUNCATED, "truncated"),
            (NUMBER, "number"),
            (TOLD, "told"),
            (REDACTED, "redacted"),
        ];
        names
            .into_iter()
            .filter(|(bit, _)| bits & bit != 0)
            .map(|(_, name)| name)
            .collect()
    }
}

/// What a failed step says of its failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StepError {
    /// Type as the sender named it: an exception's class, an error type, a word.
    pub kind: Option<String>,
    /// Status code of the provider or protocol.
    pub code: Option<String>,
    /// First line of the message, cut at [`crate::limits::ERROR_MESSAGE_BYTES_MAX`].
    pub message: Option<String>,
    /// The type as our rules decide it.
    pub decided: Option<FailureType>,
}

/// One step in the normal form that every dialect is translated to, as it is stored.
/// Payloads (input, output, further attributes) travel beside it as [`crate::payload::Payload`].
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its id within the run.
    pub id: StepId,
    /// Its parent's id; the parent may be unknown, come later, or never.
    pub parent: Option<StepId>,
    /// What kind of work it did.
    pub kind: StepKind,
    /// How it ended.
    pub status: StepStatus,
    /// Bits of [`flags`].
    pub flags: i16,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it took in microseconds; none while it runs.
    pub duration_us: Option<i64>,
    /// Its name: the tool's for a tool, else the span's.
    pub name: String,
    /// The agent that the step names, above all on steps of kind agent.
    pub agent: Option<String>,
    /// Model that answered, else the one that was asked for.
    pub model: Option<String>,
    /// Provider as it was reported; not reliable (otel.md §3.4 rule 10).
    pub provider: Option<String>,
    /// Tool that was called.
    pub tool: Option<String>,
    /// Keyed hash of the tool's arguments: tells a loop without reading payloads.
    pub args_hash: Option<i64>,
    /// Tokens that it used.
    pub usage: TokenUsage,
    /// Cost by the price table.
    pub cost: Option<NanoUsd>,
    /// Cost as the sender reported it.
    pub reported_cost: Option<NanoUsd>,
    /// Version of the price table that `cost` was computed with.
    pub price_version: Option<i32>,
    /// Microseconds until the first token.
    pub first_token_us: Option<i64>,
    /// What went wrong.
    pub error: Option<StepError>,
    /// Index within a workflow pattern.
    pub seq: Option<i32>,
    /// Capability that it exercised.
    pub capability: Option<String>,
    /// JSON object of the short attributes that can be filtered on; empty for none.
    pub attributes: String,
    /// Keyed hash over what was sent, before defaults, clamping and redaction.
    pub content_hash: i64,
}

impl Step {
    /// A step without an end, of which no more is known.
    pub fn new(id: StepId, kind: StepKind, status: StepStatus, started_at: Timestamp) -> Self {
        Self {
            id,
            parent: None,
            kind,
            status,
            flags: 0,
            started_at,
            duration_us: None,
            name: String::new(),
            agent: None,
            model: None,
            provider: None,
            tool: None,
            args_hash: None,
            usage: TokenUsage::default(),
            cost: None,
            reported_cost: None,
            price_version: None,
            first_token_us: None,
            error: None,
            seq: None,
            capability: None,
            attributes: String::new(),
            content_hash: 0,
        }
    }

    /// Whether it has ended, so that it never changes again.
    pub fn is_finished(&self) -> bool {
        self.duration_us.is_some()
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        Some(Timestamp(
            self.started_at.0.saturating_add(self.duration_us?),
        ))
    }
}
