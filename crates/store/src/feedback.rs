//! Reading feedback, and adding it up.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Double, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::feedback::{FeedbackId, FeedbackSource, FeedbackValue};
use runwatch_core::ids::{ProjectId, RunId, StepId};
use runwatch_core::limits::{SCORES_SUMMED_MAX, USAGE_BUCKETS_MAX};
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::pool::Conn;
use crate::schema::run_feedback;

/// A judgement as it is read.
#[derive(Clone, Debug)]
pub struct FeedbackInfo {
    /// Its id within the run.
    pub id: FeedbackId,
    /// The run that is judged.
    pub run: RunId,
    /// The step that is judged; none for the run as a whole.
    pub step: Option<StepId>,
    /// What is judged.
    pub name: String,
    /// The judgement.
    pub value: FeedbackValue,
    /// The reason.
    pub comment: Option<String>,
    /// Who judged.
    pub user_id: Option<String>,
    /// In which role.
    pub source: FeedbackSource,
    /// When: as told, else when it was received.
    pub created_at: Timestamp,
}

/// What a judgement must be to be listed; what is not set does not matter.
#[derive(Clone, Debug, Default)]
pub struct FeedbackFilter {
    /// What is judged.
    pub name: Option<String>,
    /// The run that is judged.
    pub run: Option<RunId>,
    /// Who judged.
    pub user_id: Option<String>,
    /// In which role.
    pub source: Option<FeedbackSource>,
    /// Its number is at least this; yes is 1 and no is 0.
    pub min_value: Option<f64>,
    /// Its number is at most this.
    pub max_value: Option<f64>,
    /// Its text is this.
    pub text: Option<String>,
    /// It was given then or later.
    pub since: Option<Timestamp>,
    /// It was given before then.
    pub until: Option<Timestamp>,
}

/// The place of a judgement in a list: the latest come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedbackPosition {
    /// When it was given.
    pub created_at: Timestamp,
    /// Its id, which is unique within its run only.
    pub feedback: FeedbackId,
    /// Its run.
    pub run: RunId,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = run_feedback)]
struct Row {
    created_at: DateTime<Utc>,
    number: Option<f64>,
    value_kind: i16,
    source: i16,
    run_id: Uuid,
    feedback_id: Uuid,
    step_id: Option<Vec<u8>>,
    name: String,
    text: Option<String>,
    user_id: Option<String>,
    comment: Option<String>,
}

/// The judgements that pass a filter, the latest first, after a position.
pub async fn list(
    conn: &mut Conn,
    project: ProjectId,
    filter: &FeedbackFilter,
    after: Option<FeedbackPosition>,
    limit: u32,
) -> Result<Vec<FeedbackInfo>> {
    let mut query = apply(filter, run_feedback::table.into_boxed::<Pg>());
    if let Some(after) = after {
        query = query.filter(
            sql::<Bool>("(created_at, feedback_id, run_id) < (")
                .bind::<Timestamptz, _>(after.created_at.to_utc().unwrap_or_default())
                .sql(", ")
                .bind::<SqlUuid, _>(after.feedback.0)
                .sql(", ")
                .bind::<SqlUuid, _>(after.run.0)
                .sql(")"),
        );
    }
    let rows: Vec<Row> = query
        .filter(run_feedback::project_id.eq(project.0))
        .order((
            run_feedback::created_at.desc(),
            run_feedback::feedback_id.desc(),
            run_feedback::run_id.desc(),
        ))
        .limit(i64::from(limit))
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(FeedbackInfo::from).collect())
}

type Query<'a> = run_feedback::BoxedQuery<'a, Pg>;

fn apply<'a>(filter: &'a FeedbackFilter, mut query: Query<'a>) -> Query<'a> {
    if let Some(name) = &filter.name {
        query = query.filter(run_feedback::name.eq(name));
    }
    if let Some(run) = filter.run {
        query = query.filter(run_feedback::run_id.eq(run.0));
    }
    if let Some(user_id) = &filter.user_id {
        query = query.filter(run_feedback::user_id.eq(user_id));
    }
    if let Some(source) = filter.source {
        query = query.filter(run_feedback::source.eq(source.code()));
    }
    if let Some(min) = filter.min_value {
        query = query.filter(run_feedback::number.ge(min));
    }
    if let Some(max) = filter.max_value {
        query = query.filter(run_feedback::number.le(max));
    }
    if let Some(text) = &filter.text {
        query = query.filter(run_feedback::text.eq(text));
    }
    if let Some(since) = filter.since.and_then(Timestamp::to_utc) {
        query = query.filter(run_feedback::created_at.ge(since));
    }
    if let Some(until) = filter.until.and_then(Timestamp::to_utc) {
        query = query.filter(run_feedback::created_at.lt(until));
    }
    query
}

