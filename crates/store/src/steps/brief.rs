//! Some steps of several runs, each in a few words.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Binary, Date, Integer, Nullable, SmallInt, Text};
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::ids::{ProjectId, RunId, StepId};
use runwatch_core::money::NanoUsd;
use runwatch_core::step::{StepKind, StepStatus};
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::partitions::bounds;
use crate::pool::Conn;
use crate::runs::RunPlace;
use crate::steps::step_id;

/// What is said of a step where there is only a line for it.
#[derive(Clone, Debug)]
pub struct BriefStep {
    /// The run that it is of.
    pub run: RunId,
    /// Its id.
    pub id: StepId,
    /// What kind of work it did.
    pub kind: StepKind,
    /// How it ended.
    pub status: StepStatus,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it took in microseconds; none while it runs.
    pub duration_us: Option<i64>,
    /// Its name.
    pub name: String,
    /// The agent that it names.
    pub agent: Option<String>,
    /// Model that answered.
    pub model: Option<String>,
    /// Tool that was called.
    pub tool: Option<String>,
    /// Tokens of its prompt.
    pub input_tokens: Option<i64>,
    /// Tokens of its answer.
    pub output_tokens: Option<i64>,
    /// Its cost: as reported, else by the price table.
    pub cost: Option<NanoUsd>,
    /// Type of its error, as the sender named it.
    pub error_type: Option<String>,
    /// Code of its error.
    pub error_code: Option<String>,
    /// Message of its error.
    pub error_message: Option<String>,
    /// Tells the copy of the step that is stored.
    pub content_hash: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
    #[diesel(sql_type = Binary)]
    step_id: Vec<u8>,
    #[diesel(sql_type = SmallInt)]
    kind: i16,
    #[diesel(sql_type = SmallInt)]
    status: i16,
    #[diesel(sql_type = Timestamptz)]
    started_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<BigInt>)]
    duration_us: Option<i64>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    agent: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    model: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    tool: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    input_tokens: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    output_tokens: Option<i32>,
    #[diesel(sql_type = Nullable<BigInt>)]
    cost_nano_usd: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    error_type: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    error_code: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    error_message: Option<String>,
    #[diesel(sql_type = BigInt)]
    content_hash: i64,
}

/// Those of some steps that are there, by run, start and id.
pub async fn briefs(
    conn: &mut Conn,
    project: ProjectId,
    steps: impl IntoIterator<Item = (RunPlace, StepId)>,
) -> Result<Vec<BriefStep>> {
    let (mut runs, mut days, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for (place, step) in steps {
        runs.push(place.run.0);
        days.push(place.day);
        ids.push(step.as_bytes().to_vec());
    }
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let (first_day, last_day) = bounds(&days);
    let rows: Vec<Row> = sql_query(
        "SELECT found.* FROM unnest($2, $3, $4) AS wanted (run_id, run_day, step_id),
             LATERAL (SELECT run_id, step_id, kind, status, started_at, duration_us, name, agent,
                 model, tool, coalesce(input_tokens, total_tokens) AS input_tokens, output_tokens,
                 coalesce(reported_cost_nano_usd, cost_nano_usd) AS cost_nano_usd,
                 error_type, error_code, error_message, content_hash
                 FROM agent_steps step
                 WHERE project_id = $1 AND run_day BETWEEN $5 AND $6
                     AND step.run_day = wanted.run_day AND step.run_id = wanted.run_id
                     AND step.step_id = wanted.step_id LIMIT 1) found
         ORDER BY run_id, started_at, step_id",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<Array<SqlUuid>, _>(runs)
    .bind::<Array<Date>, _>(days)
    .bind::<Array<Binary>, _>(ids)
    .bind::<Date, _>(first_day)
    .bind::<Date, _>(last_day)
    .load(conn)
    .await?;
    rows.into_iter().map(brief).collect()
}

fn brief(row: Row) -> Result<BriefStep> {
    Ok(BriefStep {
        run: RunId(row.run_id),
        id: step_id(&row.step_id)?,
        kind: StepKind::from_code(row.kind),
        status: StepStatus::from_code(row.status),
        started_at: Timestamp(row.started_at.timestamp_micros()),
        duration_us: row.duration_us,
        name: row.name,
        agent: row.agent,
        model: row.model,
        tool: row.tool,
        input_tokens: row.input_tokens.map(i64::from),
        output_tokens: row.output_tokens.map(i64::from),
        cost: row.cost_nano_usd.map(NanoUsd),
        error_type: row.error_type,
        error_code: row.error_code,
        error_message: row.error_message,
        content_hash: row.content_hash,
    })
}
