//! The texts of documents, for what the index names to be looked at.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{Array, Binary, Date, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::ids::{ProjectId, RunId, StepId};

use crate::error::Result;
use crate::partitions::bounds;
use crate::payloads::{OpenChunk, short_hash};
use crate::pool::Conn;
use crate::runs::RunPlace;
use crate::search::{Document, Source};
use crate::steps::{BriefStep, briefs};

/// The texts of a document.
pub struct DocumentTexts {
    /// The document.
    pub document: Document,
    /// Inputs, outputs and errors; none if it is gone or there is none.
    pub chunk: Option<OpenChunk>,
    /// Its steps, in the order of their starts, with their positions in the chunk's list. A step whose
    /// copy was replaced since is not there.
    pub steps: Vec<(BriefStep, Option<u32>)>,
    /// Messages of failures that were told of the run.
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
struct ToldRow {
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
    #[diesel(sql_type = Text)]
    message: String,
}

/// Reads the texts of some documents, in their order.
pub async fn texts(
    conn: &mut Conn,
    project: ProjectId,
    documents: &[Document],
) -> Result<Vec<DocumentTexts>> {
    let mut chunks = open_chunks(conn, project, documents).await?;
    let mut told = told(conn, project, documents).await?;
    let opened: Vec<Option<OpenChunk>> = documents
        .iter()
        .map(|document| match &document.source {
            Source::Chunk(id) => chunks.remove(&(document.run.run, *id)),
            Source::Steps(_) => None,
        })
        .collect();
    let wanted: Vec<(RunPlace, StepId)> = documents
        .iter()
        .zip(&opened)
        .flat_map(|(document, chunk)| {
            listed(document, chunk.as_ref()).map(|(step, _)| (document.run, step))
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
            .filter_map(|(id, copy)| {
                let step = steps.get(&(run, id))?;
                let is_it = copy.is_none_or(|(hash, _)| hash == short_hash(step.content_hash));
                is_it.then(|| (step.clone(), copy.map(|(_, position)| position)))
            })
            .collect();
        of_document.sort_by_key(|(step, _)| (step.started_at, step.id));
        DocumentTexts {
            document: document.clone(),
            chunk,
            steps: of_document,
            told: told.remove(&run).unwrap_or_default(),
        }
    });
    Ok(texts.collect())
}

/// The steps of a document, each with the copy's hash and position if a chunk lists it.
fn listed<'a>(
    document: &'a Document,
    chunk: Option<&'a OpenChunk>,
) -> impl Iterator<Item = (StepId, Option<(u32, u32)>)> + 'a {
    let of_chunk = chunk.map_or(&[][..], |chunk| &chunk.steps);
    let of_chunk = of_chunk.iter().zip(0_u32..);
    let alone: &[StepId] = match &document.source {
        Source::Steps(steps) => steps,
        Source::Chunk(_) => &[],
    };
    of_chunk
        .map(|((id, hash), position)| (*id, Some((*hash, position))))
        .chain(alone.iter().map(|id| (*id, None)))
}

async fn open_chunks(
    conn: &mut Conn,
    project: ProjectId,
    documents: &[Document],
) -> Result<HashMap<(RunId, Uuid), OpenChunk>> {
    let (mut runs, mut days, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for document in documents {
        if let Source::Chunk(id) = &document.source {
            runs.push(document.run.run.0);
            days.push(document.run.day);
            ids.push(*id);
        }
    }
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

/// Messages of failures that were told of runs.
async fn told(
    conn: &mut Conn,
    project: ProjectId,
    documents: &[Document],
) -> Result<HashMap<RunId, Vec<String>>> {
    let runs: Vec<Uuid> = documents.iter().map(|it| it.run.run.0).collect();
    let days: Vec<NaiveDate> = documents.iter().map(|it| it.run.day).collect();
    let (first_day, last_day) = bounds(&days);
    let rows: Vec<ToldRow> = sql_query(
        "SELECT DISTINCT found.* FROM unnest($2, $3) AS wanted (run_id, run_day),
             LATERAL (SELECT run_id, message FROM agent_failures failure
                 WHERE project_id = $1 AND run_day BETWEEN $4 AND $5 AND told
                     AND failure.run_day = wanted.run_day AND failure.run_id = wanted.run_id
                 OFFSET 0) found",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<Array<SqlUuid>, _>(runs)
    .bind::<Array<Date>, _>(days)
    .bind::<Date, _>(first_day)
    .bind::<Date, _>(last_day)
    .load(conn)
    .await?;
    let mut told: HashMap<RunId, Vec<String>> = HashMap::new();
    for row in rows {
        told.entry(RunId(row.run_id)).or_default().push(row.message);
    }
    Ok(told)
}
