//! Reading workflows: the runs that carry out the same recipe together, and its steps.
//!
//! There is no table of workflows: their names are read from an index of the runs, jumping from one
//! to the next, and of each the latest runs are added up, so that what is read is bounded by the
//! number of workflows and not by that of runs.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{
    Array, BigInt, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::RunQueryDsl;

use runwatch_core::ids::ProjectId;
use runwatch_core::limits::{
    PAGE_ROWS_MAX, WORKFLOW_RUNS_MAX, WORKFLOW_STEPS_RUNS_MAX, WORKFLOW_STEPS_SCANNED_MAX,
};
use runwatch_core::rollup::{Percentiles, Sums, Total};
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::pool::Conn;

/// What the runs of a workflow come to.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Its id, as its runs have it.
    pub id: String,
    /// The agents of its runs.
    pub agents: Vec<String>,
    /// Its runs that have ended, and what all of them used.
    pub total: Total,
    /// How many are still running.
    pub running: i64,
    /// How many steps its runs have.
    pub steps: i64,
    /// When the latest of them started.
    pub last_started_at: Timestamp,
}

/// One step of the recipe, in all runs that were looked at.
#[derive(Clone, Debug)]
pub struct WorkflowStep {
    /// Its position in the workflow.
    pub seq: Option<i32>,
    /// The capability that it exercises.
    pub capability: Option<String>,
    /// Its name.
    pub name: String,
    /// The agents that do it.
    pub agents: Vec<String>,
    /// How often it ended, and what it used.
    pub total: Total,
}

#[derive(QueryableByName)]
struct TotalRow {
    #[diesel(sql_type = BigInt)]
    ended: i64,
    #[diesel(sql_type = BigInt)]
    failed: i64,
    #[diesel(sql_type = BigInt)]
    input_tokens: i64,
    #[diesel(sql_type = BigInt)]
    output_tokens: i64,
    #[diesel(sql_type = BigInt)]
    cached_tokens: i64,
    #[diesel(sql_type = BigInt)]
    reasoning_tokens: i64,
    #[diesel(sql_type = BigInt)]
    cost_nano_usd: i64,
    #[diesel(sql_type = BigInt)]
    duration_us: i64,
    #[diesel(sql_type = Nullable<Array<Double>>)]
    percentiles: Option<Vec<f64>>,
    #[diesel(sql_type = Array<Text>)]
    agents: Vec<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    workflow_id: String,
    #[diesel(sql_type = BigInt)]
    runs: i64,
    #[diesel(sql_type = BigInt)]
    steps: i64,
    #[diesel(sql_type = Timestamptz)]
    last_started_at: DateTime<Utc>,
    #[diesel(embed)]
    total: TotalRow,
}

#[derive(QueryableByName)]
struct StepRow {
    #[diesel(sql_type = Nullable<Integer>)]
    seq: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    capability: Option<String>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(embed)]
    total: TotalRow,
}

/// What the latest runs of each workflow come to. The statuses 2 and 4 are `failed` and `timed_out`.
const LIST: &str = "
    WITH RECURSIVE names (workflow_id) AS (
        (SELECT workflow_id FROM agent_runs
            WHERE project_id = $1 AND is_run AND workflow_id IS NOT NULL
            ORDER BY workflow_id LIMIT 1)
        UNION ALL
        SELECT (SELECT runs.workflow_id FROM agent_runs runs
            WHERE runs.project_id = $1 AND runs.is_run AND runs.workflow_id > names.workflow_id
            ORDER BY runs.workflow_id LIMIT 1)
        FROM names WHERE names.workflow_id IS NOT NULL),
    wanted AS (
        SELECT workflow_id FROM names WHERE $4 IS NULL AND workflow_id IS NOT NULL LIMIT $5)
    SELECT wanted.workflow_id, sums.*
    FROM (SELECT workflow_id FROM wanted UNION ALL SELECT $4 WHERE $4 IS NOT NULL) wanted
    CROSS JOIN LATERAL (
        SELECT count(*) AS runs, count(*) FILTER (WHERE status <> 0) AS ended,
            count(*) FILTER (WHERE status IN (2, 4)) AS failed,
            sum(steps)::bigint AS steps, max(started_at) AS last_started_at,
            sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
            sum(cached_tokens)::bigint AS cached_tokens,
            sum(reasoning_tokens)::bigint AS reasoning_tokens,
            coalesce(sum(cost_nano_usd), 0)::bigint AS cost_nano_usd,
            coalesce(sum(duration_us), 0)::bigint AS duration_us,
            percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration_us) AS percentiles,
            coalesce(array_agg(DISTINCT agent) FILTER (WHERE agent IS NOT NULL), '{}') AS agents
        FROM (
            SELECT *, CASE WHEN status <> 0 THEN
                (extract(epoch FROM coalesce(ended_at, started_at) - started_at) * 1000000)::float8
                END AS duration_us
            FROM agent_runs runs
            WHERE runs.project_id = $1 AND runs.is_run AND runs.workflow_id = wanted.workflow_id
                AND runs.started_at >= $2 AND runs.started_at < $3
            ORDER BY runs.started_at DESC LIMIT $6) runs) sums
    WHERE sums.runs > 0
    ORDER BY sums.runs DESC, wanted.workflow_id";

