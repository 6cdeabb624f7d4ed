//! Reading failures.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::failures::{FailureId, FailureType, Fingerprint};
use runwatch_core::ids::{ProjectId, RunId, StepId};
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::pool::Conn;
use crate::runs::RunPlace;
use crate::schema::agent_failures;

/// A failure as it is read.
#[derive(Clone, Debug)]
pub struct FailureInfo {
    /// Its id within the run.
    pub id: FailureId,
    /// The run that it happened in.
    pub run: RunId,
    /// The step that it happened in.
    pub step: Option<StepId>,
    /// That step's name; empty if none is known.
    pub step_name: String,
    /// Its type.
    pub kind: FailureType,
    /// Code of the provider, tool or program.
    pub code: Option<String>,
    /// Message.
    pub message: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Whether the sender told of it by itself.
    pub told: bool,
    /// The group that it belongs to.
    pub group: Fingerprint,
    /// The run's agent.
    pub agent: Option<String>,
    /// The run's environment.
    pub environment: Option<String>,
    /// The run's release.
    pub release: Option<String>,
}

/// What a failure must be to be listed; what is not set does not matter.
#[derive(Clone, Debug, Default)]
pub struct FailureFilter {
    /// Its type.
    pub kind: Option<FailureType>,
    /// The group that it belongs to.
    pub group: Option<Fingerprint>,
    /// The run's agent.
    pub agent: Option<String>,
    /// The name of the step that it happened in.
    pub step: Option<String>,
    /// The run's environment.
    pub environment: Option<String>,
    /// It happened then or later.
    pub since: Option<Timestamp>,
    /// It happened before then.
    pub until: Option<Timestamp>,
}

/// The place of a failure in a list: the latest come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailurePosition {
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Its id, which is unique within its run only.
    pub failure: FailureId,
    /// Its run.
    pub run: RunId,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = agent_failures)]
struct Row {
    occurred_at: DateTime<Utc>,
    kind: i16,
    told: bool,
    run_id: Uuid,
    failure_id: Uuid,
    fingerprint: Uuid,
    step_id: Option<Vec<u8>>,
    step_name: String,
    agent: Option<String>,
    environment: Option<String>,
    release: Option<String>,
    code: Option<String>,
    message: String,
}

/// The failures that pass a filter, the latest first, after a position.
pub async fn list(
    conn: &mut Conn,
    project: ProjectId,
    filter: &FailureFilter,
    after: Option<FailurePosition>,
    limit: u32,
) -> Result<Vec<FailureInfo>> {
    let mut query = apply(filter, agent_failures::table.into_boxed::<Pg>());
    if let Some(after) = after {
        query = query.filter(
            sql::<Bool>("(occurred_at, failure_id, run_id) < (")
                .bind::<Timestamptz, _>(after.occurred_at.to_utc().unwrap_or_default())
                .sql(", ")
                .bind::<SqlUuid, _>(after.failure.0)
                .sql(", ")
                .bind::<SqlUuid, _>(after.run.0)
                .sql(")"),
        );
    }
    let rows: Vec<Row> = query
        .filter(agent_failures::project_id.eq(project.0))
        .order((
            agent_failures::occurred_at.desc(),
            agent_failures::failure_id.desc(),
            agent_failures::run_id.desc(),
        ))
        .limit(i64::from(limit))
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(FailureInfo::from).collect())
}

/// The failures of a run in the order in which they happened, up to a limit.
pub async fn list_of_run(
    conn: &mut Conn,
    project: ProjectId,
    place: RunPlace,
    limit: u32,
) -> Result<Vec<FailureInfo>> {
    let rows: Vec<Row> = agent_failures::table
        .filter(agent_failures::project_id.eq(project.0))
        .filter(agent_failures::run_id.eq(place.run.0))
        .filter(agent_failures::run_day.eq(place.day))
        .order((agent_failures::occurred_at, agent_failures::failure_id))
        .limit(i64::from(limit))
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(FailureInfo::from).collect())
}

type Query<'a> = agent_failures::BoxedQuery<'a, Pg>;

fn apply<'a>(filter: &'a FailureFilter, mut query: Query<'a>) -> Query<'a> {
    if let Some(kind) = filter.kind {
        query = query.filter(agent_failures::kind.eq(kind.code()));
    }
    if let Some(group) = filter.group {
        query = query.filter(agent_failures::fingerprint.eq(group.0));
    }
    if let Some(agent) = &filter.agent {
        query = query.filter(agent_failures::agent.eq(agent));
    }
    if let Some(step) = &filter.step {
        query = query.filter(agent_failures::step_name.eq(step));
    }
    if let Some(environment) = &filter.environment {
        query = query.filter(agent_failures::environment.eq(environment));
    }
    if let Some(since) = filter.since.and_then(Timestamp::to_utc) {
        query = query.filter(agent_failures::occurred_at.ge(since));
    }
    if let Some(until) = filter.until.and_then(Timestamp::to_utc) {
        query = query.filter(agent_failures::occurred_at.lt(until));
    }
    query
}

impl FailureInfo {
    /// Its place in a list.
    pub fn position(&self) -> FailurePosition {
        FailurePosition {
            occurred_at: self.occurred_at,
            failure: self.id,
            run: self.run,
        }
    }
}

impl From<Row> for FailureInfo {
    fn from(row: Row) -> Self {
        let Row {
            occurred_at,
            kind,
            told,
            run_id,
            failure_id,
            fingerprint,
            step_id,
            step_name,
            agent,
            environment,
            release,
            code,
            message,
        } = row;
        Self {
            id: FailureId(failure_id),
            run: RunId(run_id),
            step: step_id.and_then(|id| StepId::from_bytes(&id).ok()),
            step_name,
            kind: FailureType::from_code(kind),
            code,
            message,
            occurred_at: Timestamp(occurred_at.timestamp_micros()),
            told,
            group: Fingerprint(fingerprint),
            agent,
            environment,
            release,
        }
    }
}
