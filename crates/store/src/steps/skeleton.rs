//! Steps without their details, many at a time.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Date, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use runwatch_core::ids::{ProjectId, StepId};
use runwatch_core::money::NanoUsd;
use runwatch_core::step::{StepKind, StepStatus};
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::pool::Conn;
use crate::runs::RunPlace;
use crate::schema::agent_steps;
use crate::steps::step_id;

/// What is shown of a step among many.
#[derive(Clone, Debug)]
pub struct SkeletonStep {
    /// Its id.
    pub id: StepId,
    /// Its parent's id.
    pub parent: Option<StepId>,
    /// What kind of work it did.
    pub kind: StepKind,
    /// How it ended.
    pub status: StepStatus,
    /// Bits of [`runwatch_core::step::flags`].
    pub flags: i16,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it took in microseconds; none while it runs.
    pub duration_us: Option<i64>,
    /// Its name.
    pub name: String,
    /// Tokens of its prompt.
    pub input_tokens: Option<i64>,
    /// Tokens of its answer.
    pub output_tokens: Option<i64>,
    /// Its cost: as reported, else by the price table.
    pub cost: Option<NanoUsd>,
    /// Model that answered.
    pub model: Option<String>,
    /// Tool that was called.
    pub tool: Option<String>,
    /// Type of its error, as the sender named it.
    pub error_type: Option<String>,
}

/// The place of a step in its run: steps are ordered by start, then by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepPosition {
    /// When it started.
    pub started_at: Timestamp,
    /// The step.
    pub step: StepId,
}

#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = agent_steps)]
struct Row {
    step_id: Vec<u8>,
    parent_id: Option<Vec<u8>>,
    kind: i16,
    status: i16,
    flags: i16,
    started_at: DateTime<Utc>,
    duration_us: Option<i64>,
    name: String,
    input_tokens: Option<i32>,
    total_tokens: Option<i32>,
    output_tokens: Option<i32>,
    reported_cost_nano_usd: Option<i64>,
    cost_nano_usd: Option<i64>,
    model: Option<String>,
    tool: Option<String>,
    error_type: Option<String>,
}

/// Steps that are read at a time: about a megabyte.
const BATCH: u32 = 5_000;

/// Gives the steps of a run to `take`, in their order, after a position, up to a limit.
///
/// They come in batches, so that a large run never lies in memory as a whole. It may open a cursor
/// and so must be called in a transaction, once.
pub async fn list_skeletons(
    conn: &mut Conn,
    project: ProjectId,
    place: RunPlace,
    after: Option<StepPosition>,
    limit: u32,
    mut take: impl AsyncFnMut(Vec<SkeletonStep>) -> Result<()>,
) -> Result<()> {
    // Most runs have no more steps than this, and opening a cursor takes longer than reading them.
    let first = list_first(conn, project, place, after, limit.min(BATCH)).await?;
    let is_full = first.len() == BATCH as usize;
    let last = first.last().map(|step| StepPosition {
        started_at: step.started_at,
        step: step.id,
    });
    if !first.is_empty() {
        take(first).await?;
    }
    match last.filter(|_| is_full && limit > BATCH) {
        Some(last) => list_rest(conn, project, place, last, limit - BATCH, take).await,
        None => Ok(()),
    }
}

async fn list_first(
    conn: &mut Conn,
    project: ProjectId,
    place: RunPlace,
    after: Option<StepPosition>,
    limit: u32,
) -> Result<Vec<SkeletonStep>> {
    let start = StepPosition {
        started_at: Timestamp(0),
        step: StepId::from_number(0),
    };
    let after = after.unwrap_or(start);
    let at = after.started_at.to_utc().unwrap_or_default();
    let later = agent_steps::started_at.gt(at);
    let same = agent_steps::started_at
        .eq(at)
        .and(agent_steps::step_id.gt(after.step.as_bytes()));
    let rows: Vec<Row> = agent_steps::table
        .filter(agent_steps::project_id.eq(project.0))
        .filter(agent_steps::run_id.eq(place.run.0))
        .filter(agent_steps::run_day.eq(place.day))
        .filter(later.or(same))
        .order((agent_steps::started_at, agent_steps::step_id))
        .limit(i64::from(limit))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(skeleton).collect()
}

async fn list_rest(
    conn: &mut Conn,
    project: ProjectId,
    place: RunPlace,
    after: StepPosition,
    limit: u32,
    mut take: impl AsyncFnMut(Vec<SkeletonStep>) -> Result<()>,
) -> Result<()> {
    sql_query(
        "DECLARE skeleton NO SCROLL CURSOR FOR
         SELECT step_id, parent_id, kind, status, flags, started_at, duration_us, name,
             input_tokens, total_tokens, output_tokens, reported_cost_nano_usd, cost_nano_usd,
             model, tool, error_type
         FROM agent_steps
         WHERE project_id = $1 AND run_id = $2 AND run_day = $3
             AND (started_at, step_id) > ($4, $5)
         ORDER BY started_at, step_id LIMIT $6",
    )
    .bind::<Uuid, _>(project.0)
    .bind::<Uuid, _>(place.run.0)
    .bind::<Date, _>(place.day)
    .bind::<Timestamptz, _>(after.started_at.to_utc().unwrap_or_default())
    .bind::<Binary, _>(after.step.as_bytes())
    .bind::<BigInt, _>(i64::from(limit))
    .execute(conn)
    .await?;
    loop {
        let fetch = sql_query(format!("FETCH {BATCH} FROM skeleton"));
        let rows: Vec<Row> = fetch.load(conn).await?;
        if rows.is_empty() {
            return Ok(());
        }
        take(rows.into_iter().map(skeleton).collect::<Result<_>>()?).await?;
    }
}

fn skeleton(row: Row) -> Result<SkeletonStep> {
    let cost = row.reported_cost_nano_usd.or(row.cost_nano_usd);
    Ok(SkeletonStep {
        id: step_id(&row.step_id)?,
        parent: row.parent_id.as_deref().map(step_id).transpose()?,
        kind: StepKind::from_code(row.kind),
        status: StepStatus::from_code(row.status),
        flags: row.flags,
        started_at: Timestamp(row.started_at.timestamp_micros()),
        duration_us: row.duration_us,
        name: row.name,
        input_tokens: row.input_tokens.or(row.total_tokens).map(i64::from),
        output_tokens: row.output_tokens.map(i64::from),
        cost: cost.map(NanoUsd),
        model: row.model,
        tool: row.tool,
        error_type: row.error_type,
    })
}
