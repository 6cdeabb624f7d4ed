//! Asking the provider for JSON, of which no more is read than is fit.

use std::sync::Arc;

use reqwest::RequestBuilder;
use reqwest::header::ACCEPT;
use runwatch_core::limits::OIDC_ANSWER_BYTES_MAX;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What a provider refuses with, of all that it may say (RFC 6749 §5.2, RFC 6750 §3.1).
const KNOWN: [&str; 8] = [
    "invalid_client",
    INVALID_GRANT,
    "invalid_request",
    "invalid_scope",
    "invalid_token",
    "insufficient_scope",
    "unauthorized_client",
    "unsupported_grant_type",
];
/// The code was used, is too old, or never was.
const INVALID_GRANT: &str = "invalid_grant";

/// Why there is no answer. Says nothing of what was sent or came back.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// Nobody is there, or takes too long.
    #[error("it cannot be reached, or takes too long")]
    Unreachable(#[source] Arc<reqwest::Error>),
    /// It does not do what it was asked.
    #[error("it answers {status} {said}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The reason, if it is a known one.
        said: &'static str,
    },
    /// The answer is larger than any such answer.
    #[error("the answer is larger than {OIDC_ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    /// The answer is not what it should be.
    #[error("the answer is not JSON, or lacks something")]
    Unreadable,
}

impl FetchError {
    /// Whether the same request may succeed soon.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { status, .. } => !(400..500).contains(status) || *status == 429,
            Self::TooLarge | Self::Unreadable => false,
        }
    }

    /// Whether the code that was shown is refused, and nothing else.
    pub(crate) fn is_of_code(&self) -> bool {
        matches!(self, Self::Refused { said, .. } if *said == INVALID_GRANT)
    }
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(Arc::new(error.without_url()))
    }
}

/// Sends a request and reads the answer.
pub(crate) async fn fetch<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, FetchError> {
    let request = request.header(ACCEPT, "application/json");
    let mut answer = request.send().await?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > OIDC_ANSWER_BYTES_MAX {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    if status == 200 {
        return serde_json::from_slice(&body).map_err(|_unreadable| FetchError::Unreadable);
    }
    let said = said(&body);
    Err(FetchError::Refused { status, said })
}

/// The reason in an answer, if it is a known one.
fn said(body: &[u8]) -> &'static str {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    let Ok(Refusal { error }) = serde_json::from_slice(body) else {
        return "";
    };
    let known = KNOWN.into_iter().find(|known| *known == error);
    known.unwrap_or("for a reason of its own")
}
