//! Making segments from what changed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Date, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};
use futures_util::TryStreamExt;
use uuid::Uuid;

use runwatch_core::changes::{Position, RunChange};
use runwatch_core::ids::{ProjectId, StepId};
use runwatch_core::limits::{CHANGES_PER_READ_MAX, STEPS_PER_READ};
use runwatch_core::payload::Encoding;
use runwatch_search::grams::{Gram, Grams};
use runwatch_search::segment::{Builder, DOCUMENTS_MAX, Segment};

use crate::changes;
use crate::error::{Result, StoreError};
use crate::partitions::bounds;
use crate::payloads::OpenChunk;
use crate::pool::{Conn, try_lock};
use crate::runs::RunPlace;
use crate::search::segments;
use crate::search::{Document, Source};

/// Grams of documents after which a segment is finished: they lie in memory until then, 8 bytes each.
const GRAMS_PER_SEGMENT: usize = 2_000_000;
/// Runs that changed and are worth a segment at once. Small segments are merged sooner, which is work.
const DOCUMENTS_WORTH_A_SEGMENT: usize = 64;
/// Key of the advisory lock that lets one process make segments at a time: its letters are "rw-index".
const LOCK: i64 = i64::from_be_bytes(*b"rw-index");

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    project_id: Uuid,
    #[diesel(sql_type = BigInt)]
    transaction_id: i64,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
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
        let mut building = Building::default();
        let uncovered = add_chunks(conn, &changes, &mut building).await?;
        for (at, steps) in uncovered {
            let (project, change) = &changes[at];
            building.add_steps(*project, change, steps);
        }
        let (documents, segments) = building.finish();
        for (project, segment) in segments {
            segments::insert(conn, project, segment).await?;
        }
        advance(conn, next).await?;
        // Changes without texts are dealt with too.
        Ok(documents.max(1))
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

/// What changed, run by run, with the project.
type Changes = Vec<(ProjectId, RunChange)>;

/// The next changes of all projects, and where to go on; none if there are none, or too few.
async fn next_changes(conn: &mut Conn, patience: Duration) -> Result<Option<(Changes, Position)>> {
    let head = changes::head(conn).await?;
    begin_anew_after_a_restore(conn, head).await?;
    let rows: Vec<Row> = sql_query(
        "WITH next AS (
             SELECT DISTINCT transaction_id FROM run_changes
             WHERE transaction_id < $1 AND transaction_id >= (
                 SELECT transaction_id FROM change_readers WHERE reader = 'search')
             ORDER BY transaction_id LIMIT $2)
         SELECT project_id, transaction_id, body,
             recorded_at < rw_now() - $3 * interval '1 millisecond' AS is_old
         FROM run_changes JOIN next USING (transaction_id) ORDER BY transaction_id",
    )
    .bind::<BigInt, _>(head.0)
    .bind::<BigInt, _>(CHANGES_PER_READ_MAX)
    .bind::<BigInt, _>(i64::try_from(patience.as_millis()).unwrap_or(i64::MAX))
    .load(conn)
    .await?;
    let is_old = rows.as_slice().first().is_some_and(|row| row.is_old);
    let (mut changes, mut next) = (Vec::new(), None);
    let (mut steps, mut transactions) = (0, 0);
    for rows in rows.chunk_by(|a, b| a.transaction_id == b.transaction_id) {
        if steps >= STEPS_PER_READ {
            break;
        }
        for row in rows {
            let runs = changes::read(&row.body)?;
            steps += runs.iter().map(|run| run.steps.len()).sum::<usize>();
            let project = ProjectId(row.project_id);
            changes.extend(runs.into_iter().map(|run| (project, run)));
        }
        next = Some(Position(rows[0].transaction_id + 1));
        transactions += 1;
    }
    let is_much = changes.len() >= DOCUMENTS_WORTH_A_SEGMENT;
    let is_due = is_old || is_much || transactions == CHANGES_PER_READ_MAX;
    Ok(next.filter(|_| is_due).map(|next| (changes, next)))
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

