//! `PATCH /v1/runs/{run}`.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, patch};

use runwatch_core::ids::RunId;
use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;

use crate::App;
use crate::endpoints::answer::Verdicts;
use crate::endpoints::intake::{Reading, take_in};
use crate::native::change;
use crate::native::json::ChangeJson;

const READING: Reading = Reading {
    item: "run",
    is_run: true,
    read: change,
    list: None,
};

/// Tells what is new of a run: how it ended, its output, further tags or attributes.
///
/// The answer comes after the commit. With an `Idempotency-Key` or ids in the body, sending again
/// is safe.
#[utoipa::path(
    tag = "runs",
    request_body(content = inline(ChangeJson<'_>), content_type = "application/json"),
    responses(
        (status = 200, description = "All of it is stored", body = Verdicts),
        (status = 207, description = "Some of it is stored", body = Verdicts),
        (status = 400, description = "None of it is stored", body = Verdicts),
    ), params(("run" = String, Path, description = "Id of the run")),
)]
#[patch("/v1/runs/{run}")]
pub(crate) async fn change_run(
    who: Ingester,
    app: Data<App>,
    path: Path<RunId>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    take_in(app, who, request, payload, Some(path.into_inner()), READING).await
}