impl FeedbackInfo {
    /// Its place in a list.
    pub fn position(&self) -> FeedbackPosition {
        FeedbackPosition {
            created_at: self.created_at,
            feedback: self.id,
            run: self.run,
        }
    }
}

impl From<Row> for FeedbackInfo {
    fn from(row: Row) -> Self {
        let Row {
            created_at,
            number,
            value_kind,
            source,
            run_id,
            feedback_id,
            step_id,
            name,
            text,
            user_id,
            comment,
        } = row;
        Self {
            id: FeedbackId(feedback_id),
            run: RunId(run_id),
            step: step_id.and_then(|id| StepId::from_bytes(&id).ok()),
            name,
            value: FeedbackValue::from_parts(value_kind, number, text),
            comment,
            user_id,
            source: FeedbackSource::from_code(source),
            created_at: Timestamp(created_at.timestamp_micros()),
        }
    }
}

/// Which judgements are added up, and how.
#[derive(Clone, Debug)]
pub struct ScoreQuery {
    /// Given then or later.
    pub from: Timestamp,
    /// Given before then.
    pub to: Timestamp,
    /// What is judged; everything if it is not set.
    pub name: Option<String>,
    /// Only of runs of this agent.
    pub agent: Option<String>,
    /// Microseconds of a bucket; none for the whole range.
    pub bucket_us: Option<i64>,
    /// Whether agents are told apart.
    pub by_agent: bool,
}

/// What the judgements of one name come to, in one bucket.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct Score {
    /// The start of the bucket in microseconds.
    #[diesel(sql_type = BigInt)]
    pub bucket: i64,
    /// What is judged.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The agent of the runs, if agents are told apart; empty if it is unknown.
    #[diesel(sql_type = Nullable<Text>)]
    pub agent: Option<String>,
    /// The text that was given; none if it were numbers.
    #[diesel(sql_type = Nullable<Text>)]
    pub text: Option<String>,
    /// How many judgements.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// The mean of the numbers.
    #[diesel(sql_type = Nullable<Double>)]
    pub mean: Option<f64>,
    /// The smallest number.
    #[diesel(sql_type = Nullable<Double>)]
    pub min: Option<f64>,
    /// The largest number.
    #[diesel(sql_type = Nullable<Double>)]
    pub max: Option<f64>,
    /// How many judgements were read for the whole answer.
    #[diesel(sql_type = BigInt)]
    pub read: i64,
}

/// Adds up the latest [`SCORES_SUMMED_MAX`] judgements of a range of time.
///
/// They are read by an index, and the agents of their runs by the runs' key. One row more than
/// [`USAGE_BUCKETS_MAX`] means that there are too many.
pub async fn scores(conn: &mut Conn, project: ProjectId, query: &ScoreQuery) -> Result<Vec<Score>> {
    // Apart, so that each has the plan of its own index.
    let by_name = match query.name {
        Some(_) => "name = $4",
        None => "$4::text IS NULL",
    };
    let statement = format!(
        "WITH latest AS (
            SELECT run_id, created_at, name, number, text FROM run_feedback
            WHERE project_id = $1 AND created_at >= $2 AND created_at < $3 AND {by_name}
            ORDER BY created_at DESC LIMIT $5),
        judged AS (
            SELECT *, CASE WHEN $7 OR $8 IS NOT NULL THEN (
                SELECT agent FROM agent_runs
                WHERE agent_runs.project_id = $1 AND agent_runs.run_id = latest.run_id) END AS agent
            FROM latest)
        SELECT (extract(epoch FROM created_at) * 1000000)::bigint / $6 * $6 AS bucket, name,
            CASE WHEN $7 THEN coalesce(agent, '') END AS agent, text, count(*) AS count,
            avg(number::numeric)::float8 AS mean, min(number) AS min, max(number) AS max,
            (SELECT count(*) FROM latest) AS read
        FROM judged WHERE $8 IS NULL OR agent = $8
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 NULLS FIRST LIMIT $9"
    );
    let rows_max = i64::try_from(USAGE_BUCKETS_MAX).unwrap_or(i64::MAX);
    let rows = sql_query(statement)
        .bind::<SqlUuid, _>(project.0)
        .bind::<Timestamptz, _>(query.from.to_utc().unwrap_or_default())
        .bind::<Timestamptz, _>(query.to.to_utc().unwrap_or_default())
        .bind::<Nullable<Text>, _>(&query.name)
        .bind::<BigInt, _>(SCORES_SUMMED_MAX)
        .bind::<BigInt, _>(query.bucket_us.unwrap_or(i64::MAX))
        .bind::<Bool, _>(query.by_agent)
        .bind::<Nullable<Text>, _>(&query.agent)
        .bind::<BigInt, _>(rows_max + 1)
        .load(conn)
        .await?;
    Ok(rows)
}
