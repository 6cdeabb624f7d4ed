//! OTLP over gRPC: the way of a request over HTTP, in gRPC's framing.
//!
//! `tonic` speaks HTTP/2 and has the words of gRPC; the one message of a call is read here, so that
//! it is paid for from the budget of bytes in flight before it is held, and inflated under a cap.

mod message;
mod reply;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Request, Response};
use tokio::sync::oneshot;
use tonic::body::Body;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tower_service::Service;
use tracing::Instrument as _;

use runwatch_otlp::Format;
use runwatch_service::auth::cache::KeyCache;
use runwatch_service::auth::{Credentials, Ingester};
use runwatch_service::problem::Problem;
use runwatch_service::request::{REQUEST_ID, id_of};
use runwatch_service::server::Companion;
use runwatch_service::trace::{TRACEPARENT, TraceId};

use crate::App;
use crate::endpoints::admit;
use crate::traces;

/// Calls that one connection may have open at a time.
const STREAMS_PER_CONNECTION_MAX: u32 = 256;
/// How often a silent connection is asked whether somebody is there, and how long that may take.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes of the headers of a call.
const HEADERS_BYTES_MAX: u32 = 32 << 10;

/// Bytes of a frame: a message of some hundred kilobytes is a few of them, not a few dozen.
const FRAME_BYTES_MAX: u32 = 256 << 10;

/// Starts to listen. It has to be called on the main runtime.
pub(crate) fn start(
    bind: SocketAddr,
    app: Data<App>,
    keys: Data<KeyCache>,
) -> io::Result<Companion> {
    let listener = TcpListener::bind(bind)?;
    listener.set_nonblocking(true)?;
    let addr = listener.local_addr()?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let (stop, stopped) = oneshot::channel::<()>();
    let server = Server::builder()
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_TIMEOUT))
        .http2_max_header_list_size(HEADERS_BYTES_MAX)
        .max_frame_size(Some(FRAME_BYTES_MAX))
        .serve_with_incoming_shutdown(Exports { app, keys }, incoming, async {
            // Whoever drops the sender wants the end as much as whoever sends.
            drop(stopped.await);
        });
    tracing::info!(%addr, "Listening on {addr} for gRPC");
    let task = tokio::spawn(async { server.await.map_err(io::Error::other) });
    Ok(Companion { addr, stop, task })
}

/// The OTLP services.
#[derive(Clone)]
struct Exports {
    app: Data<App>,
    keys: Data<KeyCache>,
}

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Traces,
    Metrics,
    Logs,
    Unknown,
}

impl Method {
    fn of(path: &str) -> Self {
        match path {
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Self::Traces,
            "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => Self::Metrics,
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => Self::Logs,
            _ => Self::Unknown,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
            Self::Unknown => "unknown",
        }
    }
}

impl Service<Request<Body>> for Exports {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let exports = self.clone();
        Box::pin(async move { Ok(exports.observe(request).await) })
    }
}

impl Exports {
    /// Answers a call, with the ids that a request over HTTP has.
    async fn observe(self, request: Request<Body>) -> Response<Body> {
        let (id, trace) = ids(request.headers());
        let span = tracing::error_span!(parent: None, "call", trace_id = %trace, request.id = %id);
        let mut response = self.answer(request).instrument(span).await;
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }

    async fn answer(self, request: Request<Body>) -> Response<Body> {
        if !is_grpc(&request) {
            return reply::not_grpc();
        }
        let method = Method::of(request.uri().path());
        let (app, answered) = (self.app.clone(), self.export(method, request).await);
        let (response, code) = match answered {
            Ok(message) => (reply::message(&message), 0),
            Err(problem) => reply::problem(&problem),
        };
        app.metrics.called(method.name(), code);
        tracing::debug!(
            rpc.method = method.name(),
            rpc.response.status_code = code,
            "Answered a call"
        );
        response
    }

    async fn export(self, method: Method, request: Request<Body>) -> Result<Vec<u8>, Problem> {
        let (Parts { headers, .. }, body) = request.into_parts();
        let credentials = Credentials {
            api_key: headers.get("x-api-key").map(HeaderValue::as_bytes),
            authorization: headers.get(AUTHORIZATION).map(HeaderValue::as_bytes),
        };
        let who = Ingester::find(&self.keys, credentials).await?;
        if method != Method::Traces {
            return Err(not_taken(method));
        }
        let app = self.app;
        let tenant = admit(&app, &who)?;
        let body = message::read(&headers, body, &app, who.project)
            .await
            .inspect_err(|problem| app.metrics.refused(problem))?;
        traces::store(app, (who, tenant), Format::Protobuf, body).await
    }
}

/// The ids under which the log speaks of a call.
fn ids(headers: &HeaderMap) -> (String, TraceId) {
    let header = |name| headers.get(name).map(HeaderValue::as_bytes);
    (
        id_of(header(REQUEST_ID)),
        TraceId::of_caller(header(TRACEPARENT)),
    )
}

fn is_grpc(request: &Request<Body>) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

fn not_taken(method: Method) -> Problem {
    let detail = match method {
        Method::Metrics | Method::Logs => crate::endpoints::ONLY_TRACES,
        Method::Traces | Method::Unknown => {
            "There is no such method; OpenTelemetry's TraceService/Export is taken."
        }
    };
    Problem::new(StatusCode::NOT_IMPLEMENTED, "not_implemented", detail)
}
