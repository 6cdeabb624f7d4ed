//! `GET /v1/workflows`

use actix_web::get;
use actix_web::web::{Data, Json};
use runwatch_core::limits::WORKFLOW_RUNS_MAX;
use runwatch_core::money::NanoUsd;
use runwatch_service::auth::FiguresReader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::workflows::{self, Workflow, WorkflowStep};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::json::Time;
use crate::range::Range;
use crate::routes::activity::{Counts, Tokens};

/// Which workflows, and over which time.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListWorkflows {
    /// Only this workflow, and its steps too.
    workflow_id: Option<String>,
    /// From when its runs started; a day before `to` unless said otherwise, and 90 days at most.
    #[param(inline)]
    from: Option<Time>,
    /// Until when its runs started; now unless said otherwise.
    #[param(inline)]
    to: Option<Time>,
}

/// What the runs of a workflow come to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkflowItem {
    /// Its id.
    workflow_id: String,
    /// The agents of its runs.
    agents: Vec<String>,
    /// Its runs that have ended: of the latest 5,000 that started, of which everything here is said.
    runs: Counts,
    /// How many of them are still running.
    running: i64,
    /// Whether it has more runs in this range of time.
    truncated: bool,
    /// The steps of its runs.
    steps: i64,
    /// Tokens that they used.
    tokens: Tokens,
    /// What they cost in US dollars, as far as it is known.
    cost_usd: f64,
    /// When the latest of them started.
    last_started_at: Time,
}

/// A step of a workflow, in several runs of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkflowStepItem {
    /// Its position in the workflow.
    seq: Option<i32>,
    /// The capability that it exercises.
    capability: Option<String>,
    /// Its name.
    name: String,
    /// The agents that do it.
    agents: Vec<String>,
    /// How often it ended, and how.
    steps: Counts,
    /// Tokens that it used.
    tokens: Tokens,
    /// What it cost in US dollars, as far as it is known.
    cost_usd: f64,
}

/// Workflows, the busiest first: 1,000 at most.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkflowList {
    /// From when.
    from: Time,
    /// Until when.
    to: Time,
    /// The workflows.
    workflows: Vec<WorkflowItem>,
    /// The steps of the workflow that was asked for, in its order, of its latest 200 runs; those
    /// whose senders told neither `seq` nor `capability` are left out. Null if none was asked for.
    steps: Option<Vec<WorkflowStepItem>>,
}

/// Lists what was done by workflows in a range of time.
#[utoipa::path(tag = "workflows", params(ListWorkflows), responses((status = 200, body = WorkflowList)))]
#[get("/v1/workflows")]
pub(crate) async fn list_workflows(
    reader: FiguresReader,
    query: Query<ListWorkflows>,
    app: Data<App>,
) -> Result<Json<WorkflowList>, Problem> {
    let query = query.0;
    let range = Range::read(query.from, query.to, app.now())?;
    let (project, between) = (reader.project, (range.from, range.to));
    let wanted = query.workflow_id.as_deref();
    let (workflows, steps) = app
        .answer(project, async |conn| {
            let workflows = workflows::list(conn, project, wanted, between).await?;
            let steps = match wanted {
                Some(workflow) => Some(workflows::steps(conn, project, workflow, between).await?),
                None => None,
            };
            Ok((workflows, steps))
        })
        .await?;
    let steps = steps.map(|steps| steps.into_iter().map(WorkflowStepItem::from).collect());
    Ok(Json(WorkflowList {
        from: Time(range.from),
        to: Time(range.to),
        workflows: workflows.into_iter().map(WorkflowItem::from).collect(),
        steps,
    }))
}

impl From<Workflow> for WorkflowItem {
    fn from(workflow: Workflow) -> Self {
        let Workflow {
            id,
            agents,
            total,
            running,
            steps,
            last_started_at,
        } = workflow;
        Self {
            workflow_id: id,
            agents,
            running,
            truncated: total.sums.count + running >= WORKFLOW_RUNS_MAX,
            steps,
            tokens: (&total.sums).into(),
            cost_usd: NanoUsd(total.sums.cost_nano_usd).dollars(),
            runs: total.into(),
            last_started_at: Time(last_started_at),
        }
    }
}

impl From<WorkflowStep> for WorkflowStepItem {
    fn from(step: WorkflowStep) -> Self {
        let WorkflowStep {
            seq,
            capability,
            name,
            agents,
            total,
        } = step;
        Self {
            seq,
            capability,
            name,
            agents,
            tokens: (&total.sums).into(),
            cost_usd: NanoUsd(total.sums.cost_nano_usd).dollars(),
            steps: total.into(),
        }
    }
}
