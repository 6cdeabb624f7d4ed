//! `GET /v1/runs`

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::{Data, Json};
use runwatch_core::failures::FailureType;
use runwatch_core::findings::FindingKind;
use runwatch_core::ids::RunId;
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
use crate::routes::runs::filter::{self, run_filters};
use crate::schema::{FailureTypeName, FindingKindName, RunStatusName};

run_filters! {
    /// Which runs, and in which order.
    struct ListRuns {
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
}
