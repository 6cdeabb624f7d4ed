//! Reading failure groups. They are written by the folding job, a second or two after the failures.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::failures::{FailureType, Fingerprint};
use runwatch_core::ids::{ProjectId, RunId};
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::pool::Conn;
use crate::schema::failure_groups;

/// Failures that are the same one, again and again.
#[derive(Clone, Debug)]
pub struct FailureGroup {
    /// Its id.
    pub id: Fingerprint,
    /// Type of its failures.
    pub kind: FailureType,
    /// Agent of its failures; empty if unknown.
    pub agent: String,
    /// Name of the step that they happened in; empty if unknown.
    pub step_name: String,
    /// Their message with its variable parts removed.
    pub title: String,
    /// How many there are.
    pub failures: i64,
    /// When the first happened.
    pub first_seen_at: Timestamp,
    /// When the latest happened.
    pub last_seen_at: Timestamp,
    /// The run of the first.
    pub first_run: RunId,
    /// The release of the first.
    pub first_release: Option<String>,
}

/// What a group must be to be listed; what is not set does not matter.
#[derive(Clone, Debug, Default)]
pub struct FailureGroupFilter {
    /// Type of its failures.
    pub kind: Option<FailureType>,
    /// Agent of its failures.
    pub agent: Option<String>,
    /// Name of the step that they happened in.
    pub step: Option<String>,
    /// Its latest failure happened then or later.
    pub since: Option<Timestamp>,
}

/// What groups can be sorted by, the largest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureGroupSort {
    /// When the latest failure happened.
    LastSeen,
    /// How many failures there are.
    Count,
}

/// The place of a group in a list, after which the next page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureGroupPosition {
    /// Microseconds, or a count.
    pub value: i64,
    /// The group.
    pub group: Fingerprint,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = failure_groups)]
struct Row {
    failures: i64,
    first_seen_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    kind: i16,
    fingerprint: Uuid,
    first_run_id: Uuid,
    first_release: Option<String>,
    agent: String,
    step_name: String,
    title: String,
}

/// The groups that pass a filter, in an order, after a position. Groups whose failures were all
/// taken back are left out.
pub async fn list(
    conn: &mut Conn,
    project: ProjectId,
    filter: &FailureGroupFilter,
    sort: FailureGroupSort,
    after: Option<FailureGroupPosition>,
    limit: u32,
) -> Result<Vec<FailureGroup>> {
    let mut query = apply(filter, failure_groups::table.into_boxed::<Pg>());
    let column = match sort {
        FailureGroupSort::LastSeen => "last_seen_at",
        FailureGroupSort::Count => "failures",
    };
    if let Some(after) = after {
        let head = sql::<Bool>(&format!("({column}, fingerprint) < ("));
        let id = after.group.0;
        query = match sort {
            FailureGroupSort::LastSeen => {
                let at = Timestamp(after.value).to_utc().unwrap_or_default();
                let head = head.bind::<Timestamptz, _>(at);
                query.filter(head.sql(", ").bind::<SqlUuid, _>(id).sql(")"))
            }
            FailureGroupSort::Count => {
                let head = head.bind::<BigInt, _>(after.value);
                query.filter(head.sql(", ").bind::<SqlUuid, _>(id).sql(")"))
            }
        };
    }
    let rows: Vec<Row> = query
        .filter(failure_groups::project_id.eq(project.0))
        .filter(failure_groups::failures.gt(0))
        .order(sql::<Text>(&format!("{column} DESC, fingerprint DESC")))
        .limit(i64::from(limit))
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(FailureGroup::from).collect())
}

/// The groups of these ids that are there already, in no particular order.
pub async fn find_all(
    conn: &mut Conn,
    project: ProjectId,
    groups: &[Fingerprint],
) -> Result<Vec<FailureGroup>> {
    let ids: Vec<Uuid> = groups.iter().map(|group| group.0).collect();
    let rows: Vec<Row> = failure_groups::table
        .filter(failure_groups::project_id.eq(project.0))
        .filter(failure_groups::fingerprint.eq_any(ids))
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(FailureGroup::from).collect())
}

type Query<'a> = failure_groups::BoxedQuery<'a, Pg>;

fn apply<'a>(filter: &'a FailureGroupFilter, mut query: Query<'a>) -> Query<'a> {
    if let Some(kind) = filter.kind {
        query = query.filter(failure_groups::kind.eq(kind.code()));
    }
    if let Some(agent) = &filter.agent {
        query = query.filter(failure_groups::agent.eq(agent));
    }
    if let Some(step) = &filter.step {
        query = query.filter(failure_groups::step_name.eq(step));
    }
    if let Some(since) = filter.since.and_then(Timestamp::to_utc) {
        query = query.filter(failure_groups::last_seen_at.ge(since));
    }
    query
}

impl FailureGroup {
    /// Its place in a list of this order.
    pub fn position(&self, sort: FailureGroupSort) -> FailureGroupPosition {
        let value = match sort {
            FailureGroupSort::LastSeen => self.last_seen_at.0,
            FailureGroupSort::Count => self.failures,
        };
        FailureGroupPosition {
            value,
            group: self.id,
        }
    }
}

impl From<Row> for FailureGroup {
    fn from(row: Row) -> Self {
        let Row {
            failures,
            first_seen_at,
            last_seen_at,
            kind,
            fingerprint,
            first_run_id,
            first_release,
            agent,
            step_name,
            title,
        } = row;
        Self {
            id: Fingerprint(fingerprint),
            kind: FailureType::from_code(kind),
            agent,
            step_name,
            title,
            failures,
            first_seen_at: Timestamp(first_seen_at.timestamp_micros()),
            last_seen_at: Timestamp(last_seen_at.timestamp_micros()),
            first_run: RunId(first_run_id),
            first_release,
        }
    }
}
