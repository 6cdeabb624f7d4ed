//! Deleting the runs and the feedback that an erasure is about, a bounded number at a time.

use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::erasure::ErasureKind;
use runwatch_core::failures::Fingerprint;
use runwatch_core::rollup::{Deltas, GroupChange};

use crate::deletion::{self, Deleted, Doomed};
use crate::erasures::work::Job;
use crate::error::Result;
use crate::pool::Conn;

/// Judgements that are deleted in one transaction.
const FEEDBACK: i64 = 2_000;

impl Job {
    /// The column of a run that has the id.
    fn column(&self) -> &'static str {
        match self.kind {
            ErasureKind::User => "user_id",
            ErasureKind::Session => "session_id",
        }
    }
}

/// Deletes the next runs, with a tombstone for each; false if none is left that no other holds.
pub(super) async fn erase_runs(conn: &mut Conn, job: &Job) -> Result<bool> {
    let runs: Vec<Doomed> = sql_query(format!(
        "SELECT run_id, run_day, steps FROM agent_runs
         WHERE project_id = $1 AND {} = ANY($2) AND received_at <= $3
         LIMIT $4 FOR UPDATE SKIP LOCKED",
        job.column()
    ))
    .bind::<SqlUuid, _>(job.project.0)
    .bind::<Array<Text>, _>(job.ids.as_slice())
    .bind::<Timestamptz, _>(job.requested_at)
    .bind::<BigInt, _>(deletion::RUNS_PER_TRANSACTION)
    .load(conn)
    .await?;
    if runs.is_empty() {
        return Ok(false);
    }
    let runs = deletion::bounded(runs);
    let ids: Vec<Uuid> = runs.iter().map(|run| run.run_id).collect();
    sql_query(
        "INSERT INTO erased_runs (project_id, run_id, erased_at)
         SELECT $1, run_id, rw_now() FROM unnest($2) AS gone (run_id) ORDER BY run_id
         ON CONFLICT (project_id, run_id) DO NOTHING",
    )
    .bind::<SqlUuid, _>(job.project.0)
    .bind::<Array<SqlUuid>, _>(ids)
    .execute(conn)
    .await?;
    let (deleted, groups) = deletion::delete(conn, job.project, &runs).await?;
    take_back(conn, job, &groups).await?;
    count(conn, job, deleted, groups).await?;
    Ok(true)
}

/// Whether runs are left.
pub(super) async fn is_any_left(conn: &mut Conn, job: &Job) -> Result<bool> {
    #[derive(QueryableByName)]
    struct Left {
        #[diesel(sql_type = Bool)]
        is_left: bool,
    }
    let left: Left = sql_query(format!(
        "SELECT EXISTS (SELECT FROM agent_runs
             WHERE project_id = $1 AND {} = ANY($2) AND received_at <= $3) AS is_left",
        job.column()
    ))
    .bind::<SqlUuid, _>(job.project.0)
    .bind::<Array<Text>, _>(job.ids.as_slice())
    .bind::<Timestamptz, _>(job.requested_at)
    .get_result(conn)
    .await?;
    Ok(left.is_left)
}

/// Deletes the next of what the user thought of other runs; false if nothing is left.
pub(super) async fn erase_feedback(conn: &mut Conn, job: &Job) -> Result<bool> {
    if job.kind != ErasureKind::User {
        return Ok(false);
    }
    let feedback = sql_query(
        "DELETE FROM run_feedback WHERE (project_id, run_id, feedback_id) IN (
             SELECT project_id, run_id, feedback_id FROM run_feedback
             WHERE project_id = $1 AND user_id = ANY($2) AND received_at <= $3
             LIMIT $4 FOR UPDATE SKIP LOCKED)",
    )
    .bind::<SqlUuid, _>(job.project.0)
    .bind::<Array<Text>, _>(job.ids.as_slice())
    .bind::<Timestamptz, _>(job.requested_at)
    .bind::<BigInt, _>(FEEDBACK)
    .execute(conn)
    .await?;
    if feedback == 0 {
        return Ok(false);
    }
    let deleted = Deleted {
        feedback,
        ..Deleted::default()
    };
    count(conn, job, deleted, Vec::new()).await?;
    Ok(true)
}

/// Takes the failures back from their groups as if they had never been: folding looks up what is left.
async fn take_back(conn: &mut Conn, job: &Job, groups: &[Uuid]) -> Result<()> {
    let mut deltas = Deltas::default();
    for group in groups {
        deltas.change_group(Fingerprint(*group), GroupChange::taking_back());
    }
    if deltas.is_empty() {
        return Ok(());
    }
    sql_query("INSERT INTO usage_deltas (project_id, delta_id, body) VALUES ($1, $2, $3)")
        .bind::<SqlUuid, _>(job.project.0)
        .bind::<SqlUuid, _>(Uuid::now_v7())
        .bind::<Binary, _>(deltas.to_bytes())
        .execute(conn)
        .await?;
    Ok(())
}

/// Adds to the counts of the erasure. Who wrote meanwhile has to be waited for again.
pub(super) async fn count(
    conn: &mut Conn,
    job: &Job,
    deleted: Deleted,
    groups: Vec<Uuid>,
) -> Result<()> {
    let number = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    sql_query(
        "UPDATE erasures e SET runs = runs + $3, steps = steps + $4,
             payload_chunks = payload_chunks + $5, failures = failures + $6, feedback = feedback + $7,
             touched_groups = touched.groups, failure_groups = coalesce(cardinality(touched.groups), 0),
             barrier = NULL
         FROM (SELECT array_agg(DISTINCT id) AS groups FROM erasures, unnest(touched_groups || $8) id
               WHERE project_id = $1 AND erasure_id = $2) touched
         WHERE project_id = $1 AND erasure_id = $2",
    )
    .bind::<SqlUuid, _>(job.project.0)
    .bind::<SqlUuid, _>(job.id)
    .bind::<BigInt, _>(number(deleted.runs))
    .bind::<BigInt, _>(number(deleted.steps))
    .bind::<BigInt, _>(number(deleted.payload_chunks))
    .bind::<BigInt, _>(number(deleted.failures))
    .bind::<BigInt, _>(number(deleted.feedback))
    .bind::<Array<SqlUuid>, _>(groups)
    .execute(conn)
    .await?;
    Ok(())
}
