//! Reading runs.

mod filter;
mod row;

pub use filter::{Comparison, RunFilter, ScoreCondition, ScoreValue};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::claims::Claims;
use runwatch_core::failures::FailureType;
use runwatch_core::findings::{Finding, FindingKind};
use runwatch_core::ids::{ProjectId, RunId, StepId};
use runwatch_core::run::RunStatus;
use runwatch_core::summary::Totals;
use runwatch_core::time::Timestamp;

use crate::error::{Result, StoreError};
use crate::pool::Conn;
use crate::runs::row::Row;
use crate::schema::agent_runs;

/// A run as it is listed.
#[derive(Clone, Debug)]
pub struct RunSummary {
    /// Its id, and where the rest of it lies.
    pub place: RunPlace,
    /// Where it stands.
    pub status: RunStatus,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When something was last received of it.
    pub last_received_at: Timestamp,
    /// Known only through parts of it.
    pub provisional: bool,
    /// Nothing was received for long while it runs.
    pub stalled: bool,
    /// What its sender said of it, by name.
    pub labels: RunLabels,
    /// Counts and sums over its steps.
    pub totals: Totals,
    /// Models that its steps used.
    pub models: Vec<String>,
    /// Tools that its steps called.
    pub tools: Vec<String>,
    /// Tags that it was given.
    pub tags: Vec<String>,
    /// Types of its failures.
    pub failure_types: Vec<FailureType>,
    /// Kinds of its findings.
    pub finding_kinds: Vec<FindingKind>,
}

/// The names that a run goes by.
#[derive(Clone, Debug)]
pub struct RunLabels {
    /// The agent's name.
    pub agent: Option<String>,
    /// The agent's type.
    pub agent_type: Option<String>,
    /// The agent's version.
    pub agent_version: Option<String>,
    /// The workflow that it is part of.
    pub workflow_id: Option<String>,
    /// The conversation that it is part of.
    pub session_id: Option<String>,
    /// The user that it ran for.
    pub user_id: Option<String>,
    /// The environment that it ran in.
    pub environment: Option<String>,
    /// The release that it ran with.
    pub release: Option<String>,
}

/// A run's id and the partition that its steps, payloads and failures lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunPlace {
    /// The run.
    pub run: RunId,
    pub(crate) day: NaiveDate,
}

/// A run with all that was said about it.
#[derive(Clone, Debug)]
pub struct RunDetail {
    /// What lists show.
    pub summary: RunSummary,
    /// Whether it is a run, or a trace of something else.
    pub is_run: bool,
    /// All that was said of it as a whole.
    pub claims: Claims,
    /// The step whose input and output are the run's, unless they were told.
    pub main_step: Option<StepId>,
    /// Costly patterns in it.
    pub findings: Vec<Finding>,
}

/// What runs can be sorted by. All but the start have no index: they are for narrow filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunSortKey {
    /// The start.
    StartedAt,
    /// The duration; that of a run which has not ended is zero.
    Duration,
    /// The cost; unknown cost is zero.
    Cost,
    /// Tokens in and out.
    Tokens,
}

/// Which end of an order comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The largest first.
    Descending,
    /// The smallest first.
    Ascending,
}

/// The order of a list of runs; runs that are equal in it are ordered by their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunOrder {
    /// What to sort by.
    pub key: RunSortKey,
    /// Which end comes first.
    pub direction: Direction,
}

/// The place of a run in a list, after which the next page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunPosition {
    /// The value of the key: microseconds, nano-dollars or tokens.
    pub value: i64,
    /// The run.
    pub run: RunId,
}

/// The runs that pass a filter, in an order, after a position. Traces that are not runs are left
/// out.
pub async fn list(
    conn: &mut Conn,
    project: ProjectId,
    filter: &RunFilter,
    order: RunOrder,
    after: Option<RunPosition>,
    limit: u32,
) -> Result<Vec<RunSummary>> {
    let mut query = filter.apply(agent_runs::table.into_boxed::<Pg>());
    if let Some(position) = after {
        let (column, comparison) = (order.key.sql(), order.direction.comparison());
        let head = sql::<Bool>(&format!("({column}, run_id) {comparison} ("));
        let id = position.run.0;
        query = match order.key {
            RunSortKey::StartedAt => {
                let at = Timestamp(position.value).to_utc().unwrap_or_default();
                let head = head.bind::<Timestamptz, _>(at);
                query.filter(head.sql(", ").bind::<SqlUuid, _>(id).sql(")"))
            }
            _ => {
                let head = head.bind::<BigInt, _>(position.value);
                query.filter(head.sql(", ").bind::<SqlUuid, _>(id).sql(")"))
            }
        };
    }
    let (column, direction) = (order.key.sql(), order.direction.sql());
    let rows: Vec<Row> = query
        .filter(agent_runs::project_id.eq(project.0))
        .filter(agent_runs::is_run)
        .order(sql::<Text>(&format!(
            "{column} {direction}, run_id {direction}"
        )))
        .limit(i64::from(limit))
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(RunSummary::from).collect())
}

/// Those of some runs that pass a filter. Traces that are not runs are left out.
pub async fn among(
    conn: &mut Conn,
    project: ProjectId,
    filter: &RunFilter,
    ids: &[RunId],
) -> Result<Vec<RunSummary>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows: Vec<Row> = filter
        .apply(agent_runs::table.into_boxed::<Pg>())
        .filter(agent_runs::project_id.eq(project.0))
        .filter(agent_runs::is_run)
        .filter(agent_runs::run_id.eq_any(ids))
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(RunSummary::from).collect())
}

