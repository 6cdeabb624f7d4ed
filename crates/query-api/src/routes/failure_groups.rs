//! `GET /v1/failure-groups`

use actix_web::get;
use actix_web::web::{Data, Json};
use runwatch_core::failures::{FailureType, Fingerprint};
use runwatch_core::ids::RunId;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::failure_groups::{
    self, FailureGroup, FailureGroupFilter, FailureGroupPosition, FailureGroupSort,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::cursor::Page;
use crate::json::Time;
use crate::schema::FailureTypeName;

/// Failures that are the same one, again and again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureGroupItem {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    group_id: Fingerprint,
    /// Type of its failures.
    #[schema(value_type = FailureTypeName)]
    r#type: &'static str,
    /// Agent of its failures; empty if unknown.
    agent_id: String,
    /// Name of the step that they happened in; empty if unknown.
    step_name: String,
    /// Their message with its variable parts removed.
    title: String,
    /// How many failures there are.
    count: i64,
    /// When the first happened.
    first_seen_at: Time,
    /// When the latest happened.
    last_seen_at: Time,
    /// The run of the first.
    #[schema(value_type = String, format = Uuid)]
    first_run_id: RunId,
    /// The release of the first.
    first_release: Option<String>,
}

/// Which failure groups, and in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListFailureGroups {
    /// Type of its failures.
    #[param(inline, value_type = Option<FailureTypeName>)]
    r#type: Option<FailureType>,
    /// Agent of its failures.
    agent: Option<String>,
    /// Name of the step that they happened in.
    step: Option<String>,
    /// Its latest failure happened then or later.
    #[param(inline)]
    since: Option<Time>,
    /// What to sort by, `last_seen` unless said otherwise; the largest come first.
    #[param(inline)]
    sort: Sort,
    /// Groups of a page: 50 unless said otherwise, 1,000 at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    #[default]
    LastSeen,
    Count,
}

/// A page of failure groups.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureGroupList {
    /// The groups.
    failure_groups: Vec<FailureGroupItem>,
    /// Where the next page begins; null if there is none.
    next_cursor: Option<String>,
}

/// Lists failure groups.
#[utoipa::path(
    tag = "failures",
    params(ListFailureGroups),
    responses((status = 200, body = FailureGroupList))
)]
#[get("/v1/failure-groups")]
pub(crate) async fn list_failure_groups(
    reader: Reader,
    query: Query<ListFailureGroups>,
    app: Data<App>,
) -> Result<Json<FailureGroupList>, Problem> {
    let query = query.0;
    let (sort, order) = match query.sort {
        Sort::LastSeen => (FailureGroupSort::LastSeen, "last_seen"),
        Sort::Count => (FailureGroupSort::Count, "count"),
    };
    let page: Page<(i64, Fingerprint)> = Page::read(query.limit, query.cursor.as_deref(), order)?;
    let after = page
        .after
        .map(|(value, group)| FailureGroupPosition { value, group });
    let filter = FailureGroupFilter {
        kind: query.r#type,
        agent: query.agent,
        step: query.step,
        since: query.since.map(|time| time.0),
    };
    let project = reader.project;
    let mut rows = app
        .answer(project, async |conn| {
            failure_groups::list(conn, project, &filter, sort, after, page.rows()).await
        })
        .await?;
    let next_cursor = page.cut(&mut rows, order, |group| {
        let position = group.position(sort);
        (position.value, position.group)
    });
    let failure_groups = rows.into_iter().map(FailureGroupItem::from).collect();
    Ok(Json(FailureGroupList {
        failure_groups,
        next_cursor,
    }))
}

impl From<FailureGroup> for FailureGroupItem {
    fn from(group: FailureGroup) -> Self {
        let FailureGroup {
            id,
            kind,
            agent,
            step_name,
            title,
            failures,
            first_seen_at,
            last_seen_at,
            first_run,
            first_release,
        } = group;
        Self {
            group_id: id,
            r#type: kind.name(),
            agent_id: agent,
            step_name,
            title,
            count: failures,
            first_seen_at: Time(first_seen_at),
            last_seen_at: Time(last_seen_at),
            first_run_id: first_run,
            first_release,
        }
    }
}
