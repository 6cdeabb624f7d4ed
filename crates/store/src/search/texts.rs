//! The texts of documents, for what the index names to be looked at.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{Array, Binary, Date, Integer, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::failures::FailureId;
use runwatch_core::ids::{ProjectId, RunId, StepId};
use runwatch_core::limits::SEARCH_TEXTS_BYTES;

use crate::error::Result;
use crate::partitions::bounds;
use crate::payloads::{ListedStep, OpenChunk, short_hash};
use crate::pool::Conn;
use crate::runs::RunPlace;
use crate::search::{Document, Source};
use crate::steps::{BriefStep, briefs};

/// Bytes of a step in a chunk's list, and of a step or failure as it is read, about.
const LISTED_STEP_BYTES: usize = 13;
const STEP_BYTES: usize = 500;

/// The texts of a document.
pub struct DocumentTexts {
    /// The document.
    pub document: Document,
    /// Inputs, outputs and errors; none if it is gone or there is none.
    pub chunk: Option<OpenChunk>,
    /// Its steps, in the order of their starts, with their positions in the chunk's list. A step whose
    /// copy was replaced since is not there.
    pub steps: Vec<(BriefStep, Option<u32>)>,
    /// Messages of failures that were told of the run, if these are the document.
    pub told: Vec<String>,
}

#[derive(QueryableByName)]
struct ChunkRow {
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    chunk_id: Uuid,
    #[diesel(sql_type = Binary)]
    steps: Vec<u8>,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

#[derive(QueryableByName)]
struct SizeRow {
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    chunk_id: Uuid,
    #[diesel(sql_type = Integer)]
    decoded_bytes: i32,
    #[diesel(sql_type = Integer)]
    steps_bytes: i32,
}

#[derive(QueryableByName)]
struct ToldRow {
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    failure_id: Uuid,
    #[diesel(sql_type = Text)]
    message: String,
}

/// Reads the texts of the first of some documents, in their order: of one at least, and of as many as
/// have no more than [`SEARCH_TEXTS_BYTES`] together.
pub async fn texts(
    conn: &mut Conn,
    project: ProjectId,
    documents: &[Document],
) -> Result<Vec<DocumentTexts>> {
    let count = affordable(conn, project, documents).await?;
    let documents = documents.get(..count).unwrap_or(documents);
    let mut chunks = open_chunks(conn, project, documents).await?;
    let mut told = told(conn, project, documents).await?;
    let opened: Vec<Option<OpenChunk>> = documents
        .iter()
        .map(|document| match &document.source {
            Source::Chunk(id) => chunks.remove(&(document.run.run, *id)),
            Source::Steps(_) | Source::Told(_) => None,
        })
        .collect();
    let wanted: Vec<(RunPlace, StepId)> = documents
        .iter()
        .zip(&opened)
        .flat_map(|(document, chunk)| {
            listed(document, chunk.as_ref()).map(|((step, _), _)| (document.run, step))
        })
        .collect();
    let mut steps: HashMap<(RunId, StepId), BriefStep> = HashMap::new();
    for step in briefs(conn, project, wanted).await? {
        steps.insert((step.run, step.id), step);
    }
    let texts = documents.iter().zip(opened).map(|(document, chunk)| {
        let run = document.run.run;
        let listed = listed(document, chunk.as_ref());
        let mut of_document: Vec<(BriefStep, Option<u32>)> = listed
            .filter_map(|((id, copy), position)| {
                let step = steps.get(&(run, id))?;
                (copy == short_hash(step.content_hash)).then(|| (step.clone(), position))
            })
            .collect();
        of_document.sort_by_key(|(step, _)| (step.started_at, step.id));
        DocumentTexts {
            document: document.clone(),
            chunk,
            steps: of_document,
            told: match &document.source {
                Source::Told(failures) => {
                    let message = |id: &FailureId| told.remove(&(run, *id));
                    failures.iter().filter_map(message).collect()
                }
                Source::Chunk(_) | Source::Steps(_) => Vec::new(),
            },
        }
    });
    Ok(texts.collect())
}

/// The steps of a document, each with its position if a chunk lists it.
fn listed<'a>(
    document: &'a Document,
    chunk: Option<&'a OpenChunk>,
) -> impl Iterator<Item = (ListedStep, Option<u32>)> + 'a {
    let of_chunk = chunk.map_or(&[][..], |chunk| &chunk.steps);
    let of_chunk = of_chunk.iter().zip(0_u32..);
    let alone: &[ListedStep] = match &document.source {
        Source::Steps(steps) => steps,
        Source::Chunk(_) | Source::Told(_) => &[],
    };
    of_chunk
        .map(|(step, position)| (*step, Some(position)))
        .chain(alone.iter().map(|step| (*step, None)))
}

