//! `POST /v1/runs`.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};

use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;

use crate::App;
use crate::endpoints::answer::Verdicts;
use crate::endpoints::intake::{Reading, take_in};
use crate::native::json::RunJson;
use crate::native::whole_run;

const READING: Reading = Reading {
    item: "run",
    is_run: true,
    read: whole_run,
    list: None,
};

/// Stores runs: one, an array of them, or one a line (NDJSON), each whole or only its head.
///
/// The answer comes after the commit. With an `Idempotency-Key` or ids in the body, sending again
/// is safe.
#[utoipa::path(
    tag = "runs",
    request_body(content = inline(RunJson<'_>), content_type = "application/json"),
    responses(
        (status = 200, description = "All of it is stored", body = Verdicts),
        (status = 207, description = "Some of it is stored", body = Verdicts),
        (status = 400, description = "None of it is stored", body = Verdicts),
    ),
)]
#[post("/v1/runs")]
pub(crate) async fn create_runs(
    who: Ingester,
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    take_in(app, who, request, payload, None, READING).await
}
