//! Forgetting segments.

use std::collections::{BTreeSet, HashSet};

use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::ids::{ProjectId, RunId};
use runwatch_core::time::Timestamp;
use runwatch_search::segment;

use crate::error::{Result, StoreError};
use crate::pool::{Conn, try_lock};
use crate::search::{Document, index, merge, segments};

/// Segments that are forgotten in one transaction.
const SEGMENTS: usize = 16;

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    segment_id: Uuid,
}

#[derive(QueryableByName)]
struct Block {
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

#[derive(QueryableByName)]
struct Left {
    #[diesel(sql_type = Bool)]
    is_left: bool,
}

/// Deletes the next segments whose runs all started more than so many days ago and are gone, and says how
/// many they were.
///
/// Documents of runs that are gone may stay in younger segments: what the index names is a candidate, and a
/// hit is looked for in the texts that are stored. A run that started long ago may be here still, since
/// it is the last receipt that counts; what segments say of it stays.
pub(crate) async fn forget_before(conn: &mut Conn, project: ProjectId, days: i64) -> Result<usize> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        if !try_lock(conn, merge::LOCK).await? {
            return Ok(0);
        }
        let old: Vec<Id> = sql_query(
            "SELECT segment_id FROM search_segments
             WHERE project_id = $1 AND last_at < rw_now() - $2 * interval '1 day' ORDER BY segment_id",
        )
        .bind::<SqlUuid, _>(project.0)
        .bind::<BigInt, _>(days)
        .load(conn)
        .await?;
        let mut gone = Vec::new();
        for Id { segment_id } in old {
            let runs = runs_of(conn, project, segment_id).await?;
            if !is_any_left(conn, project, &runs).await? {
                gone.push(segment_id);
            }
            if gone.len() == SEGMENTS {
                break;
            }
        }
        segments::delete(conn, project, &gone).await?;
        Ok(gone.len())
    })
    .await
}

/// The runs that a segment has documents of.
async fn runs_of(conn: &mut Conn, project: ProjectId, segment: Uuid) -> Result<BTreeSet<RunId>> {
    let blocks: Vec<Block> = sql_query(
        "SELECT body FROM search_blocks WHERE project_id = $1 AND segment_id = $2 AND block < 0",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<SqlUuid, _>(segment)
    .load(conn)
    .await?;
    let mut runs = BTreeSet::new();
    for block in &blocks {
        for body in segment::documents(&block.body)? {
            runs.insert(run_of(body?)?);
        }
    }
    Ok(runs)
}

fn run_of(body: &[u8]) -> Result<RunId> {
    Ok(Document::from_bytes(Timestamp::default(), body)?.run.run)
}

/// Writes the segments anew that have documents of these runs, without them; false if it has to be tried
/// again, because another process makes or merges segments.
///
/// All in one transaction, which the others wait for: a segment could be merged into one that was looked
/// at already.
pub(crate) async fn forget_runs(
    conn: &mut Conn,
    project: ProjectId,
    gone: &HashSet<Uuid>,
) -> Result<bool> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        if !try_lock(conn, index::LOCK).await? || !try_lock(conn, merge::LOCK).await? {
            return Ok(false);
        }
        let all: Vec<Id> =
            sql_query("SELECT segment_id FROM search_segments WHERE project_id = $1")
                .bind::<SqlUuid, _>(project.0)
                .load(conn)
                .await?;
        for Id { segment_id } in all {
            let runs = runs_of(conn, project, segment_id).await?;
            if !runs.iter().any(|run| gone.contains(&run.0)) {
                continue;
            }
            let segment = segments::load(conn, project, segment_id).await?;
            // What cannot be read goes too: runs_of has read it.
            let is_gone = |body: &[u8]| run_of(body).map_or(true, |run| gone.contains(&run.0));
            let left = segment::without(&segment, is_gone)?;
            segments::delete(conn, project, &[segment_id]).await?;
            if let Some(left) = left.filter(|left| left.documents > 0) {
                segments::insert(conn, project, left).await?;
            }
        }
        Ok(true)
    })
    .await
}

async fn is_any_left(conn: &mut Conn, project: ProjectId, runs: &BTreeSet<RunId>) -> Result<bool> {
    let ids: Vec<Uuid> = runs.iter().map(|run| run.0).collect();
    let left: Left = sql_query(
        "SELECT EXISTS (SELECT FROM unnest($2) AS wanted (run_id),
             LATERAL (SELECT FROM agent_runs run
                 WHERE run.project_id = $1 AND run.run_id = wanted.run_id LIMIT 1) found) AS is_left",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<Array<SqlUuid>, _>(ids)
    .get_result(conn)
    .await?;
    Ok(left.is_left)
}
