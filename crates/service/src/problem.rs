//! Errors as clients see them: RFC 9457 with a stable `code`, and nothing of what lies inside.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use runwatch_store::error::StoreError;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// The media type of a problem (RFC 9457 §6.1).
pub const MEDIA_TYPE: &str = "application/problem+json";
/// Seconds after which a client is asked to come back from a passing trouble, at most. Stock exporters of
/// OpenTelemetry give up when told to wait longer than a few.
pub const RETRY_AFTER_SECONDS_MAX: u32 = 2;

/// An error that a handler answers with.
#[derive(Debug)]
pub struct Problem(Box<Answer>);

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    details: ProblemDetails,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What went wrong with a request (RFC 9457).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemDetails {
    /// Always `about:blank`: the `code` tells problems apart.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The name of the HTTP status.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What went wrong, in one stable word that programs can rely on.
    code: &'static str,
    /// What went wrong, in a sentence for people.
    detail: Cow<'static, str>,
    /// The parameter, header or field of the body that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The position of the wrong item in a list that was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    /// Further members, such as the `limit` that was passed.
    #[serde(flatten)]
    members: Map<String, Value>,
}

impl Problem {
    /// A problem of any kind; `code` is part of the API and never changes.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let details = ProblemDetails {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            field: None,
            index: None,
            members: Map::new(),
        };
        Self(Box::new(Answer {
            status,
            details,
            headers: Vec::new(),
        }))
    }

    /// 400: a parameter or field has a value that it cannot have.
    pub fn invalid_parameter(field: &str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail).with_field(field)
    }

    /// 400: the request as a whole cannot be read.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    /// 401: no credential, or none that is valid.
    pub fn unauthenticated(detail: &'static str) -> Self {
        let challenge = HeaderValue::from_static("Bearer realm=\"runwatch\"");
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
            .with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// 403: the key is valid but lacks a scope.
    pub fn missing_scope(scope: &'static str) -> Self {
        let detail = format!("This key lacks the scope `{scope}`, which this call needs.");
        Self::new(StatusCode::FORBIDDEN, "missing_scope", detail).with_member("scope", scope)
    }

    /// 404: there is no such thing in this project, whether or not there is in another.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing of this id or path.",
        )
    }

    /// 405: the path takes other methods, which are named.
    pub fn method_not_allowed(allowed: &str) -> Self {
        let problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "This path does not take this method; the header Allow names those it takes.",
        );
        match HeaderValue::from_str(allowed) {
            Ok(allowed) => problem.with_header(header::ALLOW, allowed),
            Err(_not_a_header) => problem,
        }
    }

    /// 413: a body is larger than the limit, which is named in bytes.
    pub fn body_too_large(limit: usize) -> Self {
        let detail = format!("The body is larger than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
            .with_member("limit", limit)
    }

    /// 413: a request holds more items than the limit, which is named.
    pub fn too_many_items(limit: usize) -> Self {
        let detail = format!("More than {limit} items in one request; send several.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_items", detail)
            .with_member("limit", limit)
    }

    /// 503 with `Retry-After`: a passing trouble.
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "The service cannot do this now; send the request again after the time in Retry-After.",
        )
        .with_retry_after_a_moment()
    }

    /// 500: something that must not happen. The error is logged here, and not told.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "A request failed for a reason that is not its own");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong inside; the log has it under the id in X-Request-Id.",
        )
    }

    /// What went wrong, in a sentence.
    pub fn detail(&self) -> &str {
        &self.0.details.detail
    }

    /// Names the parameter or field that is wrong.
    pub fn with_field(mut self, field: &str) -> Self {
        self.0.details.field = Some(field.to_owned());
        self
    }

    /// Names the position of the wrong item.
    pub fn with_index(mut self, index: usize) -> Self {
        self.0.details.index = Some(index);
        self
    }

    /// Adds a member of its own to the answer.
    pub fn with_member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.details.members.insert(name.to_owned(), value.into());
        self
    }

    /// Asks the client to come back after so many seconds.
    pub fn with_retry_after(self, seconds: u32) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Asks the client to come back soon. Who is refused at the same moment is told different times, so
    /// as not to come back at the same moment too.
    pub fn with_retry_after_a_moment(self) -> Self {
        let random = u32::from(Uuid::new_v4().as_bytes()[0]);
        self.with_retry_after(1 + random % RETRY_AFTER_SECONDS_MAX)
    }

    /// Adds a header to the answer.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The stable word for what went wrong.
    pub fn code(&self) -> &'static str {
        self.0.details.code
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The seconds after which the client is asked to come back.
    pub fn retry_after(&self) -> Option<u32> {
        let mut headers = self.0.headers.iter();
        let (_, value) = headers.find(|(name, _)| name == header::RETRY_AFTER)?;
        value.to_str().ok()?.parse().ok()
    }

    /// What clients read.
    pub fn details(&self) -> &ProblemDetails {
        &self.0.details
    }

    /// The problem that stands for an error which the framework answered in plain text.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(
                status,
                "body_too_large",
                "The body is larger than this call takes.",
            ),
            StatusCode::REQUEST_TIMEOUT => Self::new(
                status,
                "request_timeout",
                "The request did not arrive in time.",
            ),
            _ if status.is_client_error() => {
                Self::new(status, "bad_request", "The request cannot be read.")
            }
            _ => Self::new(status, "internal", "Something went wrong inside."),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.details.code, self.0.details.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.0.status);
        for header in &self.0.headers {
            response.append_header(header.clone());
        }
        // An answer about one moment must not be kept for another.
        response
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type(MEDIA_TYPE)
            .body(serde_json::to_string(&self.0.details).unwrap_or_default())
    }
}

impl Problem {
    fn too_broad(limit: Duration) -> Self {
        let detail = "Answering this takes too long: ask for less time, or filter more.";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "too_broad", detail).with_member(
            "limit_ms",
            u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        )
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::not_found(),
            StoreError::Rule { code, detail } => Self::new(StatusCode::CONFLICT, code, detail),
            StoreError::Exists(what) => {
                let detail = format!("There is {what} already.");
                Self::new(StatusCode::CONFLICT, "exists", detail)
            }
            StoreError::TooSlow(limit) => Self::too_broad(limit),
            error if error.is_transient() => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "The database did not answer"
                );
                Self::unavailable()
            }
            error => Self::internal(&error),
        }
    }
}
