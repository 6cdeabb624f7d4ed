//! `GET /v1/runs`

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::{Data, Json};
use runwatch_core::failures::FailureType;
use runwatch_core::ids::RunId;
use runwatch_core::money::NanoUsd;
use runwatch_core::run::RunStatus;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::runs::{self, Direction, RunFilter, RunOrder, RunPosition, RunSortKey};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::cursor::Page;
use crate::json::Time;
use crate::routes::runs::RunItem;
use crate::schema::{FailureTypeName, RunStatusName};

/// Which runs, and in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListRuns {
    /// The agent's name.
    agent: Option<String>,
    /// The agent's version.
    agent_version: Option<String>,
    /// The agent's type.
    agent_type: Option<String>,
    /// Where the run stands; several are alternatives.
    #[param(inline, value_type = Vec<RunStatusName>)]
    status: Vec<RunStatus>,
    /// It has a failure of this type.
    #[param(inline, value_type = Option<FailureTypeName>)]
    failure_type: Option<FailureType>,
    /// The environment that it ran in.
    environment: Option<String>,
    /// The release that it ran with.
    release: Option<String>,
    /// The conversation that it is part of.
    session_id: Option<String>,
    /// The user that it ran for.
    user_id: Option<String>,
    /// It has this tag.
    tag: Option<String>,
    /// A step used this model.
    model: Option<String>,
    /// A step called this tool.
    tool: Option<String>,
    /// The workflow that it is part of.
    workflow_id: Option<String>,
    /// It has this attribute, as in `attribute.channel=chat`; values are compared as text.
    #[param(value_type = Option<Object>)]
    attribute: BTreeMap<String, String>,
    /// It took at least so many milliseconds.
    min_duration_ms: Option<u32>,
    /// It took at most so many milliseconds.
    max_duration_ms: Option<u32>,
    /// It cost at least so many US dollars.
    min_cost_usd: Option<f64>,
    /// It cost at most so many US dollars.
    max_cost_usd: Option<f64>,
    /// It used at least so many tokens, in and out.
    min_tokens: Option<u32>,
    /// It used at most so many tokens, in and out.
    max_tokens: Option<u32>,
    /// It started then or later.
    #[param(inline)]
    started_after: Option<Time>,
    /// It started before then.
    #[param(inline)]
    started_before: Option<Time>,
    /// Whether nothing was received for ten minutes while it runs.
    stalled: Option<bool>,
    /// What to sort by, `started_at` unless said otherwise; runs that have not ended have the
    /// duration 0, and those of unknown cost cost 0.
    #[param(inline)]
    sort: Sort,
    /// Which end comes first, `desc` unless said otherwise.
    #[param(inline)]
    order: Order,
    /// Runs of a page: 50 unless said otherwise, 1,000 at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    #[default]
    StartedAt,
    Duration,
    Cost,
    Tokens,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    #[default]
    Desc,
    Asc,
}

/// A page of runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunList {
    /// The runs.
    runs: Vec<RunItem>,
    /// Where the next page begins; null if there is none.
    next_cursor: Option<String>,
}

/// Lists runs.
#[utoipa::path(tag = "runs", params(ListRuns), responses((status = 200, body = RunList)))]
#[get("/v1/runs")]
pub(crate) async fn list_runs(
    reader: Reader,
    query: Query<ListRuns>,
    app: Data<App>,
) -> Result<Json<RunList>, Problem> {
    let query = query.0;
    let order = query.run_order();
    let name = format!("{:?} {:?}", order.key, order.direction);
    let page: Page<(i64, RunId)> = Page::read(query.limit, query.cursor.as_deref(), &name)?;
    let after = page.after.map(|(value, run)| RunPosition { value, run });
    let filter = query.filter()?;
    let project = reader.project;
    let mut rows = app
        .answer(project, async |conn| {
            runs::list(conn, project, &filter, order, after, page.rows()).await
        })
        .await?;
    let next_cursor = page.cut(&mut rows, &name, |run| {
        let position = run.position(order);
        (position.value, position.run)
    });
    let runs = rows.into_iter().map(RunItem::from).collect();
    Ok(Json(RunList { runs, next_cursor }))
}

impl ListRuns {
    fn run_order(&self) -> RunOrder {
        let key = match self.sort {
            Sort::StartedAt => RunSortKey::StartedAt,
            Sort::Duration => RunSortKey::Duration,
            Sort::Cost => RunSortKey::Cost,
            Sort::Tokens => RunSortKey::Tokens,
        };
        let direction = match self.order {
            Order::Desc => Direction::Descending,
            Order::Asc => Direction::Ascending,
        };
        RunOrder { key, direction }
    }

    fn filter(self) -> Result<RunFilter, Problem> {
        let microseconds = |ms: Option<u32>| ms.map(|ms| i64::from(ms) * 1_000);
        Ok(RunFilter {
            agent: self.agent,
            agent_type: self.agent_type,
            agent_version: self.agent_version,
            workflow_id: self.workflow_id,
            session_id: self.session_id,
            user_id: self.user_id,
            environment: self.environment,
            release: self.release,
            statuses: self.status,
            failure_type: self.failure_type,
            tag: self.tag,
            model: self.model,
            tool: self.tool,
            attributes: self.attribute,
            stalled: self.stalled,
            min_duration_us: microseconds(self.min_duration_ms),
            max_duration_us: microseconds(self.max_duration_ms),
            min_cost: cost("min_cost_usd", self.min_cost_usd)?,
            max_cost: cost("max_cost_usd", self.max_cost_usd)?,
            min_tokens: self.min_tokens.map(i64::from),
            max_tokens: self.max_tokens.map(i64::from),
            started_after: self.started_after.map(|time| time.0),
            started_before: self.started_before.map(|time| time.0),
        })
    }
}

fn cost(name: &str, dollars: Option<f64>) -> Result<Option<NanoUsd>, Problem> {
    let Some(dollars) = dollars else {
        return Ok(None);
    };
    let amount = NanoUsd::from_dollars(dollars);
    let wrong = || Problem::invalid_parameter(name, "It must be from 0 to 1,000,000 dollars.");
    amount.ok_or_else(wrong).map(Some)
}
