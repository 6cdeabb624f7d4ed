//! `GET /v1/usage`

pub(super) mod group;
pub(super) mod scores;

use actix_web::get;
use actix_web::web::{Data, Json};
use runwatch_core::ids::ProjectId;
use runwatch_core::limits::USAGE_BUCKETS_MAX;
use runwatch_core::time::{DAY_US, HOUR_US, MINUTE_US};
use runwatch_service::auth::FiguresReader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::usage::{self, Resolution, Rows};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::json::Time;
use crate::range::Range;
use crate::routes::usage::group::{Dimension, Filter, Groups, UsageRow};

/// Which usage, and how it is added up.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GetUsage {
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
    /// What else to tell apart; may be given several times.
    #[param(inline)]
    group_by: Vec<Dimension>,
    /// Only of this agent.
    agent: Option<String>,
    /// Only steps of this kind, or `run` for runs only.
    kind: Option<String>,
    /// Only steps with this model.
    model: Option<String>,
    /// Only steps with this tool.
    tool: Option<String>,
    /// Only of this environment.
    environment: Option<String>,
    /// Only runs and steps that ended so.
    status: Option<String>,
}

/// Buckets of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Bucket {
    Minute,
    #[default]
    Hour,
    Day,
    All,
}

/// Usage, added up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Usage {
    /// From when.
    from: Time,
    /// Until when.
    to: Time,
    /// The buckets of time.
    bucket: Bucket,
    /// A row for every bucket and group in which anything ended, in the order of time.
    rows: Vec<UsageRow>,
}

/// Gets usage, added up by buckets of time and groups.
#[utoipa::path(tag = "usage", params(GetUsage), responses((status = 200, body = Usage)))]
#[get("/v1/usage")]
pub(crate) async fn get_usage(
    reader: FiguresReader,
    query: Query<GetUsage>,
    app: Data<App>,
) -> Result<Json<Usage>, Problem> {
    let query = query.0;
    let (bucket, filter) = (query.bucket, query.filter()?);
    let range = Range::read(query.from, query.to, app.now())?.widened(bucket.border_us());
    if bucket != Bucket::All && range.buckets(bucket.border_us()) > USAGE_BUCKETS_MAX {
        return Err(too_many());
    }
    let is_plain = query.group_by.is_empty() && filter.is_empty();
    let rows = match bucket.resolution().filter(|_| is_plain) {
        Some(resolution) => totals(&app, reader.project, resolution, range).await?,
        None => {
            let rows = bucket.rows(is_plain);
            let groups = Groups::new(query.group_by, bucket.width_us(), USAGE_BUCKETS_MAX);
            grouped(&app, reader.project, (rows, range), &filter, groups).await?
        }
    };
    Ok(Json(Usage {
        from: Time(range.from),
        to: Time(range.to),
        bucket,
        rows,
    }))
}

/// Rows of which each is a bucket as it is kept.
async fn totals(
    app: &App,
    project: ProjectId,
    resolution: Resolution,
    range: Range,
) -> Result<Vec<UsageRow>, Problem> {
    let buckets = app
        .answer(project, async |conn| {
            usage::totals(conn, project, resolution, (range.from, range.to)).await
        })
        .await?;
    Ok(buckets.into_iter().map(UsageRow::from).collect())
}

/// Rows that are added up.
async fn grouped(
    app: &App,
    project: ProjectId,
    (rows, range): (Rows, Range),
    filter: &Filter,
    mut groups: Groups,
) -> Result<Vec<UsageRow>, Problem> {
    app.answer(project, async |conn| {
        usage::read(
            conn,
            project,
            rows,
            (range.from, range.to),
            |key, measures| {
                if filter.passes(key) {
                    groups.add(key, measures);
                }
            },
        )
        .await
    })
    .await?;
    groups.rows().ok_or_else(too_many)
}

fn too_many() -> Problem {
    let detail = format!(
        "The answer would have more than {USAGE_BUCKETS_MAX} rows: ask for larger buckets, fewer \
         groups or less time."
    );
    Problem::invalid_parameter("bucket", detail).with_member("rows_max", USAGE_BUCKETS_MAX)
}

impl GetUsage {
    fn filter(&self) -> Result<Filter, Problem> {
        let kind = self.kind.as_deref().map(group::kind_code).transpose()?;
        let status = self.status.clone();
        if let Some(status) = &status {
            group::check_status(status)?;
        }
        Ok(Filter {
            kind,
            status,
            agent: self.agent.clone(),
            model: self.model.clone(),
            tool: self.tool.clone(),
            environment: self.environment.clone(),
        })
    }
}

impl Bucket {
    /// To which borders in microseconds the range is widened.
    fn border_us(self) -> i64 {
        match self {
            Self::Minute => MINUTE_US,
            Self::Hour | Self::All => HOUR_US,
            Self::Day => DAY_US,
        }
    }

    /// How long a bucket is in microseconds; none for the whole range.
    fn width_us(self) -> Option<i64> {
        (self != Self::All).then(|| self.border_us())
    }

    /// The buckets as they are kept, if they are kept so.
    fn resolution(self) -> Option<Resolution> {
        match self {
            Self::Minute => Some(Resolution::Minute),
            Self::Hour => Some(Resolution::Hour),
            Self::Day | Self::All => None,
        }
    }

    /// The rows to add up.
    fn rows(self, is_plain: bool) -> Rows {
        match self {
            Self::Minute => Rows::Minutes,
            _ if is_plain => Rows::HourTotals,
            _ => Rows::Hours,
        }
    }
}
