//! Segments as rows.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Binary, Integer, SmallInt, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::ids::ProjectId;
use runwatch_core::time::Timestamp;
use runwatch_search::segment::Segment;

use crate::error::Result;
use crate::pool::Conn;

/// Blocks that are written in one statement: about two megabytes.
const BLOCKS_PER_STATEMENT: usize = 256;
/// The level of segments that are not merged any more.
const LAST_LEVEL: i16 = 5;
/// Documents from which on a segment is large enough.
pub(super) const LARGE: u32 = runwatch_search::segment::DOCUMENTS_MAX / 2;
/// Bytes from which on it is, whatever its documents: those of long texts in a wide script have many.
pub(super) const LARGE_BYTES: usize = 32 << 20;

/// A segment without its blocks.
#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = SqlUuid)]
    pub(super) segment_id: Uuid,
    #[diesel(sql_type = Integer)]
    pub(super) documents: i32,
    #[diesel(sql_type = BigInt)]
    pub(super) bytes: i64,
    #[diesel(sql_type = SmallInt)]
    bits: i16,
    #[diesel(sql_type = Timestamptz)]
    first_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    last_at: DateTime<Utc>,
    #[diesel(sql_type = Binary)]
    ranks: Vec<u8>,
}

impl Row {
    /// The segment, with all its blocks in the order of their numbers.
    pub(super) fn into_segment(self, blocks: Vec<(i32, Vec<u8>)>) -> Segment {
        Segment {
            documents: u32::try_from(self.documents).unwrap_or(0),
            first_at: self.first_at.timestamp_micros(),
            last_at: self.last_at.timestamp_micros(),
            bits: u8::try_from(self.bits).unwrap_or(u8::MAX),
            ranks: self.ranks,
            blocks,
        }
    }
}

/// Reads a segment with all its blocks.
pub(super) async fn load(conn: &mut Conn, project: ProjectId, segment: Uuid) -> Result<Segment> {
    let row: Row = sql_query(
        "SELECT segment_id, documents, bytes, bits, first_at, last_at, ranks FROM search_segments
         WHERE project_id = $1 AND segment_id = $2",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<SqlUuid, _>(segment)
    .get_result(conn)
    .await?;
    let mut blocks = all_blocks(conn, project, &[segment]).await?;
    Ok(row.into_segment(blocks.remove(&segment).unwrap_or_default()))
}

/// Writes a segment.
pub(super) async fn insert(conn: &mut Conn, project: ProjectId, segment: Segment) -> Result<()> {
    let id = Uuid::now_v7();
    let time = |at: i64| Timestamp(at).to_utc().unwrap_or_default();
    sql_query(
        "INSERT INTO search_segments (project_id, segment_id, first_at, last_at, documents, bytes,
             bits, level, ranks) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<SqlUuid, _>(id)
    .bind::<Timestamptz, _>(time(segment.first_at))
    .bind::<Timestamptz, _>(time(segment.last_at))
    .bind::<Integer, _>(i32::try_from(segment.documents).unwrap_or(i32::MAX))
    .bind::<BigInt, _>(i64::try_from(segment.bytes()).unwrap_or(i64::MAX))
    .bind::<SmallInt, _>(i16::from(segment.bits))
    .bind::<SmallInt, _>(level(&segment))
    .bind::<Binary, _>(&segment.ranks)
    .execute(conn)
    .await?;
    for blocks in segment.blocks.chunks(BLOCKS_PER_STATEMENT) {
        let (numbers, bodies): (Vec<i32>, Vec<&[u8]>) = blocks
            .iter()
            .map(|(number, body)| (*number, body.as_slice()))
            .unzip();
        sql_query(
            "INSERT INTO search_blocks (project_id, segment_id, block, body)
             SELECT $1, $2, * FROM unnest($3, $4)",
        )
        .bind::<SqlUuid, _>(project.0)
        .bind::<SqlUuid, _>(id)
        .bind::<Array<Integer>, _>(numbers)
        .bind::<Array<Binary>, _>(bodies)
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Deletes segments with their blocks.
pub(super) async fn delete(conn: &mut Conn, project: ProjectId, segments: &[Uuid]) -> Result<()> {
    for table in ["search_blocks", "search_segments"] {
        sql_query(format!(
            "DELETE FROM {table} WHERE project_id = $1 AND segment_id = ANY($2)"
        ))
        .bind::<SqlUuid, _>(project.0)
        .bind::<Array<SqlUuid>, _>(segments)
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// How far a segment has been merged: each level has eight times as many documents.
fn level(segment: &Segment) -> i16 {
    match segment.documents {
        LARGE.. => LAST_LEVEL,
        _ if segment.bytes() >= LARGE_BYTES => LAST_LEVEL,
        0 => 0,
        documents => i16::try_from(documents.ilog2() / 3).unwrap_or(LAST_LEVEL),
    }
}

#[derive(QueryableByName)]
struct Block {
    #[diesel(sql_type = SqlUuid)]
    segment_id: Uuid,
    #[diesel(sql_type = Integer)]
    block: i32,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

/// Blocks by their segments and numbers; those that are not there are empty.
pub(super) type Blocks = HashMap<(Uuid, i32), Vec<u8>>;

/// Reads some blocks.
pub(super) async fn blocks(
    conn: &mut Conn,
    project: ProjectId,
    wanted: impl IntoIterator<Item = (Uuid, i32)>,
) -> Result<Blocks> {
    let (segments, numbers): (Vec<Uuid>, Vec<i32>) = wanted.into_iter().unzip();
    if segments.is_empty() {
        return Ok(Blocks::new());
    }
    let rows: Vec<Block> = sql_query(
        "SELECT found.* FROM unnest($2, $3) AS wanted (segment_id, block),
             LATERAL (SELECT segment_id, block, body FROM search_blocks
                 WHERE project_id = $1 AND search_blocks.segment_id = wanted.segment_id
                     AND search_blocks.block = wanted.block LIMIT 1) found",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<Array<SqlUuid>, _>(segments)
    .bind::<Array<Integer>, _>(numbers)
    .load(conn)
    .await?;
    let block = |row: Block| ((row.segment_id, row.block), row.body);
    Ok(rows.into_iter().map(block).collect())
}

/// Reads all blocks of some segments, by their segments, in the order of their numbers.
pub(super) async fn all_blocks(
    conn: &mut Conn,
    project: ProjectId,
    segments: &[Uuid],
) -> Result<HashMap<Uuid, Vec<(i32, Vec<u8>)>>> {
    let rows: Vec<Block> = sql_query(
        "SELECT segment_id, block, body FROM search_blocks
         WHERE project_id = $1 AND segment_id = ANY($2) ORDER BY segment_id, block",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<Array<SqlUuid>, _>(segments)
    .load(conn)
    .await?;
    let mut blocks: HashMap<Uuid, Vec<(i32, Vec<u8>)>> = HashMap::new();
    for row in rows {
        let of_segment = blocks.entry(row.segment_id).or_default();
        of_segment.push((row.block, row.body));
    }
    Ok(blocks)
}
