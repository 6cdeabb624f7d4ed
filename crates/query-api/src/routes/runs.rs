//! Runs.

pub(super) mod filter;
pub(super) mod find;
mod finding;
pub(super) mod list;

use runwatch_core::failures::FailureType;
use runwatch_core::findings::FindingKind;
use runwatch_core::ids::RunId;
use runwatch_core::summary::Totals;
use runwatch_store::runs::{RunLabels, RunSummary};
use serde::Serialize;
use utoipa::ToSchema;

use crate::json::{Time, dollars};
use crate::schema::{FailureTypeName, FindingKindName, RunStatusName};

/// A run as it is listed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunItem {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// Where it stands.
    #[schema(value_type = RunStatusName)]
    status: &'static str,
    /// When it started.
    started_at: Time,
    /// When it ended; null while it runs.
    ended_at: Option<Time>,
    /// How long it took in microseconds; null while it runs.
    duration_us: Option<i64>,
    /// When something was last received of it.
    last_received_at: Time,
    /// Known only through parts of it: neither told as a whole nor has its root arrived.
    provisional: bool,
    /// Nothing was received for ten minutes while it runs.
    stalled: bool,
    /// The agent's name.
    agent_id: Option<String>,
    /// The agent's type.
    agent_type: Option<String>,
    /// The agent's version.
    agent_version: Option<String>,
    /// The workflow that it is part of.
    workflow_id: Option<String>,
    /// The conversation that it is part of.
    session_id: Option<String>,
    /// The user that it ran for.
    user_id: Option<String>,
    /// The environment that it ran in.
    environment: Option<String>,
    /// The release that it ran with.
    release: Option<String>,
    /// Tags that it was given.
    tags: Vec<String>,
    /// Models that its steps used, 50 at most.
    models: Vec<String>,
    /// Tools that its steps called, 50 at most.
    tools: Vec<String>,
    /// Types of its failures.
    #[schema(value_type = Vec<FailureTypeName>)]
    failure_types: Vec<&'static str>,
    /// Kinds of its findings: costly patterns in its steps.
    #[schema(value_type = Vec<FindingKindName>)]
    finding_kinds: Vec<&'static str>,
    /// Counts and sums over its steps.
    totals: RunTotals,
    /// Cost in US dollars; null if no step's cost is known.
    cost_usd: Option<f64>,
}

/// Counts and sums over the steps of a run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunTotals {
    /// All steps.
    steps: i64,
    /// Steps that failed.
    failed_steps: i64,
    /// Tokens of prompts, cached ones included.
    input_tokens: i64,
    /// Tokens of answers, reasoning included.
    output_tokens: i64,
    /// The part of `input_tokens` that was read from a cache.
    cached_input_tokens: i64,
    /// The part of `output_tokens` that was reasoning.
    reasoning_tokens: i64,
}

impl From<Totals> for RunTotals {
    fn from(totals: Totals) -> Self {
        let Totals {
            steps,
            failed_steps,
            input_tokens,
            output_tokens,
            cached_tokens,
            reasoning_tokens,
            cost: _,
        } = totals;
        Self {
            steps,
            failed_steps,
            input_tokens,
            output_tokens,
            cached_input_tokens: cached_tokens,
            reasoning_tokens,
        }
    }
}

impl From<RunSummary> for RunItem {
    fn from(run: RunSummary) -> Self {
        let duration_us = run.duration_us();
        let RunSummary {
            place,
            status,
            started_at,
            ended_at,
            last_received_at,
            provisional,
            stalled,
            labels,
            totals,
            models,
            tools,
            tags,
            failure_types,
            finding_kinds,
        } = run;
        let RunLabels {
            agent,
            agent_type,
            agent_version,
            workflow_id,
            session_id,
            user_id,
            environment,
            release,
        } = labels;
        Self {
            run_id: place.run,
            status: status.name(),
            started_at: Time(started_at),
            ended_at: ended_at.map(Time),
            duration_us,
            last_received_at: Time(last_received_at),
            provisional,
            stalled,
            agent_id: agent,
            agent_type,
            agent_version,
            workflow_id,
            session_id,
            user_id,
            environment,
            release,
            tags,
            models,
            tools,
            failure_types: failure_types.into_iter().map(FailureType::name).collect(),
            finding_kinds: finding_kinds.into_iter().map(FindingKind::name).collect(),
            cost_usd: dollars(totals.cost),
            totals: totals.into(),
        }
    }
}
