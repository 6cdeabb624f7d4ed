//! What a transaction changed, for those who follow it (`core::changes`).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use runwatch_core::changes::{ChangedStep, RunChange, RunTexts, to_bytes};
use runwatch_core::ids::ProjectId;
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::ingest::RunKey;
use crate::ingest::arrays::Params;
use crate::ingest::connection::Writer;
use crate::ingest::write::{Resolved, StoredChunk};
use crate::payloads::{Chunk, ListedStep, listed_steps, short_hash};

/// The changes of one transaction, by project.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<ProjectId, OfProject>);

#[derive(Default)]
struct OfProject {
    runs: Vec<RunChange>,
    /// Of the same runs.
    texts: Vec<RunTexts>,
    /// Bytes of the texts and of the chunks before compression.
    text_bytes: usize,
}

impl Changes {
    /// What is new of the runs of a flush.
    pub(super) fn of_flush(
        runs: &[Resolved<'_>],
        chunks: &[StoredChunk<'_>],
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let mut changes = Self::default();
        let mut of_run: HashMap<RunKey, Vec<&Chunk>> = HashMap::new();
        for (key, _, chunk) in chunks {
            of_run.entry(*key).or_default().push(chunk.as_ref());
        }
        for run in runs {
            let chunks = of_run.remove(&run.key).unwrap_or_default();
            let is_known = run.old.is_some() && !run.merged.changed;
            if is_known && chunks.is_empty() && !run.is_reopened {
                continue;
            }
            let (project, id) = run.key;
            let change = RunChange {
                run: id,
                day: run.run_day,
                started_at: started_at(run, now),
                steps: steps(run, &chunks)?,
                chunks: chunks.iter().map(|chunk| chunk.id).collect(),
                told: run.merged.new_failures.iter().map(|it| it.id).collect(),
            };
            let decoded: usize = chunks.iter().map(|chunk| chunk.decoded_bytes).sum();
            changes.add(project, change, texts(run), decoded);
        }
        Ok(changes)
    }

    /// Of a run nothing arrived, but something else follows from what is known of it.
    pub(super) fn of_conclusions(
        (project, run): RunKey,
        day: NaiveDate,
        started_at: Timestamp,
    ) -> Self {
        let mut changes = Self::default();
        let change = RunChange::without_steps(run, day, started_at);
        changes.add(project, change, RunTexts::default(), 0);
        changes
    }

    fn add(&mut self, project: ProjectId, change: RunChange, texts: RunTexts, decoded: usize) {
        let of_project = self.0.entry(project).or_default();
        let length = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
        // Names and errors are read once for each chunk.
        let read = length(&texts.of_steps) * change.chunks.len().max(1) + length(&texts.told);
        of_project.text_bytes += decoded + read;
        of_project.runs.push(change);
        of_project.texts.push(texts);
    }
}

impl Writer {
    /// Writes them down, one row a project.
    pub(super) async fn insert_changes(&self, changes: Changes, now: DateTime<Utc>) -> Result<()> {
        if changes.0.is_empty() {
            return Ok(());
        }
        let projects: Vec<Uuid> = changes.0.keys().map(|project| project.0).collect();
        let of_projects = || changes.0.values();
        let bodies: Vec<Vec<u8>> = of_projects().map(|it| to_bytes(&it.runs)).collect();
        let texts: Vec<Vec<u8>> = of_projects().map(|it| to_bytes(&it.texts)).collect();
        let text_bytes: Vec<i64> = of_projects()
            .map(|it| i64::try_from(it.text_bytes).unwrap_or(i64::MAX))
            .collect();
        let params: Params<'_> = vec![&projects, &bodies, &texts, &text_bytes, &now];
        self.client
            .execute(&self.sql.insert_changes, &params)
            .await?;
        Ok(())
    }
}

/// The steps that were stored, and whether a chunk has the stored copy.
fn steps(run: &Resolved<'_>, chunks: &[&Chunk]) -> Result<Vec<ChangedStep>> {
    let mut listed: HashSet<ListedStep> = HashSet::new();
    for chunk in chunks {
        listed.extend(listed_steps(&chunk.steps)?);
    }
    let changed = run.merged.steps.iter().map(|(_, step)| {
        let copy = short_hash(step.content_hash);
        ChangedStep {
            id: step.id,
            copy,
            is_in_chunk: listed.contains(&(step.id, copy)),
        }
    });
    Ok(changed.collect())
}

/// The run's start; where it is not summed up here, the one that was known before.
fn started_at(run: &Resolved<'_>, now: DateTime<Utc>) -> Timestamp {
    let arriving = run.merged.steps.iter().map(|(_, step)| step.started_at);
    let known = run.summary.started_at.or(run.known_start);
    let known = known.or_else(|| arriving.min());
    known.unwrap_or(Timestamp(now.timestamp_micros()))
}

/// Names and errors of what arrives, each once.
fn texts(run: &Resolved<'_>) -> RunTexts {
    let mut of_steps: BTreeSet<&str> = BTreeSet::new();
    for (_, step) in &run.merged.steps {
        of_steps.insert(&step.name);
        if let Some(error) = &step.error {
            let said = [&error.kind, &error.code, &error.message];
            of_steps.extend(said.into_iter().flatten().map(String::as_str));
        }
    }
    let told = run.merged.new_failures.iter();
    RunTexts {
        of_steps: said(of_steps),
        told: said(told.map(|failure| failure.message.as_str()).collect()),
    }
}

fn said(texts: BTreeSet<&str>) -> Vec<String> {
    let said = texts.into_iter().filter(|text| !text.is_empty());
    said.map(str::to_owned).collect()
}
