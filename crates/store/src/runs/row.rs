//! Rows of runs, and what is made of them.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use runwatch_core::failures::FailureType;
use runwatch_core::findings::FindingKind;
use runwatch_core::ids::RunId;
use runwatch_core::money::NanoUsd;
use runwatch_core::run::RunStatus;
use runwatch_core::summary::Totals;
use runwatch_core::time::Timestamp;

use crate::runs::{RunLabels, RunPlace, RunSummary};
use crate::schema::agent_runs;

#[derive(Queryable, Selectable)]
#[diesel(table_name = agent_runs)]
pub(super) struct Row {
    run_id: Uuid,
    run_day: NaiveDate,
    status: i16,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    last_received_at: DateTime<Utc>,
    provisional: bool,
    stalled: bool,
    #[diesel(embed)]
    labels: LabelsRow,
    #[diesel(embed)]
    totals: TotalsRow,
    models: Option<Vec<Option<String>>>,
    tools: Option<Vec<Option<String>>>,
    tags: Option<Vec<Option<String>>>,
    failure_types: Option<Vec<Option<i16>>>,
    finding_kinds: Option<Vec<Option<i16>>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = agent_runs)]
pub(super) struct LabelsRow {
    agent: Option<String>,
    agent_type: Option<String>,
    agent_version: Option<String>,
    workflow_id: Option<String>,
    session_id: Option<String>,
    user_id: Option<String>,
    environment: Option<String>,
    release: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = agent_runs)]
pub(super) struct TotalsRow {
    steps: i64,
    failed_steps: i64,
    input_tokens: i64,
    output_tokens: i64,
    cached_tokens: i64,
    reasoning_tokens: i64,
    cost_nano_usd: Option<i64>,
}

impl From<Row> for RunSummary {
    fn from(row: Row) -> Self {
        let Row {
            run_id,
            run_day,
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
        } = row;
        let texts = |texts: Option<Vec<Option<String>>>| {
            texts.unwrap_or_default().into_iter().flatten().collect()
        };
        let codes =
            |codes: Option<Vec<Option<i16>>>| codes.unwrap_or_default().into_iter().flatten();
        Self {
            place: RunPlace {
                run: RunId(run_id),
                day: run_day,
            },
            status: RunStatus::from_code(status),
            started_at: Timestamp(started_at.timestamp_micros()),
            ended_at: ended_at.map(|at| Timestamp(at.timestamp_micros())),
            last_received_at: Timestamp(last_received_at.timestamp_micros()),
            provisional,
            stalled,
            labels: labels.into(),
            totals: totals.into(),
            models: texts(models),
            tools: texts(tools),
            tags: texts(tags),
            failure_types: codes(failure_types).map(FailureType::from_code).collect(),
            finding_kinds: codes(finding_kinds).map(FindingKind::from_code).collect(),
        }
    }
}

impl From<LabelsRow> for RunLabels {
    fn from(row: LabelsRow) -> Self {
        let LabelsRow {
            agent,
            agent_type,
            agent_version,
            workflow_id,
            session_id,
            user_id,
            environment,
            release,
        } = row;
        Self {
            agent,
            agent_type,
            agent_version,
            workflow_id,
            session_id,
            user_id,
            environment,
            release,
        }
    }
}

impl From<TotalsRow> for Totals {
    fn from(row: TotalsRow) -> Self {
        let TotalsRow {
            steps,
            failed_steps,
            input_tokens,
            output_tokens,
            cached_tokens,
            reasoning_tokens,
            cost_nano_usd,
        } = row;
        Self {
            steps,
            failed_steps,
            input_tokens,
            output_tokens,
            cached_tokens,
            reasoning_tokens,
            cost: cost_nano_usd.map(NanoUsd),
        }
    }
}