/// What the steps of the latest runs of a workflow come to, of which their senders told where in the
/// workflow they stand. The status 0 is a running step's, 3 that of a failed one.
const STEPS: &str = "
    WITH latest AS (
        SELECT run_id, run_day, agent, sum(steps) OVER (ORDER BY started_at DESC, run_id) AS steps_so_far
        FROM (
            SELECT * FROM agent_runs
            WHERE project_id = $1 AND is_run AND workflow_id = $4 AND started_at >= $2 AND started_at < $3
            ORDER BY started_at DESC LIMIT $5) runs)
    SELECT seq, capability, name, count(*) FILTER (WHERE duration_us IS NOT NULL) AS ended,
        count(*) FILTER (WHERE status = 3) AS failed,
        coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
        coalesce(sum(output_tokens), 0)::bigint AS output_tokens,
        coalesce(sum(cached_tokens), 0)::bigint AS cached_tokens,
        coalesce(sum(reasoning_tokens), 0)::bigint AS reasoning_tokens,
        coalesce(sum(coalesce(reported_cost_nano_usd, cost_nano_usd)), 0)::bigint AS cost_nano_usd,
        coalesce(sum(duration_us), 0)::bigint AS duration_us,
        percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration_us::float8) AS percentiles,
        coalesce(array_agg(DISTINCT coalesce(steps.agent, latest.agent))
            FILTER (WHERE coalesce(steps.agent, latest.agent) IS NOT NULL), '{}') AS agents
    FROM latest JOIN agent_steps steps USING (run_id, run_day)
    WHERE steps.project_id = $1 AND steps_so_far <= $6 AND (seq IS NOT NULL OR capability IS NOT NULL)
    GROUP BY seq, capability, name
    ORDER BY seq NULLS LAST, capability NULLS LAST, name LIMIT $7";

/// What was done by workflows in a range of time, the busiest first: all of them, or one. Of each the
/// latest [`WORKFLOW_RUNS_MAX`] runs are added up.
pub async fn list(
    conn: &mut Conn,
    project: ProjectId,
    workflow: Option<&str>,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<Workflow>> {
    let rows: Vec<Row> = sql_query(LIST)
        .bind::<SqlUuid, _>(project.0)
        .bind::<Timestamptz, _>(from.to_utc().unwrap_or_default())
        .bind::<Timestamptz, _>(to.to_utc().unwrap_or_default())
        .bind::<Nullable<Text>, _>(workflow)
        .bind::<BigInt, _>(i64::from(PAGE_ROWS_MAX))
        .bind::<BigInt, _>(WORKFLOW_RUNS_MAX)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Workflow::from).collect())
}

/// The steps of a workflow in a range of time, in its order: of its latest
/// [`WORKFLOW_STEPS_RUNS_MAX`] runs, as far as they have no more than
/// [`WORKFLOW_STEPS_SCANNED_MAX`] steps together.
pub async fn steps(
    conn: &mut Conn,
    project: ProjectId,
    workflow: &str,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<WorkflowStep>> {
    let rows: Vec<StepRow> = sql_query(STEPS)
        .bind::<SqlUuid, _>(project.0)
        .bind::<Timestamptz, _>(from.to_utc().unwrap_or_default())
        .bind::<Timestamptz, _>(to.to_utc().unwrap_or_default())
        .bind::<Text, _>(workflow)
        .bind::<BigInt, _>(WORKFLOW_STEPS_RUNS_MAX)
        .bind::<BigInt, _>(WORKFLOW_STEPS_SCANNED_MAX)
        .bind::<BigInt, _>(i64::from(PAGE_ROWS_MAX))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(WorkflowStep::from).collect())
}

impl TotalRow {
    /// The sums with their percentiles, and the agents.
    fn divide(self) -> (Total, Vec<String>) {
        let Self {
            ended,
            failed,
            input_tokens,
            output_tokens,
            cached_tokens,
            reasoning_tokens,
            cost_nano_usd,
            duration_us,
            percentiles,
            agents,
        } = self;
        let sums = Sums {
            count: ended,
            errors: failed,
            input_tokens,
            output_tokens,
            cached_tokens,
            reasoning_tokens,
            cost_nano_usd,
            duration_us,
        };
        let percentiles = match percentiles.as_deref() {
            Some(&[p50, p95, p99]) => Some(Percentiles {
                p50_us: whole(p50),
                p95_us: whole(p95),
                p99_us: whole(p99),
            }),
            _ => None,
        };
        (Total { sums, percentiles }, agents)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a duration in microseconds, which was a whole number"
)]
fn whole(us: f64) -> i64 {
    us as i64
}

impl From<Row> for Workflow {
    fn from(row: Row) -> Self {
        let Row {
            workflow_id,
            runs,
            steps,
            last_started_at,
            total,
        } = row;
        let (total, agents) = total.divide();
        Self {
            id: workflow_id,
            agents,
            running: runs - total.sums.count,
            total,
            steps,
            last_started_at: Timestamp(last_started_at.timestamp_micros()),
        }
    }
}

impl From<StepRow> for WorkflowStep {
    fn from(row: StepRow) -> Self {
        let StepRow {
            seq,
            capability,
            name,
            total,
        } = row;
        let (total, agents) = total.divide();
        Self {
            seq,
            capability,
            name,
            agents,
            total,
        }
    }
}
