//! `POST /v1/runs/{run}/failures`.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, post};

use runwatch_core::ids::RunId;
use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;

use crate::App;
use crate::endpoints::answer::Verdicts;
use crate::endpoints::intake::{Reading, take_in};
use crate::native::json::FailureJson;
use crate::native::single_failure;

const READING: Reading = Reading {
    item: "failure",
    is_run: false,
    read: single_failure,
    list: None,
};

/// Stores failures of a run that are known apart from failed steps.
///
/// The answer comes after the commit. With an `Idempotency-Key` or ids in the body, sending again
/// is safe.
#[utoipa::path(
    tag = "runs",
    request_body(content = inline(FailureJson<'_>), content_type = "application/json"),
    responses(
        (status = 200, description = "All of it is stored", body = Verdicts),
        (status = 207, description = "Some of it is stored", body = Verdicts),
        (status = 400, description = "None of it is stored", body = Verdicts),
    ), params(("run" = String, Path, description = "Id of the run")),
)]
#[post("/v1/runs/{run}/failures")]
pub(crate) async fn create_failures(
    who: Ingester,
    app: Data<App>,
    path: Path<RunId>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    take_in(app, who, request, payload, Some(path.into_inner()), READING).await
}
