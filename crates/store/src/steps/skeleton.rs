//! Steps without their details, many at a time.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Binary, Date, Nullable, SmallInt, Text, Timestamptz, Uuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl;

use runwatch_core::ids::{ProjectId, StepId};
use runwatch_core::money::NanoUsd;
use runwatch_core::step::{StepKind, StepStatus};
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::pool::Conn;
use crate::runs::RunPlace;
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

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Binary)]
    step_id: Vec<u8>,
    #[diesel(sql_type = Nullable<Binary>)]
    parent_id: Option<Vec<u8>>,
    #[diesel(sql_type = SmallInt)]
    kind: i16,
    #[diesel(sql_type = SmallInt)]
    status: i16,
    #[diesel(sql_type = SmallInt)]
    flags: i16,
    #[diesel(sql_type = Timestamptz)]
    started_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<BigInt>)]
    duration_us: Option<i64>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    input_tokens: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    output_tokens: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    cost: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    model: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    tool: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    error_type: Option<String>,
}

/// Steps that one fetch brings: about a megabyte.
const BATCH: &str = "FETCH 5000 FROM skeleton";

/// Gives the steps of a run to `take`, in their order, after a position, up to a limit.
///
/// They come in batches, so that a large run never lies in memory as a whole. It opens a cursor and
/// so must be called in a transaction, once.
pub async fn list_skeletons(
    conn: &mut Conn,
    project: ProjectId,
    place: RunPlace,
    after: Option<StepPosition>,
    limit: u32,
    mut take: impl AsyncFnMut(Vec<SkeletonStep>) -> Result<()>,
) -> Result<()> {
    let (started_at, step): (DateTime<Utc>, &[u8]) = match &after {
        Some(after) => (
            after.started_at.to_utc().unwrap_or_default(),
            after.step.as_bytes(),
        ),
        None => (DateTime::UNIX_EPOCH, &[]),
    };
    sql_query(
        "DECLARE skeleton NO SCROLL CURSOR FOR
         SELECT step_id, parent_id, kind, status, flags, started_at, duration_us, name,
             coalesce(input_tokens, total_tokens)::bigint AS input_tokens,
             output_tokens::bigint AS output_tokens,
             coalesce(reported_cost_nano_usd, cost_nano_usd) AS cost, model, tool, error_type
         FROM agent_steps
         WHERE project_id = $1 AND run_id = $2 AND run_day = $3
             AND (started_at, step_id) > ($4, $5)
         ORDER BY started_at, step_id LIMIT $6",
    )
    .bind::<Uuid, _>(project.0)
    .bind::<Uuid, _>(place.run.0)
    .bind::<Date, _>(place.day)
    .bind::<Timestamptz, _>(started_at)
    .bind::<Binary, _>(step)
    .bind::<BigInt, _>(i64::from(limit))
    .execute(conn)
    .await?;
    loop {
        let rows: Vec<Row> = sql_query(BATCH).load(conn).await?;
        if rows.is_empty() {
            return Ok(());
        }
        take(rows.into_iter().map(skeleton).collect::<Result<_>>()?).await?;
    }
}

fn skeleton(row: Row) -> Result<SkeletonStep> {
    let Row {
        step_id: id,
        parent_id,
        kind,
        status,
        flags,
        started_at,
        duration_us,
        name,
        input_tokens,
        output_tokens,
        cost,
        model,
        tool,
        error_type,
    } = row;
    Ok(SkeletonStep {
        id: step_id(&id)?,
        parent: parent_id.as_deref().map(step_id).transpose()?,
        kind: StepKind::from_code(kind),
        status: StepStatus::from_code(status),
        flags,
        started_at: Timestamp(started_at.timestamp_micros()),
        duration_us,
        name,
        input_tokens,
        output_tokens,
        cost: cost.map(NanoUsd),
        model,
        tool,
        error_type,
    })
}
