//! The endpoints: one file each, and what they share.

mod answer;
mod intake;
mod otlp_form;
pub(crate) use otlp_form::grpc_code;
mod validation;

mod change_run;
mod create_failures;
mod create_feedback;
mod create_runs;
mod create_steps;
mod create_traces;
mod create_validation;
mod langfuse;
mod langsmith;
mod openai_agents;
mod other_signals;
mod record_heartbeat;

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use utoipa_actix_web::service_config::ServiceConfig;

use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;
use runwatch_store::pool::Pool;
use runwatch_store::settings;

use crate::App;
use crate::tenants::Tenant;

/// Bodies up to this are decoded where they were read, which takes less than a millisecond. What takes
/// longer would hold up the worker's other requests: those that are to be refused, above all.
const DECODED_AT_ONCE_BYTES: usize = 64 << 10;

/// Why an export of metrics or logs is refused.
pub(crate) const ONLY_TRACES: &str = "Of OpenTelemetry only traces are taken in as yet; turn off this exporter, for example with OTEL_METRICS_EXPORTER=none and OTEL_LOGS_EXPORTER=none.";

/// Registers all handlers.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_runs::create_runs)
        .service(change_run::change_run)
        .service(create_steps::create_steps)
        .service(create_failures::create_failures)
        .service(create_feedback::create_feedback)
        .service(record_heartbeat::record_heartbeat)
        .service(create_traces::create_traces)
        .service(other_signals::create_metrics)
        .service(other_signals::create_logs)
        .service(langfuse::create_langfuse_traces)
        .service(langfuse::list_langfuse_projects)
        .service(langfuse::create_langfuse_scores)
        .service(openai_agents::create_openai_traces)
        .service(langsmith::create_langsmith_traces)
        .service(create_validation::create_validation);
}

/// Whether telemetry can be stored, and safely.
pub(crate) async fn check(pool: Pool, unsafe_durability: bool) -> Result<(), String> {
    let mut conn = pool.get().await.map_err(|error| error.to_string())?;
    let unfit = settings::check_writable(&mut conn)
        .await
        .map_err(|error| error.to_string())?;
    match unfit {
        Some(settings::NotFit::NotDurable(..)) if unsafe_durability => Ok(()),
        Some(unfit) => Err(unfit.to_string()),
        None => Ok(()),
    }
}

/// The media type of a request's body, without its parameters, in lower case.
fn media_type(request: &HttpRequest) -> String {
    let header = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = header
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    media_type.trim().to_ascii_lowercase()
}

/// The project of whoever sends, if its quotas let it; who may not is counted.
pub(crate) fn admit(app: &App, who: &Ingester) -> Result<Arc<Tenant>, Problem> {
    let admitted = app.tenants.admit(who);
    admitted.inspect_err(|problem| app.metrics.refused(problem))
}

/// Does work on the processor: here if it is little, else on a thread of its own. There are as many of those
/// at a time as processors: more would only have more in memory.
pub(crate) async fn compute<T: Send + 'static>(
    app: &App,
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    if bytes <= DECODED_AT_ONCE_BYTES {
        return Ok(work());
    }
    let turn = app.decoders.acquire().await;
    let _turn = turn.expect("nobody closes it");
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_it_panicked| Problem::unavailable())
}

/// The answer to something that could not be stored now.
pub(crate) fn not_stored(_: crate::queue::NotStored) -> Problem {
    Problem::unavailable()
}

/// The answer to an idempotency key that was used before with another body.
fn key_reused() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency_key_reused",
        "This Idempotency-Key was used before with another body. Use a new one.",
    )
}
