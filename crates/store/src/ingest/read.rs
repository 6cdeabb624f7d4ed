//! Reading back what is stored of a run that more arrives for.

use std::pin::pin;

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::TryStreamExt;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};
use uuid::Uuid;

use runwatch_core::failures::{FailureId, FailureType, Fingerprint, ToldFailure};
use runwatch_core::ids::StepId;
use runwatch_core::money::NanoUsd;
use runwatch_core::step::{Step, StepError, StepKind, StepStatus};
use runwatch_core::summary::Failure;
use runwatch_core::time::Timestamp;
use runwatch_core::usage::TokenUsage;

use crate::error::{Result, StoreError};
use crate::ingest::RunKey;
use crate::ingest::connection::Writer;

/// A failure as it is stored, with the release that its run was of.
pub(super) struct StoredFailure {
    pub(super) failure: Failure,
    pub(super) release: Option<String>,
}

impl Writer {
    /// The steps of a run: all of them, or only those with these ids.
    pub(super) async fn read_steps(
        &self,
        (project, run): RunKey,
        day: NaiveDate,
        only: Option<&[&[u8]]>,
    ) -> Result<Vec<Step>> {
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![&project.0, &run.0, &day];
        let statement = match &only {
            None => &self.sql.read_steps,
            Some(ids) => {
                params.push(ids);
                &self.sql.read_known_steps
            }
        };
        // One by one: of a run with very many steps, their rows are not held as well.
        let rows = self.client.query_raw(statement, params).await?;
        let mut rows = pin!(rows);
        let mut steps = Vec::new();
        while let Some(row) = rows.try_next().await? {
            steps.push(step(&row)?);
        }
        Ok(steps)
    }

    /// The failures of a run.
    pub(super) async fn read_failures(
        &self,
        (project, run): RunKey,
        day: NaiveDate,
    ) -> Result<Vec<StoredFailure>> {
        let statement = &self.sql.read_failures;
        let rows = self
            .client
            .query(statement, &[&project.0, &run.0, &day])
            .await?;
        rows.iter().map(failure).collect()
    }
}

/// A failure that was told, as it was told.
pub(super) fn told(stored: &StoredFailure) -> Option<ToldFailure> {
    let failure = &stored.failure;
    Some(ToldFailure {
        id: failure.id,
        step: failure.step,
        kind: failure.kind,
        code: failure.code.clone(),
        message: failure.message.clone(),
        at: failure.told?,
    })
}

fn step(row: &Row) -> Result<Step> {
    let text = |name: &str| get::<Option<String>>(row, name);
    let decided: Option<i16> = get(row, "error_decided")?;
    let error = StepError {
        kind: text("error_type")?,
        code: text("error_code")?,
        message: text("error_message")?,
        decided: decided.map(FailureType::from_code),
    };
    Ok(Step {
        id: step_id(get(row, "step_id")?)?,
        parent: get::<Option<&[u8]>>(row, "parent_id")?
            .map(step_id)
            .transpose()?,
        kind: StepKind::from_code(get(row, "kind")?),
        status: StepStatus::from_code(get(row, "status")?),
        flags: get(row, "flags")?,
        started_at: time(get(row, "started_at")?),
        duration_us: get(row, "duration_us")?,
        name: get(row, "name")?,
        agent: text("agent")?,
        model: text("model")?,
        provider: text("provider")?,
        tool: text("tool")?,
        args_hash: get(row, "args_hash")?,
        usage: TokenUsage {
            input: get(row, "input_tokens")?,
            output: get(row, "output_tokens")?,
            cached: get(row, "cached_tokens")?,
            cache_write: get(row, "cache_write_tokens")?,
            reasoning: get(row, "reasoning_tokens")?,
            total: get(row, "total_tokens")?,
        },
        cost: get::<Option<i64>>(row, "cost_nano_usd")?.map(NanoUsd),
        reported_cost: get::<Option<i64>>(row, "reported_cost_nano_usd")?.map(NanoUsd),
        price_version: get(row, "price_version")?,
        first_token_us: get(row, "first_token_us")?,
        error: (error != StepError::default()).then_some(error),
        seq: get(row, "seq")?,
        capability: text("capability")?,
        // What follows from a run's facts does not depend on them.
        attributes: String::new(),
        content_hash: get(row, "content_hash")?,
    })
}

fn failure(row: &Row) -> Result<StoredFailure> {
    let is_told: bool = get(row, "told")?;
    let told_at: Option<DateTime<Utc>> = get(row, "told_at")?;
    let failure = Failure {
        id: FailureId(get(row, "failure_id")?),
        step: get::<Option<&[u8]>>(row, "step_id")?
            .map(step_id)
            .transpose()?,
        step_name: get(row, "step_name")?,
        kind: FailureType::from_code(get(row, "kind")?),
        code: get(row, "code")?,
        message: get(row, "message")?,
        at: time(get(row, "occurred_at")?),
        told: is_told.then(|| told_at.map(time)),
        fingerprint: Fingerprint(get::<Uuid>(row, "fingerprint")?),
        template: String::new(),
    };
    Ok(StoredFailure {
        failure,
        release: get(row, "release")?,
    })
}

fn get<'r, T: FromSql<'r>>(row: &'r Row, name: &str) -> Result<T> {
    Ok(row.try_get(name)?)
}

fn step_id(bytes: &[u8]) -> Result<StepId> {
    StepId::from_bytes(bytes).map_err(|_bad_id| StoreError::Unreadable("a step's id".to_owned()))
}

fn time(at: DateTime<Utc>) -> Timestamp {
    Timestamp(at.timestamp_micros())
}
