//! `POST /v1/metrics` and `/v1/logs`: OTLP's other signals, which are not taken in as yet.

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, post};

use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;

use crate::endpoints::ONLY_TRACES;
use crate::endpoints::otlp_form::in_otlp_form;

/// Refuses an export of OpenTelemetry metrics: they are not taken in as yet.
#[utoipa::path(
    tag = "opentelemetry",
    responses((status = 501, description = "Metrics are not taken in as yet: a google.rpc.Status")),
)]
#[post("/v1/metrics", wrap = "from_fn(in_otlp_form)")]
pub(crate) async fn create_metrics(_: Ingester) -> Result<HttpResponse, Problem> {
    Err(only_traces())
}

/// Refuses an export of OpenTelemetry logs: they are not taken in as yet.
#[utoipa::path(
    tag = "opentelemetry",
    responses((status = 501, description = "Logs are not taken in as yet: a google.rpc.Status")),
)]
#[post("/v1/logs", wrap = "from_fn(in_otlp_form)")]
pub(crate) async fn create_logs(_: Ingester) -> Result<HttpResponse, Problem> {
    Err(only_traces())
}

/// 501, so that no exporter sends it again.
fn only_traces() -> Problem {
    Problem::new(StatusCode::NOT_IMPLEMENTED, "not_implemented", ONLY_TRACES)
}
