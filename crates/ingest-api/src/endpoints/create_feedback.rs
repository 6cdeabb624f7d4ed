//! `POST /v1/runs/{run}/feedback`.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, post};

use runwatch_core::ids::RunId;
use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;

use crate::App;
use crate::endpoints::answer::Verdicts;
use crate::endpoints::intake::{Reading, take_in};
use crate::native::json::FeedbackJson;
use crate::native::single_feedback;

const READING: Reading = Reading {
    item: "feedback",
    is_run: false,
    read: single_feedback,
    list: None,
};

/// Stores what somebody thinks of a run: one judgement or an array of them.
///
/// The run need not be known yet. The answer comes after the commit, and sending again is safe. A
/// judgement never changes; the same id with another one is refused.
#[utoipa::path(
    tag = "runs",
    request_body(content = inline(FeedbackJson<'_>), content_type = "application/json"),
    responses(
        (status = 200, description = "All of it is stored", body = Verdicts),
        (status = 207, description = "Some of it is stored", body = Verdicts),
        (status = 400, description = "None of it is stored", body = Verdicts),
    ), params(("run" = String, Path, description = "Id of the run")),
)]
#[post("/v1/runs/{run}/feedback")]
pub(crate) async fn create_feedback(
    who: Ingester,
    app: Data<App>,
    path: Path<RunId>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    take_in(app, who, request, payload, Some(path.into_inner()), READING).await
}
