//! What can be exported of runs: the tables and their columns, named as in the API's answers.

use std::fmt::Write;

use runwatch_core::failures::FailureType;
use runwatch_core::findings::FindingKind;
use runwatch_core::run::RunStatus;
use runwatch_core::step::{StepKind, StepStatus, flags};

use crate::export::{Column, Kind};

/// What rows are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Runs.
    Runs,
    /// Their steps.
    Steps,
    /// Their failures.
    Failures,
}

macro_rules! columns {
    ($($name:literal $kind:expr, $sql:literal;)*) => {
        &[$(Column { name: $name, kind: $kind, sql: $sql },)*]
    };
}

const RUNS: &[Column] = columns! {
    "run_id" Kind::Uuid, "run_id";
    "status" Kind::Name(|code| RunStatus::from_code(code).name()), "status";
    "started_at" Kind::Time, "started_at";
    "ended_at" Kind::Time, "ended_at";
    "duration_us" Kind::Integer, "(extract(epoch FROM ended_at - started_at) * 1000000)::bigint";
    "last_received_at" Kind::Time, "last_received_at";
    "provisional" Kind::Bool, "provisional";
    "stalled" Kind::Bool, "stalled";
    "agent_id" Kind::Text, "agent";
    "agent_type" Kind::Text, "agent_type";
    "agent_version" Kind::Text, "agent_version";
    "workflow_id" Kind::Text, "workflow_id";
    "session_id" Kind::Text, "session_id";
    "user_id" Kind::Text, "user_id";
    "environment" Kind::Text, "environment";
    "release" Kind::Text, "release";
    "tags" Kind::Texts, "coalesce(tags, '{}')";
    "models" Kind::Texts, "coalesce(models, '{}')";
    "tools" Kind::Texts, "coalesce(tools, '{}')";
    "failure_types" Kind::Names(|code| FailureType::from_code(code).name()), "coalesce(failure_types, '{}')";
    "finding_kinds" Kind::Names(|code| FindingKind::from_code(code).name()), "coalesce(finding_kinds, '{}')";
    "steps" Kind::Integer, "steps";
    "failed_steps" Kind::Integer, "failed_steps";
    "input_tokens" Kind::Integer, "input_tokens";
    "output_tokens" Kind::Integer, "output_tokens";
    "cached_input_tokens" Kind::Integer, "cached_tokens";
    "reasoning_tokens" Kind::Integer, "reasoning_tokens";
    "cost_usd" Kind::Dollars, "cost_nano_usd";
};

const STEPS: &[Column] = columns! {
    "run_id" Kind::Uuid, "run_id";
    "step_id" Kind::StepId, "step_id";
    "parent_id" Kind::StepId, "parent_id";
    "kind" Kind::Name(|code| StepKind::from_code(code).name()), "kind";
    "name" Kind::Text, "name";
    "status" Kind::Name(|code| StepStatus::from_code(code).name()), "status";
    "started_at" Kind::Time, "started_at";
    "ended_at" Kind::Time, "started_at + duration_us * interval '1 microsecond'";
    "duration_us" Kind::Integer, "duration_us";
    "first_token_us" Kind::Integer, "first_token_us";
    "agent_id" Kind::Text, "agent";
    "model" Kind::Text, "model";
    "provider" Kind::Text, "provider";
    "tool" Kind::Text, "tool";
    "capability" Kind::Text, "capability";
    "seq" Kind::Integer, "seq";
    "input_tokens" Kind::Integer, "input_tokens";
    "output_tokens" Kind::Integer, "output_tokens";
    "cached_input_tokens" Kind::Integer, "cached_tokens";
    "cache_write_input_tokens" Kind::Integer, "cache_write_tokens";
    "reasoning_tokens" Kind::Integer, "reasoning_tokens";
    "total_tokens" Kind::Integer, "total_tokens";
    "cost_usd" Kind::Dollars, "coalesce(reported_cost_nano_usd, cost_nano_usd)";
    "computed_cost_usd" Kind::Dollars, "cost_nano_usd";
    "reported_cost_usd" Kind::Dollars, "reported_cost_nano_usd";
    "price_version" Kind::Integer, "price_version";
    "failure_type" Kind::Name(|code| FailureType::from_code(code).name()), "error_decided";
    "error_type" Kind::Text, "error_type";
    "error_code" Kind::Text, "error_code";
    "error_message" Kind::Text, "error_message";
    "flags" Kind::Bits(flags::names), "flags";
    "attributes" Kind::Json, "attributes::text";
};

const FAILURES: &[Column] = columns! {
    "failure_id" Kind::Uuid, "failure_id";
    "run_id" Kind::Uuid, "run_id";
    "step_id" Kind::StepId, "step_id";
    "step_name" Kind::Text, "step_name";
    "type" Kind::Name(|code| FailureType::from_code(code).name()), "kind";
    "code" Kind::Text, "code";
    "message" Kind::Text, "message";
    "occurred_at" Kind::Time, "occurred_at";
    "told" Kind::Bool, "told";
    "group_id" Kind::Uuid, "fingerprint";
    "agent_id" Kind::Text, "agent";
    "environment" Kind::Text, "environment";
    "release" Kind::Text, "release";
};

/// The hash of a step's content, which finds its payloads; it is nothing to be shown.
pub const CONTENT_HASH: Column = Column {
    name: "content_hash",
    kind: Kind::Integer,
    sql: "content_hash",
};

impl Table {
    /// All columns that it can be exported with.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Runs => RUNS,
            Self::Steps => STEPS,
            Self::Failures => FAILURES,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Runs => "agent_runs",
            Self::Steps => "agent_steps",
            Self::Failures => "agent_failures",
        }
    }

    /// The id of a row within its run, as bytes.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Runs => "''::bytea",
            Self::Steps => "step_id",
            Self::Failures => "failure_id",
        }
    }

    pub(super) fn is_partitioned(self) -> bool {
        self != Self::Runs
    }

    /// The condition that a row's id within its run is greater than this one.
    pub(super) fn is_after(self, id: &[u8]) -> String {
        let mut hex = String::with_capacity(id.len() * 2);
        for byte in id {
            write!(hex, "{byte:02x}").expect("text takes text");
        }
        match self {
            Self::Runs => "false".to_owned(),
            Self::Steps => format!("step_id > '\\x{hex}'::bytea"),
            Self::Failures => format!("failure_id > '{hex}'::uuid"),
        }
    }
}
