//! Folding of what became of the items that were received.

use std::collections::BTreeMap;

use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use runwatch_core::ids::ProjectId;
use runwatch_core::rollup::Outcome;
use runwatch_core::time::{MINUTE_US, Timestamp};

use crate::error::Result;
use crate::pool::Conn;

/// Adds the counts of one project.
pub(super) async fn fold(
    conn: &mut Conn,
    project: ProjectId,
    outcomes: &BTreeMap<(i64, Outcome), i64>,
) -> Result<()> {
    if outcomes.is_empty() {
        return Ok(());
    }
    let at = |minute: i64| {
        Timestamp(minute.saturating_mul(MINUTE_US))
            .to_utc()
            .unwrap_or_default()
    };
    let buckets: Vec<_> = outcomes.keys().map(|(minute, _)| at(*minute)).collect();
    let (names, codes): (Vec<&str>, Vec<&str>) =
        outcomes.keys().map(|(_, outcome)| columns(outcome)).unzip();
    let items: Vec<i64> = outcomes.values().copied().collect();
    diesel::sql_query(
        "INSERT INTO ingest_outcomes AS t (project_id, bucket, outcome, code, items)
         SELECT $1, * FROM unnest($2, $3, $4, $5)
         ON CONFLICT (project_id, bucket, outcome, code) DO UPDATE SET items = t.items + EXCLUDED.items",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<Array<Timestamptz>, _>(buckets)
    .bind::<Array<Text>, _>(names)
    .bind::<Array<Text>, _>(codes)
    .bind::<Array<BigInt>, _>(items)
    .execute(conn)
    .await?;
    Ok(())
}

fn columns(outcome: &Outcome) -> (&str, &str) {
    match outcome {
        Outcome::Stored => ("stored", ""),
        Outcome::Duplicate => ("duplicate", ""),
        Outcome::Rejected(code) => ("rejected", code),
    }
}
