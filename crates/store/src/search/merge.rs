//! Merging small segments into larger ones, so that a search opens few.

use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{BigInt, SmallInt, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::ids::ProjectId;
use runwatch_search::segment::{self, DOCUMENTS_MAX, Segment};

use crate::error::{Result, StoreError};
use crate::pool::{Conn, try_lock};
use crate::search::segments::{self, Row};

/// Segments of one level that are merged at a time.
const SEGMENTS: i64 = 8;
/// Key of the advisory lock that lets one process merge at a time: its letters are "rw-merge".
pub(super) const LOCK: i64 = i64::from_be_bytes(*b"rw-merge");

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = SqlUuid)]
    project_id: Uuid,
    #[diesel(sql_type = SmallInt)]
    level: i16,
}

/// Merges the segments of some project's level if it has enough of them, in one transaction; says how
/// many they were: 0 if there is nothing to merge, or if another process is merging.
pub async fn merge(conn: &mut Conn) -> Result<usize> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        if !try_lock(conn, LOCK).await? {
            return Ok(0);
        }
        let Some(due) = due(conn).await? else {
            return Ok(0);
        };
        let project = ProjectId(due.project_id);
        let rows = oldest(conn, &due).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.segment_id).collect();
        let mut blocks = segments::all_blocks(conn, project, &ids).await?;
        let segments: Vec<Segment> = rows
            .into_iter()
            .map(|row| {
                let blocks = blocks.remove(&row.segment_id);
                row.into_segment(blocks.unwrap_or_default())
            })
            .collect();
        let merged = segment::merge(&segments)?;
        drop(segments);
        segments::delete(conn, project, &ids).await?;
        segments::insert(conn, project, merged).await?;
        Ok(ids.len())
    })
    .await
}

/// A level with enough segments, or with enough documents in them.
async fn due(conn: &mut Conn) -> Result<Option<Due>> {
    let due: Vec<Due> = sql_query(
        "SELECT project_id, level FROM search_segments WHERE level < 5
         GROUP BY project_id, level
         HAVING count(*) >= $1 OR (count(*) >= 2 AND sum(documents) >= $2)
         ORDER BY level LIMIT 1",
    )
    .bind::<BigInt, _>(SEGMENTS)
    .bind::<BigInt, _>(i64::from(segments::LARGE))
    .load(conn)
    .await?;
    Ok(due.into_iter().next())
}

/// The oldest segments of a level, as many as one may have the documents of and as lie in memory
/// together. Where not all do, fewer are merged, and the rest next time.
async fn oldest(conn: &mut Conn, due: &Due) -> Result<Vec<Row>> {
    let rows: Vec<Row> = sql_query(
        "SELECT segment_id, documents, bytes, bits, first_at, last_at, ranks FROM search_segments
         WHERE project_id = $1 AND level = $2 ORDER BY segment_id LIMIT $3",
    )
    .bind::<SqlUuid, _>(due.project_id)
    .bind::<SmallInt, _>(due.level)
    .bind::<BigInt, _>(SEGMENTS)
    .load(conn)
    .await?;
    let (mut documents, mut bytes) = (0, 0);
    let fits = |row: &Row| {
        documents =
            u32::saturating_add(documents, u32::try_from(row.documents).unwrap_or(u32::MAX));
        bytes = usize::saturating_add(bytes, usize::try_from(row.bytes).unwrap_or(usize::MAX));
        documents <= DOCUMENTS_MAX && bytes <= 2 * segments::LARGE_BYTES
    };
    Ok(rows.into_iter().take_while(fits).collect())
}
