//! Where the SDKs of LangSmith send traces in their OpenTelemetry mode: with `LANGSMITH_ENDPOINT`
//! set to our base URL and an API key, they work unchanged (LangSmith SDK 0.14).

use actix_web::middleware::from_fn;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};

use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;

use crate::App;
use crate::endpoints::create_traces::take_traces;
use crate::endpoints::otlp_form::in_otlp_form;

/// Stores an export of OpenTelemetry traces where the SDKs of LangSmith send it; as `/v1/traces`.
#[utoipa::path(
    tag = "compatibility",
    request_body(content = Vec<u8>, content_type = "application/x-protobuf",
        description = "An ExportTraceServiceRequest"),
    responses((status = 200, description = "An ExportTraceServiceResponse, in the request's format")),
)]
#[post("/otel/v1/traces", wrap = "from_fn(in_otlp_form)")]
pub(crate) async fn create_langsmith_traces(
    who: Ingester,
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    take_traces(who, app, request, payload).await
}
