//! Writing the rows of a flush, each kind in one statement.

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use uuid::Uuid;

use runwatch_core::ids::StepId;

use crate::error::{Result, StoreError};
use crate::ingest::arrays::{Chunks, Failures, Params, Runs, Steps};
use crate::ingest::conflicts::quarantined;
use crate::ingest::connection::Writer;
use crate::ingest::deltas::FlushDeltas;
use crate::ingest::write::{Resolved, StoredChunk};
use crate::ingest::{Arrival, Quarantined, Reply};

impl Writer {
    /// Deletes what is replaced: unfinished copies of steps, and failures that are computed anew.
    pub(super) async fn make_room(&self, runs: &[Resolved<'_>]) -> Result<()> {
        let deletions = runs
            .iter()
            .filter(|run| run.old.is_some())
            .map(|run| async {
                let (project, id) = run.key;
                if !run.merged.replaced.is_empty() {
                    let steps: Vec<&[u8]> =
                        run.merged.replaced.iter().map(StepId::as_bytes).collect();
                    let params: Params<'_> = vec![&project.0, &id.0, &run.run_day, &steps];
                    self.client.execute(&self.sql.delete_steps, &params).await?;
                }
                let had_failures = run.old.as_ref().is_some_and(|old| !old.failures.is_empty());
                if had_failures && !run.deferred {
                    let params: Params<'_> = vec![&project.0, &id.0, &run.run_day];
                    self.client
                        .execute(&self.sql.delete_failures, &params)
                        .await?;
                }
                Ok::<_, StoreError>(())
            });
        try_join_all(deletions).await?;
        Ok(())
    }

    pub(super) async fn update_runs(
        &self,
        runs: &[Resolved<'_>],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut rows = Runs::default();
        let known = || runs.iter().filter(|run| run.old.is_some());
        for run in known().filter(|run| !run.deferred) {
            rows.push(run.key, &run.merged.claims, &run.summary);
        }
        if known().any(|run| !run.deferred) {
            self.write_known(&rows, now, &false).await?;
        }
        for run in known().filter(|run| run.deferred) {
            let (project, id) = run.key;
            let added = run.merged.steps.len() - run.merged.replaced.len();
            let added = i64::try_from(added).unwrap_or(i64::MAX);
            let claims = serde_json::to_string(&run.merged.claims)
                .expect("claims are plain text and numbers");
            let params: Params<'_> = vec![&project.0, &id.0, &added, &claims, &now];
            self.client.execute(&self.sql.defer_run, &params).await?;
        }
        Ok(())
    }

    /// Writes what follows from all facts of runs that this transaction has locked.
    pub(super) async fn write_known(
        &self,
        rows: &Runs<'_>,
        last_received_at: DateTime<Utc>,
        abandoned: &bool,
    ) -> Result<()> {
        let mut params = rows.params();
        params.push(&last_received_at);
        params.push(abandoned);
        self.client.execute(&self.sql.update_runs, &params).await?;
        Ok(())
    }

    pub(super) async fn insert_steps(&self, runs: &[Resolved<'_>]) -> Result<()> {
        let mut rows = Steps::default();
        for run in runs {
            run.merged
                .steps
                .iter()
                .for_each(|(_, step)| rows.push(run.key, run.run_day, step));
        }
        if !rows.is_empty() {
            self.client
                .execute(&self.sql.insert_steps, &rows.params())
                .await?;
        }
        Ok(())
    }

    pub(super) async fn insert_chunks(&self, chunks: &[StoredChunk<'_>]) -> Result<()> {
        let mut rows = Chunks::default();
        chunks
            .iter()
            .for_each(|(key, day, chunk)| rows.push(*key, *day, chunk));
        if !rows.is_empty() {
            self.client
                .execute(&self.sql.insert_chunks, &rows.params())
                .await?;
        }
        Ok(())
    }

    pub(super) async fn insert_failures(&self, runs: &[Resolved<'_>]) -> Result<()> {
        let mut rows = Failures::default();
        for run in runs {
            rows.push_all(run.key, run.run_day, &run.merged.claims, &run.summary);
        }
        if !rows.is_empty() {
            self.client
                .execute(&self.sql.insert_failures, &rows.params())
                .await?;
        }
        Ok(())
    }

    pub(super) async fn insert_deltas(&self, deltas: FlushDeltas) -> Result<()> {
        let (projects, ids, bodies) = deltas.into_rows();
        if !ids.is_empty() {
            self.client
                .execute(&self.sql.insert_deltas, &[&projects, &ids, &bodies])
                .await?;
        }
        Ok(())
    }

    /// Keeps what was refused before the flush, and what contradicts what is stored.
    pub(super) async fn insert_quarantine(
        &self,
        arrivals: &[Arrival],
        replies: &[Reply],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let conflicts: Vec<(Uuid, Vec<Quarantined>)> = (arrivals.iter().zip(replies))
            .map(|(arrival, reply)| (arrival.project.0, quarantined(arrival, reply)))
            .collect();
        let refused = arrivals
            .iter()
            .map(|arrival| (arrival.project.0, &arrival.quarantine));
        let conflicts = conflicts.iter().map(|(project, items)| (*project, items));
        let items: Vec<(Uuid, &Quarantined)> = refused
            .chain(conflicts)
            .flat_map(|(project, items)| items.iter().map(move |item| (project, item)))
            .collect();
        if items.is_empty() {
            return Ok(());
        }
        let projects: Vec<Uuid> = items.iter().map(|(project, _)| *project).collect();
        let ids: Vec<Uuid> = items.iter().map(|_| Uuid::now_v7()).collect();
        let sent_as: Vec<&str> = items.iter().map(|(_, item)| item.item).collect();
        let codes: Vec<&str> = items.iter().map(|(_, item)| item.code.as_str()).collect();
        let messages: Vec<&str> = items
            .iter()
            .map(|(_, item)| item.message.as_str())
            .collect();
        let bodies: Vec<&[u8]> = items.iter().map(|(_, item)| item.body.as_slice()).collect();
        let params: Params<'_> = vec![&projects, &ids, &sent_as, &codes, &messages, &bodies, &now];
        self.client
            .execute(&self.sql.insert_quarantine, &params)
            .await?;
        Ok(())
    }
}
