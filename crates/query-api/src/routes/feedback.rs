//! `GET /v1/feedback` and `GET /v1/runs/{run}/feedback`

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use runwatch_core::feedback::{FeedbackId, FeedbackSource, FeedbackValue};
use runwatch_core::ids::{RunId, StepId};
use runwatch_core::limits::PAGE_ROWS_MAX;
use runwatch_core::time::Timestamp;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::feedback::{self, FeedbackFilter, FeedbackInfo, FeedbackPosition};
use runwatch_store::runs;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::cursor::Page;
use crate::json::Time;

/// The only order of feedback: the latest first.
const ORDER: &str = "created_at";

/// What somebody thinks of a run, or of a step of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeedbackItem {
    /// Its id within the run.
    #[schema(value_type = String, format = Uuid)]
    id: FeedbackId,
    /// The run that is judged.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// The step that is judged; null for the run as a whole.
    #[schema(value_type = Option<String>)]
    step_id: Option<StepId>,
    /// What is judged.
    name: String,
    /// The judgement: a number, true or false, or a text.
    value: Judgement,
    /// The reason.
    comment: Option<String>,
    /// Who judged.
    user_id: Option<String>,
    /// In which role: `user`, `evaluator` or `api`.
    source: &'static str,
    /// When.
    created_at: Time,
}

/// A judgement: a number, true or false, or a text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Judgement {
    Number(f64),
    Boolean(bool),
    Text(String),
}

/// Which feedback.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListFeedback {
    /// What is judged.
    name: Option<String>,
    /// The run that is judged.
    run_id: Option<Uuid>,
    /// Who judged.
    user_id: Option<String>,
    /// In which role: `user`, `evaluator` or `api`.
    #[param(value_type = Option<String>)]
    source: Option<FeedbackSource>,
    /// Its number is at least this; true is 1 and false is 0.
    min_value: Option<f64>,
    /// Its number is at most this.
    max_value: Option<f64>,
    /// Its text is this.
    value: Option<String>,
    /// It was given then or later.
    #[param(inline)]
    since: Option<Time>,
    /// It was given before then.
    #[param(inline)]
    until: Option<Time>,
    /// Judgements of a page: 50 unless said otherwise, 1,000 at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    cursor: Option<String>,
}

/// A page of feedback, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeedbackList {
    /// The judgements.
    feedback: Vec<FeedbackItem>,
    /// Where the next page begins; null if there is none.
    next_cursor: Option<String>,
}

/// The feedback of a run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunFeedback {
    /// The judgements, the latest first: 1,000 at most.
    feedback: Vec<FeedbackItem>,
}

/// Lists feedback, the latest first.
#[utoipa::path(tag = "feedback", params(ListFeedback), responses((status = 200, body = FeedbackList)))]
#[get("/v1/feedback")]
pub(crate) async fn list_feedback(
    reader: Reader,
    query: Query<ListFeedback>,
    app: Data<App>,
) -> Result<Json<FeedbackList>, Problem> {
    let query = query.0;
    let page: Page<(i64, Uuid, RunId)> = Page::read(query.limit, query.cursor.as_deref(), ORDER)?;
    let after = page.after.map(|(at, id, run)| FeedbackPosition {
        created_at: Timestamp(at),
        feedback: FeedbackId(id),
        run,
    });
    let filter = FeedbackFilter {
        name: query.name,
        run: query.run_id.map(RunId),
        user_id: query.user_id,
        source: query.source,
        min_value: query.min_value,
        max_value: query.max_value,
        text: query.value,
        since: query.since.map(|time| time.0),
        until: query.until.map(|time| time.0),
    };
    let project = reader.project;
    let mut rows = app
        .answer(project, async |conn| {
            feedback::list(conn, project, &filter, after, page.rows()).await
        })
        .await?;
    let next_cursor = page.cut(&mut rows, ORDER, |feedback| {
        let position = feedback.position();
        (position.created_at.0, position.feedback.0, position.run)
    });
    Ok(Json(FeedbackList {
        feedback: rows.into_iter().map(FeedbackItem::from).collect(),
        next_cursor,
    }))
}

/// Lists the feedback of a run, also of one of which nothing else is known yet.
#[utoipa::path(
    tag = "runs",
    params(("run" = String, Path, description = "The run's id: a UUID or 32 hex digits")),
    responses((status = 200, body = RunFeedback))
)]
#[get("/v1/runs/{run}/feedback")]
pub(crate) async fn list_run_feedback(
    reader: Reader,
    run: Path<RunId>,
    app: Data<App>,
) -> Result<Json<RunFeedback>, Problem> {
    let (project, run) = (reader.project, run.into_inner());
    let filter = FeedbackFilter {
        run: Some(run),
        ..FeedbackFilter::default()
    };
    let rows = app
        .answer(project, async |conn| {
            let rows = feedback::list(conn, project, &filter, None, PAGE_ROWS_MAX).await?;
            if rows.is_empty() {
                // A run without feedback is not an unknown run.
                runs::place(conn, project, run).await?;
            }
            Ok(rows)
        })
        .await?;
    let feedback = rows.into_iter().map(FeedbackItem::from).collect();
    Ok(Json(RunFeedback { feedback }))
}

impl From<FeedbackInfo> for FeedbackItem {
    fn from(feedback: FeedbackInfo) -> Self {
        let FeedbackInfo {
            id,
            run,
            step,
            name,
            value,
            comment,
            user_id,
            source,
            created_at,
        } = feedback;
        Self {
            id,
            run_id: run,
            step_id: step,
            name,
            value: match value {
                FeedbackValue::Number(number) => Judgement::Number(number),
                FeedbackValue::Boolean(value) => Judgement::Boolean(value),
                FeedbackValue::Text(text) => Judgement::Text(text),
            },
            comment,
            user_id,
            source: source.name(),
            created_at: Time(created_at),
        }
    }
}