/// A run by its place in the order of starts, for those who read something of many runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunKey {
    /// Its id, and where the rest of it lies.
    pub place: RunPlace,
    /// When it started.
    pub started_at: Timestamp,
    /// How many steps it has.
    pub steps: i64,
}

/// The columns of a [`RunKey`].
type KeyRow = (Uuid, NaiveDate, DateTime<Utc>, i64);

/// The keys of the runs that pass a filter, the earliest first, after a position. Traces that are
/// not runs are left out.
pub async fn keys(
    conn: &mut Conn,
    project: ProjectId,
    filter: &RunFilter,
    after: Option<(Timestamp, RunId)>,
    limit: u32,
) -> Result<Vec<RunKey>> {
    let mut query = filter.apply(agent_runs::table.into_boxed::<Pg>());
    if let Some((at, run)) = after {
        query = query.filter(
            sql::<Bool>("(started_at, run_id) > (")
                .bind::<Timestamptz, _>(at.to_utc().unwrap_or_default())
                .sql(", ")
                .bind::<SqlUuid, _>(run.0)
                .sql(")"),
        );
    }
    let rows: Vec<KeyRow> = query
        .filter(agent_runs::project_id.eq(project.0))
        .filter(agent_runs::is_run)
        .order((agent_runs::started_at, agent_runs::run_id))
        .limit(i64::from(limit))
        .select((
            agent_runs::run_id,
            agent_runs::run_day,
            agent_runs::started_at,
            agent_runs::steps,
        ))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(RunKey::from).collect())
}

/// The key of one run.
pub async fn key(conn: &mut Conn, project: ProjectId, run: RunId) -> Result<RunKey> {
    let row: KeyRow = agent_runs::table
        .filter(agent_runs::project_id.eq(project.0))
        .filter(agent_runs::run_id.eq(run.0))
        .select((
            agent_runs::run_id,
            agent_runs::run_day,
            agent_runs::started_at,
            agent_runs::steps,
        ))
        .first(conn)
        .await?;
    Ok(row.into())
}

impl From<KeyRow> for RunKey {
    fn from((run, day, started_at, steps): KeyRow) -> Self {
        Self {
            place: RunPlace {
                run: RunId(run),
                day,
            },
            started_at: Timestamp(started_at.timestamp_micros()),
            steps,
        }
    }
}

/// The columns of a [`RunDetail`] besides those that lists show.
type DetailRow = (bool, String, Option<Vec<u8>>, Option<String>);

/// One run, or trace, with all that was said about it.
pub async fn find(conn: &mut Conn, project: ProjectId, run: RunId) -> Result<RunDetail> {
    let (row, detail): (Row, DetailRow) = agent_runs::table
        .filter(agent_runs::project_id.eq(project.0))
        .filter(agent_runs::run_id.eq(run.0))
        .select((
            Row::as_select(),
            (
                agent_runs::is_run,
                agent_runs::claims,
                agent_runs::main_step,
                agent_runs::findings,
            ),
        ))
        .first(conn)
        .await?;
    let (is_run, claims, main_step, findings) = detail;
    let unreadable = |error| StoreError::Unreadable(format!("what is known of run {run}: {error}"));
    let findings = findings.as_deref().unwrap_or("[]");
    Ok(RunDetail {
        summary: row.into(),
        is_run,
        claims: serde_json::from_str(&claims).map_err(unreadable)?,
        main_step: main_step.and_then(|id| StepId::from_bytes(&id).ok()),
        findings: serde_json::from_str(findings).map_err(unreadable)?,
    })
}

/// Where a run's steps, payloads and failures lie, and when it started.
pub async fn place(
    conn: &mut Conn,
    project: ProjectId,
    run: RunId,
) -> Result<(RunPlace, Timestamp)> {
    let (day, started_at): (NaiveDate, DateTime<Utc>) = agent_runs::table
        .filter(agent_runs::project_id.eq(project.0))
        .filter(agent_runs::run_id.eq(run.0))
        .select((agent_runs::run_day, agent_runs::started_at))
        .first(conn)
        .await?;
    Ok((
        RunPlace { run, day },
        Timestamp(started_at.timestamp_micros()),
    ))
}

impl RunSummary {
    /// How long it took in microseconds; none if it has not ended.
    pub fn duration_us(&self) -> Option<i64> {
        Some(self.ended_at?.0.saturating_sub(self.started_at.0))
    }

    /// Its place in a list of this order.
    pub fn position(&self, order: RunOrder) -> RunPosition {
        let value = match order.key {
            RunSortKey::StartedAt => self.started_at.0,
            RunSortKey::Duration => self.duration_us().unwrap_or(0),
            RunSortKey::Cost => self.totals.cost.map_or(0, |cost| cost.0),
            RunSortKey::Tokens => self.totals.input_tokens + self.totals.output_tokens,
        };
        RunPosition {
            value,
            run: self.place.run,
        }
    }
}

impl RunSortKey {
    fn sql(self) -> &'static str {
        match self {
            Self::StartedAt => "started_at",
            Self::Duration => filter::DURATION_US,
            Self::Cost => filter::COST,
            Self::Tokens => filter::TOKENS,
        }
    }
}

impl Direction {
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Descending => "DESC",
            Self::Ascending => "ASC",
        }
    }

    pub(crate) fn comparison(self) -> &'static str {
        match self {
            Self::Descending => "<",
            Self::Ascending => ">",
        }
    }
}
