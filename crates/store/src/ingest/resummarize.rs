//! Runs whose conclusions are drawn by the worker: those that nothing more is heard of, and those
//! with too many steps to be summed up while their steps arrive.

use chrono::{DateTime, Utc};
use tokio_postgres::{Row, Statement};

use runwatch_core::claims::{Claims, Field};
use runwatch_core::failures::ToldFailure;
use runwatch_core::ids::{ProjectId, RunId};
use runwatch_core::limits::ABANDONED_AFTER_HOURS;
use runwatch_core::rollup::Contribution;
use runwatch_core::summary::{Facts, Summary, summarize};

use crate::error::{Result, StoreError};
use crate::ingest::RunKey;
use crate::ingest::arrays::{Failures, Params, Runs};
use crate::ingest::connection::Writer;
use crate::ingest::deltas::{FlushDeltas, Old};
use crate::ingest::read::told;

impl Writer {
    /// Sums up the next run that has too many steps for ingest; false if there is none.
    pub async fn recount_next(&mut self) -> Result<bool> {
        let statement = self.sql.lock_recount.clone();
        self.guarded(async |writer| writer.resummarize(&statement, &Vec::new()).await)
            .await
    }

    /// Closes the next run of which nothing was received for [`ABANDONED_AFTER_HOURS`]; false if
    /// there is none.
    pub async fn abandon_next(&mut self) -> Result<bool> {
        let statement = self.sql.lock_abandoned.clone();
        let params: Params<'_> = vec![&ABANDONED_AFTER_HOURS];
        self.guarded(async |writer| writer.resummarize(&statement, &params).await)
            .await
    }

    async fn resummarize(&self, lock: &Statement, params: &Params<'_>) -> Result<bool> {
        self.client.batch_execute("BEGIN").await?;
        let locked = self.client.query_opt(lock, params).await?;
        if let Some(row) = &locked {
            self.resummarize_locked(row).await?;
        }
        self.client.batch_execute("COMMIT").await?;
        Ok(locked.is_some())
    }

    async fn resummarize_locked(&self, row: &Row) -> Result<()> {
        let key: RunKey = (ProjectId(row.try_get(0)?), RunId(row.try_get(1)?));
        let run_day = row.try_get(2)?;
        let unreadable = |error: serde_json::Error| StoreError::Unreadable(error.to_string());
        let claims: Claims = serde_json::from_str(row.try_get(4)?).map_err(unreadable)?;
        let last_received_at: DateTime<Utc> = row.try_get(7)?;
        let abandoned: bool = row.try_get(8)?;
        let steps = self.read_steps(key, run_day, None).await?;
        let failures = self.read_failures(key, run_day).await?;
        let told_failures: Vec<ToldFailure> = failures.iter().filter_map(told).collect();
        let facts = Facts {
            claims: &claims,
            steps: &steps,
            told_failures: &told_failures,
            abandoned,
        };
        let summary = summarize(facts);
        let old = Old {
            contribution: Contribution::from_bytes(row.try_get(5)?)?,
            failures,
        };
        let mut deltas = FlushDeltas::default();
        deltas.resummarized(key, &old, &summary, claims.get(Field::Release));
        let mut rows = Runs::default();
        rows.push(key, &claims, &summary);
        self.write_known(&rows, last_received_at, &abandoned)
            .await?;
        self.replace_failures(key, run_day, &claims, &summary)
            .await?;
        self.insert_deltas(deltas).await
    }

    async fn replace_failures(
        &self,
        key: RunKey,
        run_day: chrono::NaiveDate,
        claims: &Claims,
        summary: &Summary,
    ) -> Result<()> {
        let (project, run) = key;
        self.client
            .execute(&self.sql.delete_failures, &[&project.0, &run.0, &run_day])
            .await?;
        let mut rows = Failures::default();
        rows.push_all(key, run_day, claims, summary);
        if !rows.is_empty() {
            self.client
                .execute(&self.sql.insert_failures, &rows.params())
                .await?;
        }
        Ok(())
    }
}
