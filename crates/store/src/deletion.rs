//! Deleting runs whole, with everything that is stored of them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Date, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::ids::ProjectId;

use crate::error::Result;
use crate::pool::Conn;
use crate::storage;

/// Runs that are deleted in one transaction, at most.
pub(crate) const RUNS_PER_TRANSACTION: i64 = 200;
/// Steps after which no further run is deleted in the same transaction; a run goes whole.
const STEPS_PER_TRANSACTION: i64 = 50_000;

/// A run that is to be deleted, and that the transaction has locked.
#[derive(QueryableByName)]
pub(crate) struct Doomed {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) run_id: Uuid,
    #[diesel(sql_type = Date)]
    run_day: NaiveDate,
    #[diesel(sql_type = BigInt)]
    steps: i64,
}

/// How many rows were deleted with some runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// The runs.
    pub runs: usize,
    /// Their steps.
    pub steps: usize,
    /// Pieces in which their inputs and outputs lay.
    pub payload_chunks: usize,
    /// Their failures.
    pub failures: usize,
    /// What people thought of them.
    pub feedback: usize,
}

#[derive(QueryableByName)]
struct Failure {
    #[diesel(sql_type = SqlUuid)]
    fingerprint: Uuid,
}

/// The first of some runs, as many as are deleted in one transaction.
pub(crate) fn bounded(mut runs: Vec<Doomed>) -> Vec<Doomed> {
    let mut steps = 0_i64;
    runs.retain(|run| {
        let is_room = steps < STEPS_PER_TRANSACTION;
        steps = steps.saturating_add(run.steps);
        is_room
    });
    runs
}

/// Has a transaction find rows by their keys: of a partition that is new a planner knows nothing, and would
/// read all of it.
pub(crate) async fn by_keys_only(conn: &mut Conn) -> Result<()> {
    sql_query("SET LOCAL enable_seqscan = off")
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes runs that the transaction has locked, day by day, so that each statement looks into one partition.
/// Gives back how much it was, and the groups of the failures, each as often as it had one.
///
/// The rollups keep what the runs added: they are history, and say nothing of a single run.
pub(crate) async fn delete(
    conn: &mut Conn,
    project: ProjectId,
    runs: &[Doomed],
) -> Result<(Deleted, Vec<Uuid>)> {
    let mut days: BTreeMap<NaiveDate, Vec<Uuid>> = BTreeMap::new();
    for run in runs {
        days.entry(run.run_day).or_default().push(run.run_id);
    }
    let (mut deleted, mut groups) = (Deleted::default(), Vec::new());
    for (day, ids) in &days {
        deleted.steps += of_day(conn, "agent_steps", project, *day, ids).await?;
        deleted.payload_chunks += of_day(conn, "agent_payloads", project, *day, ids).await?;
        let failures: Vec<Failure> = sql_query(
            "DELETE FROM agent_failures
             WHERE project_id = $1 AND run_day = $2 AND run_id = ANY($3) RETURNING fingerprint",
        )
        .bind::<SqlUuid, _>(project.0)
        .bind::<Date, _>(*day)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(conn)
        .await?;
        deleted.failures += failures.len();
        groups.extend(failures.into_iter().map(|failure| failure.fingerprint));
    }
    let ids: Vec<Uuid> = runs.iter().map(|run| run.run_id).collect();
    deleted.feedback += of_runs(conn, "run_feedback", project, &ids).await?;
    deleted.runs += of_runs(conn, "agent_runs", project, &ids).await?;
    // The days are measured anew.
    storage::forget_days(conn, project, days.into_keys().collect()).await?;
    Ok((deleted, groups))
}

async fn of_day(
    conn: &mut Conn,
    table: &str,
    project: ProjectId,
    day: NaiveDate,
    runs: &[Uuid],
) -> Result<usize> {
    let deleted = sql_query(format!(
        "DELETE FROM {table} WHERE project_id = $1 AND run_day = $2 AND run_id = ANY($3)"
    ))
    .bind::<SqlUuid, _>(project.0)
    .bind::<Date, _>(day)
    .bind::<Array<SqlUuid>, _>(runs)
    .execute(conn)
    .await?;
    Ok(deleted)
}

async fn of_runs(conn: &mut Conn, table: &str, project: ProjectId, runs: &[Uuid]) -> Result<usize> {
    let deleted = sql_query(format!(
        "DELETE FROM {table} WHERE project_id = $1 AND run_id = ANY($2)"
    ))
    .bind::<SqlUuid, _>(project.0)
    .bind::<Array<SqlUuid>, _>(runs)
    .execute(conn)
    .await?;
    Ok(deleted)
}
