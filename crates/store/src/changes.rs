//! What changed, in an order in which nothing comes late.
//!
//! Each transaction that changes runs writes down which (`run_changes`), under its own id. A reader
//! takes only the rows whose transactions are older than every one under way in its snapshot: of those
//! all rows are there that will ever be, so that a position read up to is never gone back to.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::OptionalExtension;
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Date, Nullable, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncConnection, RunQueryDsl};
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

use runwatch_core::changes::{Position, RunChange, RunTexts, Unreadable, from_bytes, to_bytes};
use runwatch_core::ids::{ProjectId, RunId};
use runwatch_core::limits::{
    CHANGES_KEPT_MINUTES, CHANGES_KEPT_UNREAD_HOURS, CHANGES_PER_READ_MAX, CHANGES_READ_BYTES,
};
use runwatch_core::time::Timestamp;

use crate::error::{Result, StoreError};
use crate::pool::Conn;
use crate::runs::RunPlace;

/// Rows deleted in one transaction.
const BATCH: i64 = 2_000;

/// Changes of a project from a position on.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// What is new of its runs, in the order of the transactions.
    pub runs: Vec<RunChange>,
    /// Where to go on.
    pub next: Position,
    /// There is more already.
    pub is_more: bool,
    /// Some of what was asked for is forgotten already.
    pub is_gap: bool,
}

#[derive(QueryableByName)]
struct Head {
    #[diesel(sql_type = BigInt)]
    head: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    forgotten: Option<i64>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    transaction_id: i64,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
    #[diesel(sql_type = Bool)]
    is_last: bool,
}

const HEAD: &str = "
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS head,
        (SELECT transaction_id FROM change_readers WHERE reader = 'forget') AS forgotten";

/// Where changes begin that are not visible yet.
pub async fn head(conn: &mut Conn) -> Result<Position> {
    let head: Head = sql_query(HEAD).get_result(conn).await?;
    Ok(Position(head.head))
}

/// What changed in a project from a position on: about [`CHANGES_READ_BYTES`] at a time. It has to be
/// called in a transaction of one snapshot.
pub async fn after(conn: &mut Conn, project: ProjectId, from: Position) -> Result<Changes> {
    let Head { head, forgotten } = sql_query(HEAD).get_result(conn).await?;
    let rows: Vec<Row> = sql_query(
        "WITH next AS (
             SELECT transaction_id, body FROM run_changes
             WHERE project_id = $1 AND transaction_id >= $2 AND transaction_id < $3
             ORDER BY transaction_id LIMIT $4 + 1),
         counted AS (
             SELECT transaction_id, body,
                 sum(octet_length(body)) OVER (ORDER BY transaction_id) - octet_length(body) AS before,
                 row_number() OVER (ORDER BY transaction_id) AS number,
                 count(*) OVER () AS count
             FROM next)
         SELECT transaction_id, body, number = count AS is_last FROM counted
         WHERE before < $5 AND number <= $4 ORDER BY transaction_id",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<BigInt, _>(from.0)
    .bind::<BigInt, _>(head)
    .bind::<BigInt, _>(CHANGES_PER_READ_MAX)
    .bind::<BigInt, _>(CHANGES_READ_BYTES)
    .load(conn)
    .await?;
    let stopped_at = rows.last().filter(|row| !row.is_last);
    let mut changes = Changes {
        next: Position(stopped_at.map_or(head, |row| row.transaction_id + 1)),
        is_more: stopped_at.is_some(),
        is_gap: forgotten.is_some_and(|forgotten| from.0 < forgotten),
        runs: Vec::new(),
    };
    for row in &rows {
        changes.runs.extend(read(&row.body)?);
    }
    Ok(changes)
}

#[derive(QueryableByName)]
struct Forgotten {
    #[diesel(sql_type = BigInt)]
    transaction_id: i64,
}

/// Forgets the next changes that are older than [`CHANGES_KEPT_MINUTES`], and says how many they were.
///
/// Those that the search index was not made of yet are kept for [`CHANGES_KEPT_UNREAD_HOURS`],
/// unless none is made.
pub async fn forget(conn: &mut Conn, has_index: bool) -> Result<usize> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        let forgotten: Vec<Forgotten> = sql_query(
            "DELETE FROM run_changes WHERE (project_id, transaction_id) IN (
                 SELECT project_id, transaction_id FROM run_changes
                 WHERE recorded_at < rw_now() - $1 * interval '1 minute'
                     AND (NOT $4
                         OR transaction_id < (SELECT transaction_id FROM change_readers
                             WHERE reader = 'search')
                         OR recorded_at < rw_now() - $2 * interval '1 hour')
                 ORDER BY transaction_id LIMIT $3)
             RETURNING transaction_id",
        )
        .bind::<BigInt, _>(CHANGES_KEPT_MINUTES)
        .bind::<BigInt, _>(CHANGES_KEPT_UNREAD_HOURS)
        .bind::<BigInt, _>(BATCH)
        .bind::<Bool, _>(has_index)
        .load(conn)
        .await?;
        let Some(last) = forgotten.iter().map(|row| row.transaction_id).max() else {
            return Ok(0);
        };
        sql_query(
            "UPDATE change_readers SET transaction_id = greatest(transaction_id, $1)
             WHERE reader = 'forget'",
        )
        .bind::<BigInt, _>(last + 1)
        .execute(conn)
        .await?;
        Ok(forgotten.len())
    })
    .await
}

