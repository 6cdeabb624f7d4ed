//! Making segments from what changed.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Date, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::changes::{Position, RunChange, RunTexts};
use runwatch_core::ids::ProjectId;
use runwatch_core::limits::{CHANGES_PER_READ_MAX, INDEXED_AT_ONCE_BYTES};
use runwatch_core::payload::Encoding;
use runwatch_search::grams::{Gram, Grams};
use runwatch_search::segment::{Builder, DOCUMENTS_MAX, Segment};

use crate::changes;
use crate::error::{Result, StoreError};
use crate::partitions::bounds;
use crate::payloads::{OpenChunk, listed_steps};
use crate::pool::{Conn, try_lock};
use crate::search::segments;
use crate::search::{Document, Source};

/// Grams of documents after which a segment is finished: they lie in memory until then, 8 bytes each.
const GRAMS_PER_SEGMENT: usize = 2_000_000;
/// Runs that changed and are worth a segment at once. Small segments are merged sooner, which is work.
const DOCUMENTS_WORTH_A_SEGMENT: usize = 64;
/// Key of the advisory lock that lets one process make segments at a time: its letters are "rw-index".
pub(super) const LOCK: i64 = i64::from_be_bytes(*b"rw-index");

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    project_id: Uuid,
    #[diesel(sql_type = BigInt)]
    transaction_id: i64,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
    #[diesel(sql_type = Binary)]
    texts: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    text_bytes: i64,
    #[diesel(sql_type = Bool)]
    is_old: bool,
}

#[derive(QueryableByName)]
struct ChunkRow {
    #[diesel(sql_type = SqlUuid)]
    project_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    chunk_id: Uuid,
    #[diesel(sql_type = Binary)]
    steps: Vec<u8>,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

/// What changed of a run.
struct Changed {
    project: ProjectId,
    change: RunChange,
    texts: RunTexts,
}

/// The chunks of some changes, by project, run and id.
type Chunks = HashMap<(Uuid, Uuid, Uuid), ChunkRow>;

/// Makes segments from the next changes, in one transaction, and says how many documents they have.
///
/// They have none if nothing has changed, if another process is at it, or if there are so few changes
/// that they can wait, unless they did so for longer than `patience`: readers look at them one by one.
pub async fn index(conn: &mut Conn, patience: Duration) -> Result<usize> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        if !try_lock(conn, LOCK).await? {
            return Ok(0);
        }
        let Some((changes, next)) = next_changes(conn, patience).await? else {
            return Ok(0);
        };
        let mut chunks = chunks_of(conn, &changes).await?;
        let mut building = Building::default();
        for changed in &changes {
            for document in Document::all_of(&changed.change) {
                let Some(document) = building.read(document, changed, &mut chunks)? else {
                    continue;
                };
                if let Some(full) = building.add(changed.project, &document) {
                    segments::insert(conn, changed.project, full).await?;
                }
            }
        }
        for (project, open) in building.open {
            segments::insert(conn, project, open.builder.finish()).await?;
        }
        advance(conn, next).await?;
        // Changes without texts are dealt with too.
        Ok(building.documents.max(1))
    })
    .await
}

