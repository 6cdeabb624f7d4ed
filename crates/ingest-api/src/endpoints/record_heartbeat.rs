//! `POST /v1/runs/{run}/heartbeat`.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, post};
use tokio::time::Instant;

use runwatch_core::ids::RunId;
use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;
use runwatch_store::ingest::Arrival;

use crate::App;
use crate::body::no_room;
use crate::endpoints::{admit, not_stored};
use crate::native::heartbeat;
use crate::prepare::{Context, prepare};

/// Tells that a run is still alive, so that it does not count as stalled.
#[utoipa::path(
    tag = "runs",
    params(("run" = String, Path, description = "Id of the run")),
    responses((status = 204, description = "Noted")),
)]
#[post("/v1/runs/{run}/heartbeat")]
pub(crate) async fn record_heartbeat(
    who: Ingester,
    app: Data<App>,
    path: Path<RunId>,
) -> Result<HttpResponse, Problem> {
    let tenant = admit(&app, &who)?;
    let since = Instant::now();
    let held = app.budget.take(who.project, 0).map_err(no_room)?;
    let received_at = app.clock.now();
    let context = Context {
        key: who.content_key,
        received_at,
        prices: &app.prices,
        redactor: &tenant.redactor,
    };
    let part = heartbeat(context, path.into_inner());
    let arrival = Arrival {
        project: who.project,
        content_key: who.content_key,
        idempotency: None,
        runs: vec![prepare(context, part, false)],
        quarantine: Vec::new(),
        rejected: std::collections::BTreeMap::new(),
        duplicates: 0,
    };
    let stored = app.queue.store(arrival, held, since).await;
    stored.map_err(not_stored)?;
    Ok(HttpResponse::NoContent().finish())
}
