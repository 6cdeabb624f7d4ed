//! `POST /v1/traces`: OTLP/HTTP.

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};

use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;

use crate::App;
use crate::body;
use crate::endpoints::otlp_form::{content_type, format, in_otlp_form};
use crate::endpoints::{admit, media_type};
use crate::traces;

/// Stores an export of OpenTelemetry traces, as protobuf or JSON, plain or gzip.
///
/// The answer comes after the commit. Spans that cannot be stored are counted in `partial_success`
/// and kept in quarantine; the others are stored. Errors are a `google.rpc.Status`.
#[utoipa::path(
    tag = "opentelemetry",
    request_body(content = Vec<u8>, content_type = "application/x-protobuf",
        description = "An ExportTraceServiceRequest"),
    responses((status = 200, description = "An ExportTraceServiceResponse, in the request's format")),
)]
#[post("/v1/traces", wrap = "from_fn(in_otlp_form)")]
pub(crate) async fn create_traces(
    who: Ingester,
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    take_traces(who, app, request, payload).await
}

/// Stores the export of traces that a request holds.
pub(super) async fn take_traces(
    who: Ingester,
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let format = format(&request).ok_or_else(|| unsupported(&media_type(&request)))?;
    let tenant = admit(&app, &who)?;
    let body = body::read(&request, payload, &app, who.project)
        .await
        .inspect_err(|problem| app.metrics.refused(problem))?;
    let answer = traces::store(app, (who, tenant), format, body).await?;
    Ok(HttpResponse::Ok()
        .content_type(content_type(format))
        .body(answer))
}

fn unsupported(media_type: &str) -> Problem {
    let detail = match media_type {
        "application/grpc" => "This is the HTTP endpoint; gRPC has a port of its own.",
        _ => "Send application/x-protobuf or application/json.",
    };
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        detail,
    )
}
