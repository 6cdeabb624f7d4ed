//! Runs that nothing more is heard of. Those that are given up are closed by
//! [`crate::ingest::Writer::abandon_next`], because that changes the rollups.

use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, RunQueryDsl};

use runwatch_core::limits::{IDEMPOTENCY_HOURS, STALLED_AFTER_MINUTES};

use crate::changes::{Concluded, ConcludedRow, record};
use crate::error::{Result, StoreError};
use crate::pool::Conn;

/// Runs flagged in one transaction: so many that it stays short.
const BATCH: i64 = 1_000;

/// Flags the next running runs of which nothing was received for [`STALLED_AFTER_MINUTES`], and
/// says how many they were. Ingest takes the flag off when more arrives.
pub async fn flag_stalled(conn: &mut Conn) -> Result<usize> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        let flagged: Vec<ConcludedRow> = diesel::sql_query(
            "UPDATE agent_runs SET stalled = true
             WHERE (project_id, run_id) IN (
                 SELECT project_id, run_id FROM agent_runs
                 WHERE status = 0 AND is_run AND NOT stalled
                     AND last_received_at < rw_now() - $1 * interval '1 minute'
                 ORDER BY last_received_at LIMIT $2 FOR UPDATE SKIP LOCKED)
             RETURNING project_id, run_id, run_day, started_at",
        )
        .bind::<BigInt, _>(STALLED_AFTER_MINUTES)
        .bind::<BigInt, _>(BATCH)
        .load(conn)
        .await?;
        let flagged: Vec<Concluded> = flagged.into_iter().map(Concluded::from).collect();
        if !flagged.is_empty() {
            record(conn, &flagged).await?;
        }
        Ok(flagged.len())
    })
    .await
}

/// Forgets idempotency keys after [`IDEMPOTENCY_HOURS`], and says how many they were.
pub async fn forget_idempotency_keys(conn: &mut Conn) -> Result<usize> {
    let forgotten = diesel::sql_query(
        "DELETE FROM idempotency_keys
         WHERE (project_id, key) IN (
             SELECT project_id, key FROM idempotency_keys
             WHERE created_at < rw_now() - $1 * interval '1 hour'
             ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind::<BigInt, _>(IDEMPOTENCY_HOURS)
    .bind::<BigInt, _>(BATCH)
    .execute(conn)
    .await?;
    Ok(forgotten)
}