/// Adds the documents that have chunks; gives back which changes have steps that are in none, and those
/// steps.
async fn add_chunks(
    conn: &mut Conn,
    changes: &Changes,
    building: &mut Building,
) -> Result<BTreeMap<usize, Vec<StepId>>> {
    let (mut projects, mut runs, mut days, mut chunks) = (vec![], vec![], vec![], vec![]);
    let mut owners: HashMap<(Uuid, Uuid, Uuid), usize> = HashMap::new();
    for (at, (project, change)) in changes.iter().enumerate() {
        for chunk in &change.chunks {
            owners.insert((project.0, change.run.0, *chunk), at);
            projects.push(project.0);
            runs.push(change.run.0);
            days.push(change.day);
            chunks.push(*chunk);
        }
    }
    let mut covered: HashMap<usize, HashSet<StepId>> = HashMap::new();
    if !chunks.is_empty() {
        let rows = chunk_rows(conn, projects, runs, days, chunks);
        let mut rows = Box::pin(rows.await?);
        while let Some(row) = rows.try_next().await? {
            let Some(at) = owners.get(&(row.project_id, row.run_id, row.chunk_id)) else {
                continue;
            };
            match building.add_chunk(&changes[*at].1, &row) {
                Ok(listed) => covered.entry(*at).or_default().extend(listed),
                // What is known without it is still found.
                Err(error) => {
                    let chunk = row.chunk_id;
                    tracing::error!(%error, %chunk, "A payload chunk cannot be read, nor searched");
                }
            }
        }
    }
    let uncovered = changes.iter().enumerate().filter_map(|(at, (_, change))| {
        let covered = covered.get(&at);
        let is_left = |step: &&StepId| covered.is_none_or(|covered| !covered.contains(*step));
        let left: Vec<StepId> = change.steps.iter().filter(is_left).copied().collect();
        let says_more = covered.is_none() && !change.texts.is_empty();
        (says_more || !left.is_empty()).then_some((at, left))
    });
    Ok(uncovered.collect())
}

async fn chunk_rows(
    conn: &mut Conn,
    projects: Vec<Uuid>,
    runs: Vec<Uuid>,
    days: Vec<NaiveDate>,
    chunks: Vec<Uuid>,
) -> Result<impl futures_util::Stream<Item = diesel::QueryResult<ChunkRow>>> {
    let (first_day, last_day) = bounds(&days);
    let rows = sql_query(
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
    .bind::<Array<SqlUuid>, _>(chunks)
    .bind::<Date, _>(first_day)
    .bind::<Date, _>(last_day)
    .load_stream(conn)
    .await?;
    Ok(rows)
}

/// Segments while their documents are added.
#[derive(Default)]
struct Building {
    grams: Grams,
    /// The grams of one document.
    of_document: Vec<Gram>,
    open: BTreeMap<ProjectId, Open>,
    finished: Vec<(ProjectId, Segment)>,
    documents: usize,
}

#[derive(Default)]
struct Open {
    builder: Builder,
    documents: u32,
    grams: usize,
}

impl Building {
    /// Adds a chunk and says which steps it lists.
    fn add_chunk(&mut self, change: &RunChange, row: &ChunkRow) -> Result<Vec<StepId>> {
        let chunk = OpenChunk::open(&row.steps, &row.body)?;
        for text in chunk.texts()? {
            match text.encoding {
                Encoding::Json => self.grams.add_json(text.body),
                Encoding::Text => self.grams.add_text(text.body),
            }
        }
        let source = Source::Chunk(row.chunk_id);
        self.add(ProjectId(row.project_id), change, source);
        Ok(chunk.steps.iter().map(|(step, _)| *step).collect())
    }

    /// Adds steps that came without payloads.
    fn add_steps(&mut self, project: ProjectId, change: &RunChange, steps: Vec<StepId>) {
        self.add(project, change, Source::Steps(steps));
    }

    /// Adds a document of the grams so far and of the names and errors of its run's steps.
    fn add(&mut self, project: ProjectId, change: &RunChange, source: Source) {
        change
            .texts
            .iter()
            .for_each(|text| self.grams.add_text(text));
        self.of_document.clear();
        self.grams.take(&mut self.of_document);
        let document = Document {
            at: change.started_at,
            run: RunPlace::from(change),
            source,
        };
        let open = self.open.entry(project).or_default();
        let (at, body) = (document.at.0, document.to_bytes());
        open.builder.push(at, &body, &self.of_document);
        open.documents += 1;
        open.grams += self.of_document.len();
        self.documents += 1;
        if (open.documents == DOCUMENTS_MAX || open.grams > GRAMS_PER_SEGMENT)
            && let Some(full) = self.open.remove(&project)
        {
            self.finished.push((project, full.builder.finish()));
        }
    }

    /// How many documents there are, and their segments.
    fn finish(self) -> (usize, Vec<(ProjectId, Segment)>) {
        let mut finished = self.finished;
        let open = self.open.into_iter();
        finished.extend(open.map(|(project, open)| (project, open.builder.finish())));
        (self.documents, finished)
    }
}
