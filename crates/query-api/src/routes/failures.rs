//! `GET /v1/failures` and `GET /v1/runs/{run}/failures`

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use runwatch_core::failures::{FailureId, FailureType, Fingerprint};
use runwatch_core::ids::{RunId, StepId};
use runwatch_core::limits::PAGE_ROWS_MAX;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::failures::{FailureFilter, FailureInfo, FailurePosition};
use runwatch_store::{failure_groups, failures, runs};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::cursor::Page;
use crate::json::Time;
use crate::routes::failure_groups::FailureGroupItem;
use crate::schema::FailureTypeName;

/// The only order of failures: the latest first.
const ORDER: &str = "occurred_at";

/// Something that went wrong in a run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureItem {
    /// Its id within the run.
    #[schema(value_type = String, format = Uuid)]
    failure_id: FailureId,
    /// The run that it happened in.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// The step that it happened in.
    #[schema(value_type = Option<String>)]
    step_id: Option<StepId>,
    /// That step's name; empty if none is known.
    step_name: String,
    /// Its type.
    #[schema(value_type = FailureTypeName)]
    r#type: &'static str,
    /// Code of the provider, tool or program.
    code: Option<String>,
    /// Its message.
    message: String,
    /// When it happened.
    occurred_at: Time,
    /// Whether the sender told of it by itself; else it follows from a failed step.
    told: bool,
    /// The failure group that it belongs to.
    #[schema(value_type = String, format = Uuid)]
    group_id: Fingerprint,
    /// The run's agent.
    agent_id: Option<String>,
    /// The run's environment.
    environment: Option<String>,
    /// The run's release.
    release: Option<String>,
}

/// Which failures.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListFailures {
    /// Its type.
    #[param(inline, value_type = Option<FailureTypeName>)]
    r#type: Option<FailureType>,
    /// The failure group that it belongs to.
    group_id: Option<Uuid>,
    /// The run's agent.
    agent: Option<String>,
    /// The name of the step that it happened in.
    step: Option<String>,
    /// The run's environment.
    environment: Option<String>,
    /// It happened then or later.
    #[param(inline)]
    since: Option<Time>,
    /// It happened before then.
    #[param(inline)]
    until: Option<Time>,
    /// Failures of a page: 50 unless said otherwise, 1,000 at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    cursor: Option<String>,
}

/// A page of failures, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureList {
    /// The failures.
    failures: Vec<FailureItem>,
    /// Where the next page begins; null if there is none.
    next_cursor: Option<String>,
}

/// The failures of a run, and what they have in common with those of others.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunFailures {
    /// The failures in the order in which they happened, the first 1,000.
    failures: Vec<FailureItem>,
    /// Their groups; a new one appears a second or two after its first failure.
    groups: Vec<FailureGroupItem>,
}

/// Lists failures, the latest first.
#[utoipa::path(tag = "failures", params(ListFailures), responses((status = 200, body = FailureList)))]
#[get("/v1/failures")]
pub(crate) async fn list_failures(
    reader: Reader,
    query: Query<ListFailures>,
    app: Data<App>,
) -> Result<Json<FailureList>, Problem> {
    let query = query.0;
    let page: Page<(i64, FailureId, RunId)> =
        Page::read(query.limit, query.cursor.as_deref(), ORDER)?;
    let after = page.after.map(|(at, failure, run)| FailurePosition {
        occurred_at: runwatch_core::time::Timestamp(at),
        failure,
        run,
    });
    let filter = FailureFilter {
        kind: query.r#type,
        group: query.group_id.map(Fingerprint),
        agent: query.agent,
        step: query.step,
        environment: query.environment,
        since: query.since.map(|time| time.0),
        until: query.until.map(|time| time.0),
    };
    let project = reader.project;
    let mut rows = app
        .answer(project, async |conn| {
            failures::list(conn, project, &filter, after, page.rows()).await
        })
        .await?;
    let next_cursor = page.cut(&mut rows, ORDER, |failure| {
        let position = failure.position();
        (position.occurred_at.0, position.failure, position.run)
    });
    let failures = rows.into_iter().map(FailureItem::from).collect();
    Ok(Json(FailureList {
        failures,
        next_cursor,
    }))
}

/// Lists the failures of a run with their groups.
#[utoipa::path(
    tag = "runs",
    params(("run" = String, Path, description = "The run's id: a UUID or 32 hex digits")),
    responses((status = 200, body = RunFailures))
)]
#[get("/v1/runs/{run}/failures")]
pub(crate) async fn list_run_failures(
    reader: Reader,
    run: Path<RunId>,
    app: Data<App>,
) -> Result<Json<RunFailures>, Problem> {
    let (project, run) = (reader.project, run.into_inner());
    let (failures, groups) = app
        .answer(project, async |conn| {
            let (place, _) = runs::place(conn, project, run).await?;
            let failures = failures::list_of_run(conn, project, place, PAGE_ROWS_MAX).await?;
            let ids: Vec<Fingerprint> = failures.iter().map(|failure| failure.group).collect();
            let groups = failure_groups::find_all(conn, project, &ids).await?;
            Ok((failures, groups))
        })
        .await?;
    Ok(Json(RunFailures {
        failures: failures.into_iter().map(FailureItem::from).collect(),
        groups: groups.into_iter().map(FailureGroupItem::from).collect(),
    }))
}

impl From<FailureInfo> for FailureItem {
    fn from(failure: FailureInfo) -> Self {
        let FailureInfo {
            id,
            run,
            step,
            step_name,
            kind,
            code,
            message,
            occurred_at,
            told,
            group,
            agent,
            environment,
            release,
        } = failure;
        Self {
            failure_id: id,
            run_id: run,
            step_id: step,
            step_name,
            r#type: kind.name(),
            code,
            message,
            occurred_at: Time(occurred_at),
            told,
            group_id: group,
            agent_id: agent,
            environment,
            release,
        }
    }
}