/// Writes up to where changes were read, and whether some were forgotten before they were.
async fn advance(conn: &mut Conn, next: Position) -> Result<()> {
    sql_query(
        "UPDATE change_readers gap SET transaction_id = forget.transaction_id
         FROM change_readers forget, change_readers search
         WHERE gap.reader = 'search_gap' AND forget.reader = 'forget' AND search.reader = 'search'
             AND forget.transaction_id > search.transaction_id",
    )
    .execute(conn)
    .await?;
    sql_query("UPDATE change_readers SET transaction_id = $1 WHERE reader = 'search'")
        .bind::<BigInt, _>(next.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// The next changes of all projects, those of a transaction together, and where to go on; none if there
/// are none, or too few.
async fn next_changes(
    conn: &mut Conn,
    patience: Duration,
) -> Result<Option<(Vec<Changed>, Position)>> {
    let head = changes::head(conn).await?;
    begin_anew_after_a_restore(conn, head).await?;
    let rows: Vec<Row> = sql_query(
        "WITH next AS (
             SELECT transaction_id, sum(text_bytes) AS bytes FROM run_changes
             WHERE transaction_id < $1 AND transaction_id >= (
                 SELECT transaction_id FROM change_readers WHERE reader = 'search')
             GROUP BY transaction_id ORDER BY transaction_id LIMIT $2),
         counted AS (
             SELECT transaction_id, sum(bytes) OVER (ORDER BY transaction_id) - bytes AS before
             FROM next)
         SELECT project_id, transaction_id, body, texts, text_bytes,
             recorded_at < rw_now() - $3 * interval '1 millisecond' AS is_old
         FROM run_changes JOIN counted USING (transaction_id)
         WHERE before < $4 ORDER BY transaction_id",
    )
    .bind::<BigInt, _>(head.0)
    .bind::<BigInt, _>(CHANGES_PER_READ_MAX)
    .bind::<BigInt, _>(i64::try_from(patience.as_millis()).unwrap_or(i64::MAX))
    .bind::<BigInt, _>(INDEXED_AT_ONCE_BYTES)
    .load(conn)
    .await?;
    let (Some(first), Some(last)) = (rows.as_slice().first(), rows.as_slice().last()) else {
        return Ok(None);
    };
    let next = Position(last.transaction_id + 1);
    let transactions = rows.chunk_by(|a, b| a.transaction_id == b.transaction_id);
    let bytes: i64 = rows.iter().map(|row| row.text_bytes).sum();
    let is_full = i64::try_from(transactions.count()) == Ok(CHANGES_PER_READ_MAX)
        || bytes >= INDEXED_AT_ONCE_BYTES;
    let is_old = first.is_old;
    let mut changed = Vec::new();
    for row in rows {
        let project = ProjectId(row.project_id);
        let texts = changes::read_texts(&row.texts)?;
        let changes = changes::read(&row.body)?.into_iter().zip(texts);
        changed.extend(changes.map(|(change, texts)| Changed {
            project,
            change,
            texts,
        }));
    }
    let is_due = is_old || is_full || changed.len() >= DOCUMENTS_WORTH_A_SEGMENT;
    Ok(is_due.then_some((changed, next)))
}

/// Ids of transactions are those of the server: in a database that was dumped and restored they begin
/// anew, far below the position that came with it.
async fn begin_anew_after_a_restore(conn: &mut Conn, head: Position) -> Result<()> {
    sql_query(
        "UPDATE change_readers SET transaction_id = CASE reader WHEN 'search_gap' THEN 1 ELSE 0 END
         WHERE EXISTS (SELECT FROM change_readers WHERE transaction_id > $1)",
    )
    .bind::<BigInt, _>(head.0)
    .execute(conn)
    .await?;
    Ok(())
}

/// The chunks of changes.
async fn chunks_of(conn: &mut Conn, changes: &[Changed]) -> Result<Chunks> {
    let (mut projects, mut runs, mut days, mut ids) = (vec![], vec![], vec![], vec![]);
    for Changed {
        project, change, ..
    } in changes
    {
        for chunk in &change.chunks {
            projects.push(project.0);
            runs.push(change.run.0);
            days.push(change.day);
            ids.push(*chunk);
        }
    }
    if ids.is_empty() {
        return Ok(Chunks::new());
    }
    let (first_day, last_day) = bounds(&days);
    let rows: Vec<ChunkRow> = sql_query(
        "SELECT found.*
         FROM unnest($1, $2, $3, $4) AS wanted (project_id, run_id, run_day, chunk_id),
             LATERAL (SELECT project_id, run_id, chunk_id, steps, body FROM agent_payloads chunk
                 WHERE run_day BETWEEN $5 AND $6 AND chunk.run_day = wanted.run_day
                     AND chunk.project_id = wanted.project_id AND chunk.run_id = wanted.run_id
                     AND chunk.chunk_id = wanted.chunk_id LIMIT 1) found",
    )
    .bind::<Array<SqlUuid>, _>(projects)
    .bind::<Array<SqlUuid>, _>(runs)
    .bind::<Array<Date>, _>(days)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Date, _>(first_day)
    .bind::<Date, _>(last_day)
    .load(conn)
    .await?;
    let key = |row: &ChunkRow| (row.project_id, row.run_id, row.chunk_id);
    Ok(rows.into_iter().map(|row| (key(&row), row)).collect())
}

/// Segments while their documents are added.
#[derive(Default)]
struct Building {
    grams: Grams,
    /// The grams of one document.
    of_document: Vec<Gram>,
    open: BTreeMap<ProjectId, Open>,
    documents: usize,
}

#[derive(Default)]
struct Open {
    builder: Builder,
    documents: u32,
    grams: usize,
}

impl Building {
    /// Reads the grams of a document, and gives back what they are of: of a chunk that cannot be read,
    /// the steps that it lists; none if it is gone.
    fn read(
        &mut self,
        mut document: Document,
        changed: &Changed,
        chunks: &mut Chunks,
    ) -> Result<Option<Document>> {
        let texts = match &document.source {
            Source::Told(_) => &changed.texts.told,
            Source::Steps(_) | Source::Chunk(_) => &changed.texts.of_steps,
        };
        if let Source::Chunk(id) = &document.source {
            let key = (changed.project.0, changed.change.run.0, *id);
            let Some(row) = chunks.remove(&key) else {
                return Ok(None);
            };
            if let Err(error) = self.read_chunk(&row) {
                tracing::error!(%error, chunk = %id, "A payload chunk cannot be read, nor searched");
                document.source = Source::Steps(listed_steps(&row.steps)?);
            }
        }
        texts.iter().for_each(|text| self.grams.add_text(text));
        Ok(Some(document))
    }

    fn read_chunk(&mut self, row: &ChunkRow) -> Result<()> {
        for text in OpenChunk::open(&row.steps, &row.body)?.texts()? {
            match text.encoding {
                Encoding::Json => self.grams.add_json(text.body),
                Encoding::Text => self.grams.add_text(text.body),
            }
        }
        Ok(())
    }

    /// Adds a document of the grams that were read; gives back its segment if that is full.
    fn add(&mut self, project: ProjectId, document: &Document) -> Option<Segment> {
        self.of_document.clear();
        self.grams.take(&mut self.of_document);
        let rank = document.place().rank().into();
        let open = self.open.entry(project).or_default();
        open.builder
            .push(rank, &document.to_bytes(), &self.of_document);
        open.documents += 1;
        open.grams += self.of_document.len();
        self.documents += 1;
        let is_full = open.documents == DOCUMENTS_MAX || open.grams > GRAMS_PER_SEGMENT;
        let full = is_full.then(|| self.open.remove(&project)).flatten();
        full.map(|full| full.builder.finish())
    }
}
