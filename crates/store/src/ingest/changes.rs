//! What a transaction changed, for those who follow it (`core::changes`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use runwatch_core::changes::{RunChange, to_bytes};
use runwatch_core::ids::ProjectId;
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::ingest::RunKey;
use crate::ingest::connection::Writer;
use crate::ingest::write::{Resolved, StoredChunk};

/// The changes of one transaction, by project.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<ProjectId, Vec<RunChange>>);

impl Changes {
    /// What is new of the runs of a flush.
    pub(super) fn of_flush(
        runs: &[Resolved<'_>],
        chunks: &[StoredChunk<'_>],
        now: DateTime<Utc>,
    ) -> Self {
        let mut changes = Self::default();
        let mut ids: HashMap<RunKey, Vec<Uuid>> = HashMap::new();
        for (key, _, chunk) in chunks {
            ids.entry(*key).or_default().push(chunk.id);
        }
        for run in runs {
            let chunks = ids.remove(&run.key).unwrap_or_default();
            let is_known = run.old.is_some() && !run.merged.changed;
            if is_known && chunks.is_empty() && !run.is_reopened {
                continue;
            }
            let (project, id) = run.key;
            changes.add(
                project,
                RunChange {
                    run: id,
                    day: run.run_day,
                    started_at: started_at(run, now),
                    steps: run.merged.steps.iter().map(|(_, step)| step.id).collect(),
                    chunks,
                    texts: texts(run),
                },
            );
        }
        changes
    }

    /// Of a run nothing arrived, but something else follows from what is known of it.
    pub(super) fn of_conclusions(
        (project, run): RunKey,
        day: NaiveDate,
        started_at: Timestamp,
    ) -> Self {
        let mut changes = Self::default();
        changes.add(project, RunChange::without_steps(run, day, started_at));
        changes
    }

    fn add(&mut self, project: ProjectId, change: RunChange) {
        self.0.entry(project).or_default().push(change);
    }
}

impl Writer {
    /// Writes them down, one row a project.
    pub(super) async fn insert_changes(&self, changes: Changes, now: DateTime<Utc>) -> Result<()> {
        if changes.0.is_empty() {
            return Ok(());
        }
        let projects: Vec<Uuid> = changes.0.keys().map(|project| project.0).collect();
        let bodies: Vec<Vec<u8>> = changes.0.values().map(|runs| to_bytes(runs)).collect();
        self.client
            .execute(&self.sql.insert_changes, &[&projects, &bodies, &now])
            .await?;
        Ok(())
    }
}

/// The run's start; where it is not summed up here, the one that was known before.
fn started_at(run: &Resolved<'_>, now: DateTime<Utc>) -> Timestamp {
    let arriving = run.merged.steps.iter().map(|(_, step)| step.started_at);
    let known = run.summary.started_at.or(run.known_start);
    let known = known.or_else(|| arriving.min());
    known.unwrap_or(Timestamp(now.timestamp_micros()))
}

/// Names and errors of what arrives, each once.
fn texts(run: &Resolved<'_>) -> Vec<String> {
    let mut texts: BTreeSet<&str> = BTreeSet::new();
    for (_, step) in &run.merged.steps {
        texts.insert(&step.name);
        if let Some(error) = &step.error {
            let said = [&error.kind, &error.code, &error.message];
            texts.extend(said.into_iter().flatten().map(String::as_str));
        }
    }
    let told = run.parts.iter().flat_map(|part| &part.part.failures);
    texts.extend(told.map(|failure| failure.message.as_str()));
    let said = texts.into_iter().filter(|text| !text.is_empty());
    said.map(str::to_owned).collect()
}
