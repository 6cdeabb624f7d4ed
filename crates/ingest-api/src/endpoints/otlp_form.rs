//! OTLP's own form for errors: a `google.rpc.Status`, written as the request was
//! (opentelemetry-proto 1.11, "OTLP/HTTP Response").

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, ResponseError};

use runwatch_otlp::{Format, response};
use runwatch_service::problem::Problem;

use crate::endpoints::media_type;

/// The format that a request is written in, by its content type.
pub(super) fn format(request: &HttpRequest) -> Option<Format> {
    match media_type(request).as_str() {
        "application/x-protobuf" => Some(Format::Protobuf),
        "application/json" => Some(Format::Json),
        _ => None,
    }
}

/// The content type of an answer in a format.
pub(super) fn content_type(format: Format) -> &'static str {
    match format {
        Format::Protobuf => "application/x-protobuf",
        Format::Json => "application/json",
    }
}

/// Turns every problem that the handler and its extractors answer with into OTLP's form.
pub(super) async fn in_otlp_form(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    // Whoever sends neither form is answered in the one that people can read.
    let format = format(request.request()).unwrap_or(Format::Json);
    let http = request.request().clone();
    match next.call(request).await {
        Ok(response) => match response
            .response()
            .error()
            .and_then(|error| error.as_error::<Problem>())
        {
            Some(problem) => {
                let answer = answer(problem, format);
                Ok(response.into_response(answer).map_into_boxed_body())
            }
            None => Ok(response.map_into_boxed_body()),
        },
        Err(error) => match error.as_error::<Problem>() {
            Some(problem) => Ok(ServiceResponse::new(http, answer(problem, format))),
            None => Err(error),
        },
    }
}

fn answer(problem: &Problem, format: Format) -> actix_web::HttpResponse {
    let mut answer = problem.error_response();
    let message = format!("{}: {}", problem.code(), problem.detail());
    let code = grpc_code(answer.status());
    let body = response::status(format, code, &message, problem.retry_after());
    let content_type = HeaderValue::from_static(content_type(format));
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer.set_body(body).map_into_boxed_body()
}

/// The gRPC code that says the same as an HTTP status (google/rpc/code.proto).
pub(crate) fn grpc_code(status: StatusCode) -> i32 {
    match status.as_u16() {
        401 => 16,
        403 => 7,
        404 => 5,
        408 => 4,
        413 | 429 => 8,
        415 | 501 => 12,
        503 => 14,
        500.. => 13,
        _ => 3,
    }
}
