//! `GET /v1/usage/scores`

use actix_web::get;
use actix_web::web::{Data, Json};
use runwatch_core::limits::{SCORES_SUMMED_MAX, USAGE_BUCKETS_MAX};
use runwatch_core::time::Timestamp;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::feedback::{self, Score, ScoreQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::json::Time;
use crate::range::Range;
use crate::routes::usage::{Bucket, too_many};

/// Which feedback, and how it is added up.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GetUsageScores {
    /// From when; a day before `to` unless said otherwise, and 90 days at most.
    #[param(inline)]
    from: Option<Time>,
    /// Until when; now unless said otherwise.
    #[param(inline)]
    to: Option<Time>,
    /// Buckets of time, `hour` unless said otherwise; the range is widened to whole ones, in UTC.
    /// `all` adds up the whole range, widened to hours.
    #[param(inline)]
    bucket: Bucket,
    /// What is judged, such as `helpfulness`; everything unless it is said.
    name: Option<String>,
    /// Only of runs of this agent.
    agent: Option<String>,
    /// What to tell apart besides names and texts.
    #[param(inline)]
    group_by: Vec<ScoreDimension>,
}

/// What scores can be told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ScoreDimension {
    Agent,
}

/// What the feedback of one name comes to, in one bucket of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScoreRow {
    /// The start of the bucket; null for the whole range.
    bucket: Option<Time>,
    /// What is judged.
    name: String,
    /// The agent, if agents are told apart; empty if the run is not known.
    agent_id: Option<String>,
    /// The text that was given; null if it were numbers, or true and false.
    value: Option<String>,
    /// How many judgements.
    count: i64,
    /// The mean of the numbers; true is 1 and false is 0. Null of texts.
    mean: Option<f64>,
    /// The smallest of the numbers.
    min: Option<f64>,
    /// The largest of the numbers.
    max: Option<f64>,
}

/// Feedback, added up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageScores {
    /// From when.
    from: Time,
    /// Until when.
    to: Time,
    /// The buckets of time.
    bucket: Bucket,
    /// A row for every bucket, name and text, in the order of time.
    rows: Vec<ScoreRow>,
    /// Whether only the latest 100,000 judgements of the range are in it, as there are more.
    truncated: bool,
}

/// Gets feedback, added up by buckets of time, names and agents.
///
/// It is read from the judgements themselves, by their time: the latest 100,000 at most.
#[utoipa::path(tag = "usage", params(GetUsageScores), responses((status = 200, body = UsageScores)))]
#[get("/v1/usage/scores")]
pub(crate) async fn get_usage_scores(
    reader: Reader,
    query: Query<GetUsageScores>,
    app: Data<App>,
) -> Result<Json<UsageScores>, Problem> {
    let query = query.0;
    let bucket = query.bucket;
    let range = Range::read(query.from, query.to, app.now())?.widened(bucket.border_us());
    let wanted = ScoreQuery {
        from: range.from,
        to: range.to,
        name: query.name,
        agent: query.agent,
        bucket_us: bucket.width_us(),
        by_agent: query.group_by.contains(&ScoreDimension::Agent),
    };
    let project = reader.project;
    let scores = app
        .answer(project, async |conn| {
            feedback::scores(conn, project, &wanted).await
        })
        .await?;
    if scores.len() > USAGE_BUCKETS_MAX {
        return Err(too_many());
    }
    let is_full = |score: &Score| score.read >= SCORES_SUMMED_MAX;
    Ok(Json(UsageScores {
        from: Time(range.from),
        to: Time(range.to),
        bucket,
        truncated: scores.first().is_some_and(is_full),
        rows: scores
            .into_iter()
            .map(|score| ScoreRow::new(score, bucket))
            .collect(),
    }))
}

impl ScoreRow {
    fn new(score: Score, bucket: Bucket) -> Self {
        let Score {
            bucket: at,
            name,
            agent,
            text,
            count,
            mean,
            min,
            max,
            read: _,
        } = score;
        Self {
            bucket: bucket.width_us().map(|_| Time(Timestamp(at))),
            name,
            agent_id: agent,
            value: text,
            count,
            mean,
            min,
            max,
        }
    }
}
