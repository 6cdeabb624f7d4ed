//! Bodies in JSON, read strictly: one that is too long, of another type or shape is refused with the name
//! of the field that is wrong.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, PayloadConfig};
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Bytes of a body at most: what people and their programs say in one call.
pub const JSON_BYTES_MAX: usize = 64 << 10;

/// The body of a request, whose type should `deny_unknown_fields`.
#[derive(Clone, Copy, Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        // Forms of other sites cannot send this type.
        let is_json = kind
            .split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        let body = Bytes::from_request(request, payload);
        Box::pin(async move {
            if !is_json {
                return Err(not_json());
            }
            let body = body.await.map_err(|error| unread(&error))?;
            read(&body).map(Self)
        })
    }
}

/// What bounds the bodies of a service that takes such bodies.
pub fn config() -> PayloadConfig {
    PayloadConfig::new(JSON_BYTES_MAX)
}

fn not_json() -> Problem {
    let detail = "Send JSON, with the header Content-Type: application/json.";
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Problem::new(status, "unsupported_media_type", detail)
}

fn unread(error: &actix_web::Error) -> Problem {
    match error.as_response_error().status_code() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::body_too_large(JSON_BYTES_MAX),
        _ => Problem::bad_request("The body could not be read to its end."),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let problem = Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_body",
            format!("The body is wrong: {inner}."),
        );
        match path.as_str() {
            "." | "?" => problem,
            path => problem.with_field(path),
        }
    })?;
    let end = json.end();
    end.map_err(|_more| Problem::bad_request("There is something behind the JSON."))?;
    Ok(read)
}