#[derive(QueryableByName)]
struct Body {
    #[diesel(sql_type = BigInt)]
    transaction_id: i64,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

#[derive(QueryableByName)]
struct Texts {
    #[diesel(sql_type = Binary)]
    texts: Vec<u8>,
}

/// Takes what is told of these runs out of all changes of a project that are kept.
pub(crate) async fn forget_runs(
    conn: &mut Conn,
    project: ProjectId,
    gone: &HashSet<Uuid>,
) -> Result<()> {
    let mut last = -1;
    loop {
        let rows: Vec<Body> = sql_query(
            "SELECT transaction_id, body FROM run_changes
             WHERE project_id = $1 AND transaction_id > $2 ORDER BY transaction_id LIMIT $3",
        )
        .bind::<SqlUuid, _>(project.0)
        .bind::<BigInt, _>(last)
        .bind::<BigInt, _>(CHANGES_PER_READ_MAX)
        .load(conn)
        .await?;
        let Some(end) = rows.last() else {
            return Ok(());
        };
        last = end.transaction_id;
        for row in &rows {
            let changes = read(&row.body)?;
            if changes.iter().any(|change| gone.contains(&change.run.0)) {
                rewrite(conn, project, row.transaction_id, changes, gone).await?;
            }
        }
    }
}

/// Writes the changes of a transaction anew, without these runs. What it changed stays as it is but for
/// that, so whoever reads them in between, or has, goes on where they are.
async fn rewrite(
    conn: &mut Conn,
    project: ProjectId,
    transaction: i64,
    changes: Vec<RunChange>,
    gone: &HashSet<Uuid>,
) -> Result<()> {
    let texts: Option<Texts> =
        sql_query("SELECT texts FROM run_changes WHERE project_id = $1 AND transaction_id = $2")
            .bind::<SqlUuid, _>(project.0)
            .bind::<BigInt, _>(transaction)
            .get_result(conn)
            .await
            .optional()?;
    // Forgotten meanwhile.
    let Some(Texts { texts }) = texts else {
        return Ok(());
    };
    let both = changes.into_iter().zip(read_texts(&texts)?);
    let stays = both.filter(|(change, _)| !gone.contains(&change.run.0));
    let (changes, texts): (Vec<RunChange>, Vec<RunTexts>) = stays.unzip();
    sql_query(
        "UPDATE run_changes SET body = $3, texts = $4 WHERE project_id = $1 AND transaction_id = $2",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<BigInt, _>(transaction)
    .bind::<Binary, _>(to_bytes(&changes))
    .bind::<Binary, _>(to_bytes(&texts))
    .execute(conn)
    .await?;
    Ok(())
}

/// A run of which something else follows now, though nothing arrived.
pub(crate) type Concluded = (ProjectId, RunId, NaiveDate, Timestamp);

/// Writes down that something else follows from what is known of runs, in the transaction in which
/// that is stored.
pub(crate) async fn record(conn: &mut Conn, concluded: &[Concluded]) -> Result<()> {
    let mut projects: BTreeMap<ProjectId, Vec<RunChange>> = BTreeMap::new();
    for (project, run, day, started_at) in concluded {
        let change = RunChange::without_steps(*run, *day, *started_at);
        projects.entry(*project).or_default().push(change);
    }
    let ids: Vec<Uuid> = projects.keys().map(|project| project.0).collect();
    let bodies: Vec<Vec<u8>> = projects.values().map(|runs| to_bytes(runs)).collect();
    let no_texts = |runs: &Vec<RunChange>| to_bytes(&vec![RunTexts::default(); runs.len()]);
    let texts: Vec<Vec<u8>> = projects.values().map(no_texts).collect();
    sql_query(
        "INSERT INTO run_changes (project_id, body, texts, text_bytes, recorded_at, transaction_id)
         SELECT *, 0, rw_now(), pg_current_xact_id()::text::bigint FROM unnest($1, $2, $3)",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Binary>, _>(bodies)
    .bind::<Array<Binary>, _>(texts)
    .execute(conn)
    .await?;
    Ok(())
}

/// A row of `agent_runs` that was given back by a statement that changed it.
#[derive(QueryableByName)]
pub(crate) struct ConcludedRow {
    #[diesel(sql_type = SqlUuid)]
    project_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
    #[diesel(sql_type = Date)]
    run_day: NaiveDate,
    #[diesel(sql_type = Timestamptz)]
    started_at: DateTime<Utc>,
}

impl From<ConcludedRow> for Concluded {
    fn from(row: ConcludedRow) -> Self {
        let started_at = Timestamp(row.started_at.timestamp_micros());
        let (project, run) = (ProjectId(row.project_id), RunId(row.run_id));
        (project, run, row.run_day, started_at)
    }
}

impl From<&RunChange> for RunPlace {
    fn from(change: &RunChange) -> Self {
        let (run, day) = (change.run, change.day);
        Self { run, day }
    }
}

pub(crate) fn read(body: &[u8]) -> Result<Vec<RunChange>> {
    from_bytes(body).map_err(unreadable)
}

pub(crate) fn read_texts(texts: &[u8]) -> Result<Vec<RunTexts>> {
    from_bytes(texts).map_err(unreadable)
}

fn unreadable(error: Unreadable) -> StoreError {
    StoreError::Unreadable(error.to_string())
}