/// How many of the documents may lie in memory together.
async fn affordable(conn: &mut Conn, project: ProjectId, documents: &[Document]) -> Result<usize> {
    let wanted = ChunkKeys::of(documents);
    let mut sizes: HashMap<(RunId, Uuid), usize> = HashMap::new();
    if !wanted.ids.is_empty() {
        let (first_day, last_day) = bounds(&wanted.days);
        let rows: Vec<SizeRow> = sql_query(
            "SELECT found.* FROM unnest($2, $3, $4) AS wanted (run_id, run_day, chunk_id),
                 LATERAL (SELECT run_id, chunk_id, decoded_bytes, octet_length(steps) AS steps_bytes
                     FROM agent_payloads chunk
                     WHERE project_id = $1 AND run_day BETWEEN $5 AND $6
                         AND chunk.run_day = wanted.run_day AND chunk.run_id = wanted.run_id
                         AND chunk.chunk_id = wanted.chunk_id LIMIT 1) found",
        )
        .bind::<SqlUuid, _>(project.0)
        .bind::<Array<SqlUuid>, _>(wanted.runs)
        .bind::<Array<Date>, _>(wanted.days)
        .bind::<Array<SqlUuid>, _>(wanted.ids)
        .bind::<Date, _>(first_day)
        .bind::<Date, _>(last_day)
        .load(conn)
        .await?;
        for row in rows {
            let steps = usize::try_from(row.steps_bytes).unwrap_or(0) / LISTED_STEP_BYTES;
            let size = usize::try_from(row.decoded_bytes).unwrap_or(0) + steps * STEP_BYTES;
            sizes.insert((RunId(row.run_id), row.chunk_id), size);
        }
    }
    let mut bytes = 0;
    let fits = |document: &&Document| {
        bytes += match &document.source {
            Source::Chunk(id) => sizes.get(&(document.run.run, *id)).copied().unwrap_or(0),
            Source::Steps(steps) => steps.len() * STEP_BYTES,
            Source::Told(failures) => failures.len() * STEP_BYTES,
        };
        bytes <= SEARCH_TEXTS_BYTES
    };
    Ok(documents.iter().take_while(fits).count().max(1))
}

/// The chunks of documents, in columns.
#[derive(Default)]
struct ChunkKeys {
    runs: Vec<Uuid>,
    days: Vec<NaiveDate>,
    ids: Vec<Uuid>,
}

impl ChunkKeys {
    fn of(documents: &[Document]) -> Self {
        let mut keys = Self::default();
        for document in documents {
            if let Source::Chunk(id) = &document.source {
                keys.runs.push(document.run.run.0);
                keys.days.push(document.run.day);
                keys.ids.push(*id);
            }
        }
        keys
    }
}

async fn open_chunks(
    conn: &mut Conn,
    project: ProjectId,
    documents: &[Document],
) -> Result<HashMap<(RunId, Uuid), OpenChunk>> {
    let ChunkKeys { runs, days, ids } = ChunkKeys::of(documents);
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (first_day, last_day) = bounds(&days);
    let rows: Vec<ChunkRow> = sql_query(
        "SELECT found.* FROM unnest($2, $3, $4) AS wanted (run_id, run_day, chunk_id),
             LATERAL (SELECT run_id, chunk_id, steps, body FROM agent_payloads chunk
                 WHERE project_id = $1 AND run_day BETWEEN $5 AND $6
                     AND chunk.run_day = wanted.run_day AND chunk.run_id = wanted.run_id
                     AND chunk.chunk_id = wanted.chunk_id LIMIT 1) found",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<Array<SqlUuid>, _>(runs)
    .bind::<Array<Date>, _>(days)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Date, _>(first_day)
    .bind::<Date, _>(last_day)
    .load(conn)
    .await?;
    let open = |row: ChunkRow| match OpenChunk::open(&row.steps, &row.body) {
        Ok(chunk) => Some(((RunId(row.run_id), row.chunk_id), chunk)),
        Err(error) => {
            tracing::error!(%error, chunk = %row.chunk_id, "A payload chunk cannot be read");
            None
        }
    };
    Ok(rows.into_iter().filter_map(open).collect())
}

/// Messages of the failures that are documents.
async fn told(
    conn: &mut Conn,
    project: ProjectId,
    documents: &[Document],
) -> Result<HashMap<(RunId, FailureId), String>> {
    let (mut runs, mut days, mut ids) = (vec![], vec![], vec![]);
    for document in documents {
        if let Source::Told(failures) = &document.source {
            for failure in failures {
                runs.push(document.run.run.0);
                days.push(document.run.day);
                ids.push(failure.0);
            }
        }
    }
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (first_day, last_day) = bounds(&days);
    let rows: Vec<ToldRow> = sql_query(
        "SELECT found.* FROM unnest($2, $3, $4) AS wanted (run_id, run_day, failure_id),
             LATERAL (SELECT run_id, failure_id, message FROM agent_failures failure
                 WHERE project_id = $1 AND run_day BETWEEN $5 AND $6
                     AND failure.run_day = wanted.run_day AND failure.run_id = wanted.run_id
                     AND failure.failure_id = wanted.failure_id LIMIT 1) found",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<Array<SqlUuid>, _>(runs)
    .bind::<Array<Date>, _>(days)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Date, _>(first_day)
    .bind::<Date, _>(last_day)
    .load(conn)
    .await?;
    let told = |row: ToldRow| ((RunId(row.run_id), FailureId(row.failure_id)), row.message);
    Ok(rows.into_iter().map(told).collect())
}
