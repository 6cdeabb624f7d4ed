//! Runs whose conclusions are drawn by the worker: those that nothing more is heard of, and those
//! with too many steps to be summed up while their steps arrive.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use runwatch_core::claims::{Claims, Field};
use runwatch_core::failures::ToldFailure;
use runwatch_core::ids::{ProjectId, RunId};
use runwatch_core::limits::{ABANDONED_AFTER_HOURS, STEPS_SUMMARIZED_AT_INGEST_MAX};
use runwatch_core::rollup::Contribution;
use runwatch_core::step::Step;
use runwatch_core::summary::{Facts, Summary, summarize};

use crate::error::{Result, StoreError};
use crate::ingest::RunKey;
use crate::ingest::arrays::{Failures, Params, Runs};
use crate::ingest::changes::Changes;
use crate::ingest::connection::Writer;
use crate::ingest::deltas::{FlushDeltas, Old};
use crate::ingest::read::told;

/// How long reading the steps of one run may take: a run of many millions takes a minute.
const READING: &str = "BEGIN READ ONLY; SET LOCAL statement_timeout = '10min'";

/// A run that was summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recounted {
    /// The run.
    pub run: RunId,
    /// More arrived meanwhile, so that it is to be summed up again.
    pub again: bool,
}

impl Writer {
    /// Sums up the next run that has too many steps for ingest, but for those that `rest`; none if
    /// there is none.
    ///
    /// The steps are read before the run is locked, so that what arrives for it is not held up; if
    /// anything arrived, the run is left to be summed up again.
    pub async fn recount_next(&mut self, rest: &[Uuid]) -> Result<Option<Recounted>> {
        let found = self
            .client
            .query_opt(&self.sql.find_recount, &[&rest])
            .await?;
        let Some(row) = found else { return Ok(None) };
        let key: RunKey = (ProjectId(row.try_get(0)?), RunId(row.try_get(1)?));
        let (run_day, seen) = (row.try_get(2)?, Seen::of(&row, 3, 4)?);
        let steps = self
            .guarded(async |writer| {
                writer.client.batch_execute(READING).await?;
                let steps = writer.read_steps(key, run_day, None).await?;
                writer.client.batch_execute("COMMIT").await?;
                Ok(steps)
            })
            .await?;
        let again = self
            .guarded(async |writer| writer.recount(key, &steps, seen).await)
            .await?;
        let run = key.1;
        Ok(Some(Recounted { run, again }))
    }

    /// Closes the next run of which nothing was received for [`ABANDONED_AFTER_HOURS`]; false if
    /// there is none.
    pub async fn abandon_next(&mut self) -> Result<bool> {
        self.guarded(async |writer| writer.abandon().await).await
    }

    /// Draws the conclusions from these steps; says whether there are more by now.
    async fn recount(&self, key: RunKey, steps: &[Step], seen: Seen) -> Result<bool> {
        self.client.batch_execute("BEGIN").await?;
        let params: Params<'_> = vec![&key.0.0, &key.1.0];
        let locked = self
            .client
            .query_opt(&self.sql.lock_recount, &params)
            .await?;
        let mut again = false;
        if let Some(row) = &locked {
            again = Seen::of(row, 7, 6)? != seen;
            self.resummarize(row, steps).await?;
        }
        if again {
            self.client
                .execute(&self.sql.recount_again, &params)
                .await?;
        }
        self.client.batch_execute("COMMIT").await?;
        Ok(again)
    }

    async fn abandon(&self) -> Result<bool> {
        self.client.batch_execute("BEGIN").await?;
        let params: Params<'_> = vec![&ABANDONED_AFTER_HOURS];
        let locked = self
            .client
            .query_opt(&self.sql.lock_abandoned, &params)
            .await?;
        if let Some(row) = &locked {
            let (project, run) = key_of(row)?;
            let steps: i64 = row.try_get(6)?;
            if steps > STEPS_SUMMARIZED_AT_INGEST_MAX {
                // It is closed as it is summed up, for which its steps are read without a lock.
                let params: Params<'_> = vec![&project.0, &run.0];
                self.client
                    .execute(&self.sql.abandon_large, &params)
                    .await?;
            } else {
                let steps = self.read_steps((project, run), row.try_get(2)?, None);
                self.resummarize(row, &steps.await?).await?;
            }
        }
        self.client.batch_execute("COMMIT").await?;
        Ok(locked.is_some())
    }

    /// Writes what follows from the steps of a run that is locked.
    async fn resummarize(&self, row: &Row, steps: &[Step]) -> Result<()> {
        let key = key_of(row)?;
        let run_day = row.try_get(2)?;
        let unreadable = |error: serde_json::Error| StoreError::Unreadable(error.to_string());
        let claims: Claims = serde_json::from_str(row.try_get(4)?).map_err(unreadable)?;
        let last_received_at: DateTime<Utc> = row.try_get(7)?;
        let abandoned: bool = row.try_get(8)?;
        let failures = self.read_failures(key, run_day).await?;
        let told_failures: Vec<ToldFailure> = failures.iter().filter_map(told).collect();
        let facts = Facts {
            claims: &claims,
            steps,
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
        self.insert_deltas(deltas).await?;
        let started_at = summary.started_at.unwrap_or_default();
        let changes = Changes::of_conclusions(key, run_day, started_at);
        self.insert_changes(changes, row.try_get(9)?).await
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

/// By what is noticed that something arrived for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    last_received_at: DateTime<Utc>,
    steps: i64,
}

impl Seen {
    /// Reads it from the columns of these numbers.
    fn of(row: &Row, last_received_at: usize, steps: usize) -> Result<Self> {
        Ok(Self {
            last_received_at: row.try_get(last_received_at)?,
            steps: row.try_get(steps)?,
        })
    }
}

fn key_of(row: &Row) -> Result<RunKey> {
    Ok((ProjectId(row.try_get(0)?), RunId(row.try_get(1)?)))
}
