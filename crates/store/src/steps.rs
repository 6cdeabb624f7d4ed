//! Reading the steps of a run.

mod brief;
mod skeleton;

pub use brief::{BriefStep, briefs};
pub use skeleton::{SkeletonStep, StepPosition, list_skeletons};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use runwatch_core::failures::FailureType;
use runwatch_core::ids::{ProjectId, StepId};
use runwatch_core::money::NanoUsd;
use runwatch_core::step::{Step, StepError, StepKind, StepStatus};
use runwatch_core::time::Timestamp;
use runwatch_core::usage::TokenUsage;

use crate::error::{Result, StoreError};
use crate::pool::Conn;
use crate::runs::RunPlace;
use crate::schema::agent_steps;

#[derive(Queryable, Selectable)]
#[diesel(table_name = agent_steps)]
struct Row {
    started_at: DateTime<Utc>,
    duration_us: Option<i64>,
    content_hash: i64,
    cost_nano_usd: Option<i64>,
    reported_cost_nano_usd: Option<i64>,
    args_hash: Option<i64>,
    first_token_us: Option<i64>,
    price_version: Option<i32>,
    seq: Option<i32>,
    kind: i16,
    status: i16,
    flags: i16,
    step_id: Vec<u8>,
    parent_id: Option<Vec<u8>>,
    name: String,
    agent: Option<String>,
    model: Option<String>,
    provider: Option<String>,
    tool: Option<String>,
    capability: Option<String>,
    attributes: Option<Value>,
    #[diesel(embed)]
    usage: UsageRow,
    #[diesel(embed)]
    error: ErrorRow,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = agent_steps)]
struct UsageRow {
    input_tokens: Option<i32>,
    output_tokens: Option<i32>,
    cached_tokens: Option<i32>,
    cache_write_tokens: Option<i32>,
    reasoning_tokens: Option<i32>,
    total_tokens: Option<i32>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = agent_steps)]
struct ErrorRow {
    error_decided: Option<i16>,
    error_type: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
}

/// One step with everything but its payloads.
pub async fn find(
    conn: &mut Conn,
    project: ProjectId,
    place: RunPlace,
    step: StepId,
) -> Result<Step> {
    let row: Row = agent_steps::table
        .filter(agent_steps::project_id.eq(project.0))
        .filter(agent_steps::run_id.eq(place.run.0))
        .filter(agent_steps::run_day.eq(place.day))
        .filter(agent_steps::step_id.eq(step.as_bytes()))
        .select(Row::as_select())
        .first(conn)
        .await?;
    row.try_into()
}

/// A stored step id.
pub(crate) fn step_id(bytes: &[u8]) -> Result<StepId> {
    StepId::from_bytes(bytes).map_err(|_bad_id| StoreError::Unreadable("a step's id".to_owned()))
}

impl TryFrom<Row> for Step {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let Row {
            started_at,
            duration_us,
            content_hash,
            cost_nano_usd,
            reported_cost_nano_usd,
            args_hash,
            first_token_us,
            price_version,
            seq,
            kind,
            status,
            flags,
            step_id: id,
            parent_id,
            name,
            agent,
            model,
            provider,
            tool,
            capability,
            attributes,
            usage,
            error,
        } = row;
        Ok(Self {
            id: step_id(&id)?,
            parent: parent_id.as_deref().map(step_id).transpose()?,
            kind: StepKind::from_code(kind),
            status: StepStatus::from_code(status),
            flags,
            started_at: Timestamp(started_at.timestamp_micros()),
            duration_us,
            name,
            agent,
            model,
            provider,
            tool,
            args_hash,
            usage: usage.into(),
            cost: cost_nano_usd.map(NanoUsd),
            reported_cost: reported_cost_nano_usd.map(NanoUsd),
            price_version,
            first_token_us,
            error: error.into(),
            seq,
            capability,
            attributes: attributes
                .map(|value| value.to_string())
                .unwrap_or_default(),
            content_hash,
        })
    }
}

impl From<UsageRow> for TokenUsage {
    fn from(row: UsageRow) -> Self {
        let UsageRow {
            input_tokens,
            output_tokens,
            cached_tokens,
            cache_write_tokens,
            reasoning_tokens,
            total_tokens,
        } = row;
        Self {
            input: input_tokens,
            output: output_tokens,
            cached: cached_tokens,
            cache_write: cache_write_tokens,
            reasoning: reasoning_tokens,
            total: total_tokens,
        }
    }
}

impl From<ErrorRow> for Option<StepError> {
    fn from(row: ErrorRow) -> Self {
        let ErrorRow {
            error_decided,
            error_type,
            error_code,
            error_message,
        } = row;
        let error = StepError {
            kind: error_type,
            code: error_code,
            message: error_message,
            decided: error_decided.map(FailureType::from_code),
        };
        (error != StepError::default()).then_some(error)
    }
}
