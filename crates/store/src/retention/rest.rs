//! What is deleted by its age and is not of a run.

use diesel::sql_query;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};

use crate::deletion;
use crate::error::{Result, StoreError};
use crate::fold;
use crate::pool::{Conn, try_lock};
use crate::retention::{Forgotten, Keeping, lock};

/// Rows of one table that are deleted in one transaction.
const BATCH: i64 = 2_000;

/// Feedback of runs that never came; that of others goes with them.
const FEEDBACK: &str = "
    DELETE FROM run_feedback WHERE (project_id, run_id, feedback_id) IN (
        SELECT project_id, run_id, feedback_id FROM run_feedback f
        WHERE project_id = $1 AND received_at < rw_now() - $2 * interval '1 day'
            AND NOT EXISTS (SELECT FROM agent_runs r
                WHERE r.project_id = f.project_id AND r.run_id = f.run_id)
        ORDER BY received_at LIMIT $3)";

/// Items that were refused.
const QUARANTINE: &str = "
    DELETE FROM quarantine WHERE (project_id, item_id) IN (
        SELECT project_id, item_id FROM quarantine
        WHERE project_id = $1 AND received_at < rw_now() - $2 * interval '1 day'
        ORDER BY received_at LIMIT $3)";

/// Groups without failures: one that is seen no more, but in a run that goes on, stays.
const GROUPS: &str = "
    DELETE FROM failure_groups WHERE (project_id, fingerprint) IN (
        SELECT project_id, fingerprint FROM failure_groups g
        WHERE project_id = $1 AND last_seen_at < rw_now() - $2 * interval '1 day'
            AND NOT EXISTS (SELECT FROM agent_failures f
                WHERE f.project_id = g.project_id AND f.fingerprint = g.fingerprint)
        ORDER BY last_seen_at LIMIT $3)";

/// Minutes of the rollups. Their key is long, and nobody moves their rows: folding waits.
fn minutes(table: &str) -> String {
    format!(
        "DELETE FROM {table} WHERE project_id = $1 AND ctid = ANY (ARRAY(
             SELECT ctid FROM {table}
             WHERE project_id = $1 AND bucket < rw_now() - $2 * interval '1 day' LIMIT $3))"
    )
}

/// Deletes the next of it, in two transactions.
pub(super) async fn forget(
    conn: &mut Conn,
    keeping: Keeping,
    forgotten: &mut Forgotten,
) -> Result<()> {
    (forgotten.feedback, forgotten.quarantined) = conn
        .transaction::<_, StoreError, _>(async |conn| {
            if !lock(conn, keeping.project).await? {
                return Ok((0, 0));
            }
            deletion::by_keys_only(conn).await?;
            let feedback = delete(conn, FEEDBACK, keeping).await?;
            Ok((feedback, delete(conn, QUARANTINE, keeping).await?))
        })
        .await?;
    (forgotten.failure_groups, forgotten.usage_minutes) = conn
        .transaction::<_, StoreError, _>(async |conn| {
            // What folding writes: if it is at work, the next turn finds these.
            if !try_lock(conn, fold::LOCK).await? {
                return Ok((0, 0));
            }
            deletion::by_keys_only(conn).await?;
            let groups = delete(conn, GROUPS, keeping).await?;
            let mut rows = delete(conn, &minutes("usage_minute"), keeping).await?;
            rows += delete(conn, &minutes("usage_minute_total"), keeping).await?;
            Ok((groups, rows))
        })
        .await?;
    Ok(())
}

async fn delete(conn: &mut Conn, statement: &str, keeping: Keeping) -> Result<usize> {
    let deleted = sql_query(statement)
        .bind::<SqlUuid, _>(keeping.project.0)
        .bind::<BigInt, _>(i64::from(keeping.days))
        .bind::<BigInt, _>(BATCH)
        .execute(conn)
        .await?;
    Ok(deleted)
}
