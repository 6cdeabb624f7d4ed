//! What is in the database afterwards, read by SQL and held against the ledger.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use anyhow::Result;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::load::Ledger;
use crate::shape::STEPS;

/// Every step that is stored and the runs that have payloads.
const RUNS: &str = "
    SELECT run_id, steps.stored, payloads.run_id IS NOT NULL
    FROM agent_runs
    LEFT JOIN (SELECT run_id, count(*) AS stored FROM agent_steps GROUP BY run_id) AS steps
        USING (run_id)
    LEFT JOIN (SELECT DISTINCT run_id FROM agent_payloads) AS payloads USING (run_id)";
/// Bytes of every table that holds telemetry or what is derived from it, with indexes and TOAST:
/// of the steps, of their payloads, and of everything else.
const BYTES: &str = "
    SELECT coalesce(sum(bytes) FILTER (WHERE relname LIKE 'agent_steps%'), 0)::bigint,
        coalesce(sum(bytes) FILTER (WHERE relname LIKE 'agent_payloads%'), 0)::bigint,
        sum(bytes)::bigint
    FROM (SELECT relname, pg_total_relation_size(oid) AS bytes FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname ~
            '^(agent_|usage_|failure_groups|ingest_outcomes|quarantine|idempotency_keys)') AS tables";
/// How well the payloads were compressed.
const COMPRESSION: &str = "
    SELECT sum(decoded_bytes)::float8 / sum(octet_length(body)) FROM agent_payloads";

/// What is stored, in steps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Stored {
    /// Steps of runs that were acknowledged.
    pub(crate) acked: u64,
    /// Steps in the database, of unacknowledged runs too.
    pub(crate) stored: u64,
    /// Steps that were acknowledged and are not there; all of a run whose payloads are not.
    pub(crate) lost: u64,
    /// Steps that are there more than once.
    pub(crate) duplicates: u64,
    /// Bytes on disk for each stored step, every index included.
    pub(crate) bytes_per_step: f64,
    /// Those of them in the table of steps, and in that of payloads.
    pub(crate) of_which: [f64; 2],
    /// How many times smaller the payloads were made.
    pub(crate) compression: f64,
}

/// Reads what is stored.
pub(crate) async fn read(admin: &Client, ledger: &Ledger) -> Result<Stored> {
    admin.batch_execute("CHECKPOINT").await?;
    let mut runs = HashMap::new();
    for row in admin.query(RUNS, &[]).await? {
        let steps: Option<i64> = row.try_get(1)?;
        let run: Uuid = row.try_get(0)?;
        runs.insert(run, (steps.unwrap_or(0).unsigned_abs(), row.try_get(2)?));
    }
    let row = admin.query_one(BYTES, &[]).await?;
    let (steps, payloads, all): (i64, i64, i64) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let compression: Option<f64> = admin.query_one(COMPRESSION, &[]).await?.try_get(0)?;
    let mut stored = compare(&runs, &ledger.runs);
    let per_step = |bytes: i64| bytes as f64 / stored.stored as f64;
    (stored.bytes_per_step, stored.of_which) =
        (per_step(all), [per_step(steps), per_step(payloads)]);
    stored.compression = compression.unwrap_or(0.0);
    Ok(stored)
}

/// Holds what is stored of each run, its steps and whether it has payloads, against what was
/// acknowledged.
fn compare(runs: &HashMap<Uuid, (u64, bool)>, acked: &[Uuid]) -> Stored {
    let whole = STEPS as u64;
    let missing = |run: &Uuid| match runs.get(run) {
        Some((steps, true)) => whole.saturating_sub(*steps),
        Some((_, false)) | None => whole,
    };
    Stored {
        acked: acked.len() as u64 * whole,
        stored: runs.values().map(|(steps, _)| steps).sum(),
        lost: acked.iter().map(missing).sum(),
        duplicates: runs
            .values()
            .map(|(steps, _)| steps.saturating_sub(whole))
            .sum(),
        ..Stored::default()
    }
}
