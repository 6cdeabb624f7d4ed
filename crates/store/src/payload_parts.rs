//! Reading inputs, outputs and their like out of a run's payload chunks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::ids::{ProjectId, StepId};

use crate::error::Result;
use crate::payloads::{
    self, ListedStep, StoredPart, listed_steps, parts_of_run, parts_of_step, short_hash,
};
use crate::pool::Conn;
use crate::runs::RunPlace;
use crate::schema::agent_payloads;

/// The parts that were told of the run as a whole, each once. It opens every chunk of the run, so
/// it is for runs whose claims say that there are any.
pub async fn of_run(
    conn: &mut Conn,
    project: ProjectId,
    place: RunPlace,
) -> Result<Vec<StoredPart>> {
    let mut parts = Vec::new();
    for chunk in chunk_ids(conn, project, place).await? {
        let (_, body) = find_chunk(conn, project, place, chunk).await?;
        add(&mut parts, parts_of_run(&body)?);
    }
    Ok(parts)
}

/// The parts of the copy of a step that has this content hash, each once.
pub async fn of_step(
    conn: &mut Conn,
    project: ProjectId,
    place: RunPlace,
    step: StepId,
    content_hash: i64,
) -> Result<Vec<StoredPart>> {
    let copy = (step, short_hash(content_hash));
    let lists: Vec<(Uuid, Vec<u8>)> = agent_payloads::table
        .filter(agent_payloads::project_id.eq(project.0))
        .filter(agent_payloads::run_id.eq(place.run.0))
        .filter(agent_payloads::run_day.eq(place.day))
        .order(agent_payloads::chunk_id)
        .select((agent_payloads::chunk_id, agent_payloads::steps))
        .load(conn)
        .await?;
    let mut parts = Vec::new();
    for (chunk, steps) in lists {
        if listed_steps(&steps)?.contains(&copy) {
            let (steps, body) = find_chunk(conn, project, place, chunk).await?;
            add(&mut parts, parts_of_step(&steps, &body, copy)?);
        }
    }
    Ok(parts)
}

/// Inputs and outputs by the copy of a step that they are of; what several have is there once.
pub type InputsAndOutputs = HashMap<ListedStep, Vec<Arc<StoredPart>>>;

/// The inputs and outputs of some steps of a run; none if they have more bytes than the limit, in
/// which case fewer steps should be asked about. It opens one chunk at a time.
pub async fn inputs_and_outputs(
    conn: &mut Conn,
    project: ProjectId,
    place: RunPlace,
    copies: &HashSet<ListedStep>,
    bytes_max: usize,
) -> Result<Option<InputsAndOutputs>> {
    let mut found = InputsAndOutputs::new();
    let mut bytes = 0;
    for chunk in chunk_ids(conn, project, place).await? {
        let (steps, body) = find_chunk(conn, project, place, chunk).await?;
        if !listed_steps(&steps)?
            .iter()
            .any(|step| copies.contains(step))
        {
            continue;
        }
        let parts = payloads::inputs_and_outputs(&steps, &body, |step| copies.contains(step))?;
        for (owners, stored) in parts {
            bytes += stored.body.len();
            let stored = Arc::new(stored);
            for owner in owners {
                let of_step = found.entry(owner).or_default();
                // As in `add`: the chunk with the smallest id stands.
                if of_step.iter().all(|known| known.part != stored.part) {
                    of_step.push(Arc::clone(&stored));
                }
            }
        }
        if bytes > bytes_max {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

async fn chunk_ids(conn: &mut Conn, project: ProjectId, place: RunPlace) -> Result<Vec<Uuid>> {
    Ok(agent_payloads::table
        .filter(agent_payloads::project_id.eq(project.0))
        .filter(agent_payloads::run_id.eq(place.run.0))
        .filter(agent_payloads::run_day.eq(place.day))
        .order(agent_payloads::chunk_id)
        .select(agent_payloads::chunk_id)
        .load(conn)
        .await?)
}

/// A chunk's list of steps and its body.
async fn find_chunk(
    conn: &mut Conn,
    project: ProjectId,
    place: RunPlace,
    chunk: Uuid,
) -> Result<(Vec<u8>, Vec<u8>)> {
    Ok(agent_payloads::table
        .filter(agent_payloads::project_id.eq(project.0))
        .filter(agent_payloads::run_id.eq(place.run.0))
        .filter(agent_payloads::run_day.eq(place.day))
        .filter(agent_payloads::chunk_id.eq(chunk))
        .select((agent_payloads::steps, agent_payloads::body))
        .first(conn)
        .await?)
}

/// The same part may lie in several chunks, when a request was sent again with others; the chunk
/// with the smallest id stands, whatever the order of arrival.
fn add(parts: &mut Vec<StoredPart>, more: Vec<StoredPart>) {
    for part in more {
        if parts.iter().all(|known| known.part != part.part) {
            parts.push(part);
        }
    }
}
