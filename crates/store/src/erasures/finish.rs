//! What is left of erased runs elsewhere, when nobody can add to it any more. Each step can be done twice.

use std::collections::HashSet;

use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Binary, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::erasure::Marks;
use runwatch_core::failures::Fingerprint;

use crate::erasures::work::Job;
use crate::error::{Result, StoreError};
use crate::pool::Conn;
use crate::{changes, fold, search};

/// Refused items that are looked through at a time: a few megabytes.
const QUARANTINE: i64 = 100;

#[derive(QueryableByName)]
struct Run {
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
}

#[derive(QueryableByName)]
struct Group {
    #[diesel(sql_type = SqlUuid)]
    fingerprint: Uuid,
}

#[derive(QueryableByName)]
struct Item {
    #[diesel(sql_type = SqlUuid)]
    item_id: Uuid,
    #[diesel(sql_type = Text)]
    message: String,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

/// Takes out what is left, and ends the erasure; false if another process has to end something first.
pub(super) async fn finish(conn: &mut Conn, job: &Job) -> Result<bool> {
    let rows: Vec<Run> =
        sql_query("SELECT run_id FROM erased_runs WHERE project_id = $1 AND erased_at >= $2")
            .bind::<SqlUuid, _>(job.project.0)
            .bind::<Timestamptz, _>(job.requested_at)
            .load(conn)
            .await?;
    let runs: HashSet<Uuid> = rows.into_iter().map(|row| row.run_id).collect();
    late_feedback(conn, job).await?;
    if !groups(conn, job).await? {
        return Ok(false);
    }
    if !runs.is_empty() {
        // First the changes, of which segments are made.
        changes::forget_runs(conn, job.project, &runs).await?;
        if !search::forget_runs(conn, job.project, &runs).await? {
            return Ok(false);
        }
    }
    quarantine(conn, job, runs).await?;
    let done = sql_query(
        "UPDATE erasures SET done_at = rw_now(), subject = NULL, touched_groups = NULL, barrier = NULL
         WHERE project_id = $1 AND erasure_id = $2 AND done_at IS NULL",
    )
    .bind::<SqlUuid, _>(job.project.0)
    .bind::<SqlUuid, _>(job.id)
    .execute(conn)
    .await?;
    Ok(done > 0)
}

/// Feedback of erased runs that was on its way when they were: it stands by itself, and locks no run.
async fn late_feedback(conn: &mut Conn, job: &Job) -> Result<()> {
    sql_query(
        "WITH gone AS (
             DELETE FROM run_feedback WHERE project_id = $1 AND run_id IN (
                 SELECT run_id FROM erased_runs WHERE project_id = $1 AND erased_at >= $3)
             RETURNING 1)
         UPDATE erasures SET feedback = feedback + (SELECT count(*) FROM gone)
         WHERE project_id = $1 AND erasure_id = $2",
    )
    .bind::<SqlUuid, _>(job.project.0)
    .bind::<SqlUuid, _>(job.id)
    .bind::<Timestamptz, _>(job.requested_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Folds what was taken back. A group that had failures of erased runs goes if none is left, and else its
/// first is one of those that are; false if another process is folding.
async fn groups(conn: &mut Conn, job: &Job) -> Result<bool> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        if !fold::all(conn).await? {
            return Ok(false);
        }
        sql_query(
            "DELETE FROM failure_groups g USING erasures e
             WHERE e.project_id = $1 AND e.erasure_id = $2
                 AND g.project_id = $1 AND g.fingerprint = ANY (e.touched_groups)
                 AND NOT EXISTS (SELECT FROM agent_failures f
                     WHERE f.project_id = $1 AND f.fingerprint = g.fingerprint)",
        )
        .bind::<SqlUuid, _>(job.project.0)
        .bind::<SqlUuid, _>(job.id)
        .execute(conn)
        .await?;
        let others: Vec<Group> = sql_query(
            "SELECT fingerprint FROM failure_groups g JOIN erased_runs r
                 ON r.project_id = g.project_id AND r.run_id = g.first_run_id
             WHERE g.project_id = $1",
        )
        .bind::<SqlUuid, _>(job.project.0)
        .load(conn)
        .await?;
        for group in others {
            let fingerprint = Fingerprint(group.fingerprint);
            fold::groups::look_up_again(conn, job.project, fingerprint).await?;
        }
        Ok(true)
    })
    .await
}

/// Deletes refused items that have the id in them, or name an erased run.
async fn quarantine(conn: &mut Conn, job: &Job, runs: HashSet<Uuid>) -> Result<()> {
    let ids = job.ids.each_ref().map(String::as_str);
    let marks = Marks::new(&ids, runs);
    let mut last = Uuid::nil();
    loop {
        let items: Vec<Item> = sql_query(
            "SELECT item_id, message, body FROM quarantine
             WHERE project_id = $1 AND item_id > $2 AND received_at <= greatest($3, (
                 SELECT max(erased_at) FROM erased_runs WHERE project_id = $1))
             ORDER BY item_id LIMIT $4",
        )
        .bind::<SqlUuid, _>(job.project.0)
        .bind::<SqlUuid, _>(last)
        .bind::<Timestamptz, _>(job.requested_at)
        .bind::<BigInt, _>(QUARANTINE)
        .load(conn)
        .await?;
        let Some(end) = items.last() else {
            return Ok(());
        };
        last = end.item_id;
        let is_marked =
            |item: &&Item| marks.are_in(&item.body) || marks.are_in(item.message.as_bytes());
        let gone: Vec<Uuid> = (items.iter().filter(is_marked))
            .map(|item| item.item_id)
            .collect();
        if !gone.is_empty() {
            delete_items(conn, job, &gone).await?;
        }
    }
}

async fn delete_items(conn: &mut Conn, job: &Job, items: &[Uuid]) -> Result<()> {
    sql_query(
        "WITH gone AS (
             DELETE FROM quarantine WHERE project_id = $1 AND item_id = ANY($3) RETURNING 1)
         UPDATE erasures SET quarantined = quarantined + (SELECT count(*) FROM gone)
         WHERE project_id = $1 AND erasure_id = $2",
    )
    .bind::<SqlUuid, _>(job.project.0)
    .bind::<SqlUuid, _>(job.id)
    .bind::<Array<SqlUuid>, _>(items)
    .execute(conn)
    .await?;
    Ok(())
}
