//! What happens to every request and every answer: an id, a log line, counts, and one form for
//! errors.

#[cfg(test)]
mod tests;

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, ResponseError};
use runwatch_core::text::cut;
use tokio::time::Instant;
use tracing::Instrument;
use utoipa::openapi::OpenApi;
use uuid::Uuid;

use crate::health::Readiness;
use crate::metrics::HttpMetrics;
use crate::problem::Problem;
use crate::server::connection::let_go;
use crate::trace::{TRACEPARENT, TraceId};

/// The header with the id of a request: the client's, and in the answer the one that the log has.
pub const REQUEST_ID: &str = "x-request-id";
/// Characters of a request id that is taken over from outside.
const REQUEST_ID_LEN_MAX: usize = 64;
/// Bytes of a path in the log.
const LOGGED_PATH_BYTES_MAX: usize = 200;

/// What the outermost layer needs.
#[derive(Clone)]
pub(crate) struct Observer {
    pub(crate) metrics: HttpMetrics,
    pub(crate) readiness: Readiness,
}

impl Observer {
    /// Lets a request through, and looks at what comes back.
    pub(crate) async fn observe<B: MessageBody + 'static>(
        self,
        mut request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let headers = request.headers();
        let header = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
        let (id, trace) = (
            id_of(header(REQUEST_ID)),
            TraceId::of_caller(header(TRACEPARENT)),
        );
        let method = request.method().clone();
        // The server leaves out the body of an answer to HEAD by itself.
        if method == Method::HEAD {
            request.head_mut().method = Method::GET;
        }
        request.extensions_mut().insert(RequestId(id.clone()));
        let span = tracing::error_span!(
            parent: None,
            "request",
            trace_id = %trace,
            request.id = %id,
            http.method = %method,
            url.path = cut(request.path(), LOGGED_PATH_BYTES_MAX),
        );
        let started = Instant::now();
        async move {
            let response = next.call(request).await?.map_into_boxed_body();
            Ok(self.finish(response, &id, &method, started.elapsed()))
        }
        .instrument(span)
        .await
    }

    fn finish(
        &self,
        response: ServiceResponse<BoxBody>,
        id: &str,
        method: &Method,
        duration: Duration,
    ) -> ServiceResponse<BoxBody> {
        let mut response = as_problem(response);
        let_go(&mut response);
        let status = response.status();
        let route = response.request().match_pattern();
        log(route.as_deref(), status, duration);
        self.metrics.count(route, method, status, duration);
        if let Ok(id) = HeaderValue::from_str(id) {
            let name = HeaderName::from_static(REQUEST_ID);
            response.headers_mut().insert(name, id);
        }
        if self.readiness.is_draining() {
            response
                .response_mut()
                .head_mut()
                .set_connection_type(ConnectionType::Close);
        }
        response
    }
}

/// The id of a request, which its handler finds here.
#[derive(Clone)]
struct RequestId(String);

/// The id under which the log speaks of this request, and the answer's `X-Request-Id`.
pub fn request_id(request: &HttpRequest) -> String {
    let extensions = request.extensions();
    let id = extensions.get::<RequestId>();
    id.map(|id| id.0.clone()).unwrap_or_default()
}

/// The id under which the log speaks of a request: the client's if it is harmless, else a new one.
pub fn id_of(given: Option<&[u8]>) -> String {
    let sane = |id: &&str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        (1..=REQUEST_ID_LEN_MAX).contains(&id.len()) && id.bytes().all(allowed)
    };
    let given = given.and_then(|id| str::from_utf8(id).ok()).filter(sane);
    given.map_or_else(|| Uuid::new_v4().simple().to_string(), str::to_owned)
}

/// What the framework answers in plain text or without a body becomes a problem.
fn as_problem(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !is_error || !(kind.is_empty() || kind.starts_with("text/plain")) {
        return response;
    }
    response.into_response(Problem::of_status(status).error_response())
}

/// One line for every request: what went well is in the access log of the proxy already, and is
/// shown here to those who ask for it.
fn log(route: Option<&str>, status: StatusCode, duration: Duration) {
    let (route, duration_ms) = (route.unwrap_or("none"), duration.as_secs_f64() * 1_000.0);
    macro_rules! answered {
        ($level:ident) => {
            tracing::$level!(
                http.status = status.as_u16(),
                duration_ms,
                http.route = route,
                "Answered"
            )
        };
    }
    if status.is_server_error() {
        answered!(warn);
    } else if status.is_client_error() {
        answered!(info);
    } else {
        answered!(debug);
    }
}

/// Answers what no handler takes: 405 if another method has a handler at this path, else 404.
pub(crate) fn refuse(request: &HttpRequest, document: &OpenApi) -> HttpResponse {
    let pattern = request.resource_map().match_pattern(request.path());
    let item = pattern.and_then(|pattern| document.paths.paths.get(&pattern));
    let Some(item) = item else {
        return Problem::not_found().error_response();
    };
    let methods = [
        (item.get.is_some(), "GET, HEAD"),
        (item.post.is_some(), "POST"),
        (item.put.is_some(), "PUT"),
        (item.patch.is_some(), "PATCH"),
        (item.delete.is_some(), "DELETE"),
    ];
    let allowed = methods
        .iter()
        .filter(|(is_there, _)| *is_there)
        .map(|(_, name)| *name);
    Problem::method_not_allowed(&allowed.collect::<Vec<_>>().join(", ")).error_response()
}
