//! Answers of calls: a message and a status in trailers, or a status alone.

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tonic::body::Body;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use actix_web::web::Bytes;
use runwatch_otlp::{Format, response};
use runwatch_service::problem::Problem;

use crate::endpoints::grpc_code;

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
/// Key of the trailer from which Python's exporter reads when to come back; others read it from the
/// details of the status.
const RETRY_INFO: &str = "google.rpc.retryinfo-bin";

/// A message, and the status 0 behind it.
pub(super) fn message(message: &[u8]) -> Response<Body> {
    let length = u32::try_from(message.len()).expect("an answer is a few kilobytes");
    let mut framed = Vec::with_capacity(5 + message.len());
    framed.push(0);
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body = Full::new(Bytes::from(framed)).with_trailers(async { Some(Ok(trailers)) });
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response
}

/// A problem as a status, and its code.
pub(super) fn problem(problem: &Problem) -> (Response<Body>, i32) {
    let code = grpc_code(problem.status());
    let message = format!("{}: {}", problem.code(), problem.detail());
    let mut metadata = MetadataMap::new();
    let mut details = Vec::new();
    if let Some(seconds) = problem.retry_after() {
        details = response::status(Format::Protobuf, code, &message, Some(seconds));
        let retry_info = MetadataValue::from_bytes(&response::retry_info(seconds));
        metadata.insert_bin(RETRY_INFO, retry_info);
    }
    if problem.code() == "unsupported_encoding" {
        let taken = MetadataValue::from_static("identity,gzip");
        metadata.insert("grpc-accept-encoding", taken);
    }
    let code_of_tonic = Code::from_i32(code);
    let status =
        Status::with_details_and_metadata(code_of_tonic, message, details.into(), metadata);
    (status.into_http(), code)
}

/// The answer to a request that is no call (gRPC over HTTP/2: 415).
pub(super) fn not_grpc() -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}
