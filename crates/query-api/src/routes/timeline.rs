//! `GET /v1/runs/{run}/timeline`

mod outline;

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use runwatch_core::ids::{RunId, StepId};
use runwatch_core::limits::PAGE_ROWS_MAX;
use runwatch_core::time::Timestamp;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_store::failures::FailureInfo;
use runwatch_store::runs::RunDetail;
use runwatch_store::steps::{SkeletonStep, list_skeletons};
use runwatch_store::{failures, runs};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::json::{Time, dollars};
use crate::routes::timeline::outline::{Line, outline};
use crate::schema::{FailureTypeName, StepKindName};

/// Steps of a run whose tree is looked at, the earliest: about 30 MB while it is.
const STEPS_MAX: u32 = 50_000;
/// Steps that an answer shows: more than a screen can.
const NODES_MAX: usize = 5_000;

/// What a waterfall of a run needs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Timeline {
    /// The run.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// When it started: what `started_us` counts from.
    started_at: Time,
    /// How long it took in microseconds; null while it runs.
    duration_us: Option<i64>,
    /// All steps of the run.
    steps: i64,
    /// Steps in the order of the tree, each parent before its children: the first 5,000. Each step
    /// is there once, also where parents are unknown or form a circle.
    nodes: Vec<TimelineNode>,
    /// Whether steps are left out, for which `/steps` has to be asked.
    truncated: bool,
    /// What went wrong, the first 1,000.
    failures: Vec<TimelineFailure>,
}

/// One bar of a waterfall.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineNode {
    /// The step.
    #[schema(value_type = String)]
    step_id: StepId,
    /// The position in `nodes` of the step that it is shown under; null at the top.
    parent: Option<usize>,
    /// How many steps it lies beneath.
    depth: usize,
    /// How many steps lie directly beneath it, those left out as well.
    children: usize,
    /// What kind of work it did.
    #[schema(value_type = StepKindName)]
    kind: &'static str,
    /// Its name.
    name: String,
    /// How it ended: running, succeeded, failed or cancelled.
    status: &'static str,
    /// When it started, in microseconds after the run did; negative if before.
    started_us: i64,
    /// How long it took in microseconds; null while it runs.
    duration_us: Option<i64>,
    /// Tokens of its prompt.
    input_tokens: Option<i64>,
    /// Tokens of its answer.
    output_tokens: Option<i64>,
    /// Its cost in US dollars.
    cost_usd: Option<f64>,
    /// Model that answered.
    model: Option<String>,
    /// Tool that was called.
    tool: Option<String>,
    /// Type of its error, as it was reported.
    error_type: Option<String>,
}

/// A mark on a waterfall.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineFailure {
    /// When it happened, in microseconds after the run started.
    occurred_us: i64,
    /// The step that it happened in.
    #[schema(value_type = Option<String>)]
    step_id: Option<StepId>,
    /// Its type.
    #[schema(value_type = FailureTypeName)]
    r#type: &'static str,
    /// Its message.
    message: String,
}

/// Gets what a waterfall of a run needs.
#[utoipa::path(
    tag = "runs",
    params(("run" = String, Path, description = "The run's id: a UUID or 32 hex digits")),
    responses((status = 200, body = Timeline))
)]
#[get("/v1/runs/{run}/timeline")]
pub(crate) async fn get_run_timeline(
    reader: Reader,
    run: Path<RunId>,
    app: Data<App>,
) -> Result<Json<Timeline>, Problem> {
    let (project, run) = (reader.project, run.into_inner());
    let (detail, steps, failures) = app
        .answer(project, async |conn| {
            let detail = runs::find(conn, project, run).await?;
            let place = detail.summary.place;
            let mut steps = Vec::new();
            list_skeletons(conn, project, place, None, STEPS_MAX, async |batch| {
                steps.extend(batch);
                Ok(())
            })
            .await?;
            let failures = failures::list_of_run(conn, project, place, PAGE_ROWS_MAX).await?;
            Ok((detail, steps, failures))
        })
        .await?;
    Ok(Json(Timeline::new(&detail, steps, failures)))
}

impl Timeline {
    fn new(run: &RunDetail, steps: Vec<SkeletonStep>, failures: Vec<FailureInfo>) -> Self {
        let summary = &run.summary;
        let base = summary.started_at;
        let lines = outline(&steps, NODES_MAX);
        let mut steps: Vec<Option<SkeletonStep>> = steps.into_iter().map(Some).collect();
        let nodes: Vec<TimelineNode> = lines
            .into_iter()
            .filter_map(|line| Some(node(steps[line.step].take()?, &line, base)))
            .collect();
        let shown = i64::try_from(nodes.len()).unwrap_or(i64::MAX);
        Self {
            run_id: summary.place.run,
            started_at: Time(base),
            duration_us: summary.duration_us(),
            steps: summary.totals.steps,
            truncated: summary.totals.steps > shown,
            nodes,
            failures: failures
                .into_iter()
                .map(|failure| mark(failure, base))
                .collect(),
        }
    }
}

fn node(step: SkeletonStep, line: &Line, base: Timestamp) -> TimelineNode {
    let SkeletonStep {
        id,
        parent: _,
        kind,
        status,
        flags: _,
        started_at,
        duration_us,
        name,
        input_tokens,
        output_tokens,
        cost,
        model,
        tool,
        error_type,
    } = step;
    TimelineNode {
        step_id: id,
        parent: line.parent,
        depth: line.depth,
        children: line.children,
        kind: kind.name(),
        name,
        status: status.name(),
        started_us: started_at.0.saturating_sub(base.0),
        duration_us,
        input_tokens,
        output_tokens,
        cost_usd: dollars(cost),
        model,
        tool,
        error_type,
    }
}

fn mark(failure: FailureInfo, base: Timestamp) -> TimelineFailure {
    TimelineFailure {
        occurred_us: failure.occurred_at.0.saturating_sub(base.0),
        step_id: failure.step,
        r#type: failure.kind.name(),
        message: failure.message,
    }
}
