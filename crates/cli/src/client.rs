//! Calls of the services over HTTP, as any other client makes them.

mod error;
#[cfg(test)]
mod tests;

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Method, RequestBuilder, Response, redirect};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) use error::CallError;
use error::{NotSent, Refusal};

use crate::args::server::{ServerArgs, URL_DEFAULT};

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long the server may say nothing within an answer, or before it.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);
/// Bytes of an answer that are read: several times that of the largest.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Bytes of a refusal that are read.
const REFUSAL_BYTES_MAX: usize = 64 << 10;
/// The wait after a refusal that names none.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(1);
/// The longest wait that is believed.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// The result of a call.
pub(crate) type Result<T> = std::result::Result<T, CallError>;

/// An installation, and the key that it is called with.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
}

/// What a problem document says (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
    detail: String,
    field: Option<String>,
}

impl Client {
    /// Somebody who calls the installation with a key.
    pub(crate) fn new(server: &ServerArgs) -> Result<Self> {
        Self::with_silence(server, SILENCE_LIMIT)
    }

    /// The same, where the server may say nothing for another time within an answer.
    pub(crate) fn with_silence(server: &ServerArgs, limit: Duration) -> Result<Self> {
        let key = server.key.as_deref().map(str::trim);
        let key = key.filter(|key| !key.is_empty()).ok_or(CallError::NoKey)?;
        let key = Some(key.to_owned());
        Self::build(&server.url, key, limit)
    }

    /// Somebody who calls what needs no key.
    pub(crate) fn without_key(url: &str) -> Result<Self> {
        Self::build(url, None, SILENCE_LIMIT)
    }

    fn build(url: &str, key: Option<String>, silence: Duration) -> Result<Self> {
        // A variable that is set to nothing counts as not set.
        let url = match url.trim() {
            "" => URL_DEFAULT,
            url => url,
        };
        let base = url.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(silence)
            // A redirect would carry the key to wherever it leads.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("runwatch/", env!("CARGO_PKG_VERSION")))
            .build();
        let http = http.map_err(|error| CallError::not_sent(&base, NotSent::NoClient, &error))?;
        Ok(Self { http, base, key })
    }

    /// The installation's address.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// GET of a path with parameters, for JSON.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T> {
        let request = self.request(Method::GET, path).query(query);
        let answer = self.answer(self.send(request).await?).await?;
        serde_json::from_slice(&answer).map_err(|_not_ours| self.not_runwatch(200))
    }

    /// POST of JSON, for JSON.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        let request = self.request(Method::POST, path).json(body);
        let answer = self.answer(self.send(request).await?).await?;
        serde_json::from_slice(&answer).map_err(|_not_ours| self.not_runwatch(200))
    }

    /// The JSON that a request is answered with.
    pub(crate) async fn answered<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let answer = self.answer(self.send(request).await?).await?;
        serde_json::from_slice(&answer).map_err(|_not_ours| self.not_runwatch(200))
    }

    /// The status that GET of a path is answered with.
    pub(crate) async fn status(&self, path: &str) -> Result<u16> {
        let request = self.request(Method::GET, path);
        Ok(self.sent(request).await?.status().as_u16())
    }

    /// A request with the key.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.key {
            Some(key) => request.header("x-api-key", key),
            None => request,
        }
    }

    /// Sends a request; an answer that is not 2xx is an error.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let response = self.sent(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.refusal(response).await)
    }

    /// A stream that broke off.
    pub(crate) fn cut_off(&self, error: &reqwest::Error) -> CallError {
        CallError::not_sent(&self.base, NotSent::CutOff, error)
    }

    async fn sent(&self, request: RequestBuilder) -> Result<Response> {
        let sent = request.send().await;
        sent.map_err(|error| CallError::not_sent(&self.base, NotSent::of(&error), &error))
    }

    async fn answer(&self, response: Response) -> Result<Vec<u8>> {
        self.read(response, ANSWER_BYTES_MAX).await
    }

    async fn read(&self, mut response: Response, bytes_max: usize) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await;
            let chunk = chunk.map_err(|error| self.cut_off(&error))?;
            match chunk {
                None => return Ok(body),
                Some(chunk) if body.len() + chunk.len() <= bytes_max => {
                    body.extend_from_slice(&chunk);
                }
                Some(_) => return Err(CallError::TooLarge { bytes_max }),
            }
        }
    }

    async fn refusal(&self, response: Response) -> CallError {
        let status = response.status().as_u16();
        let wait = retry_after(&response);
        let location = response.headers().get("location");
        let location = location.and_then(|to| to.to_str().ok()).map(str::to_owned);
        let body = self.read(response, REFUSAL_BYTES_MAX).await;
        let problem: Option<Problem> = body.ok().and_then(|b| serde_json::from_slice(&b).ok());
        let problem = problem.unwrap_or_default();
        let url = self.base.clone();
        match (status, location) {
            (300..=399, Some(location)) => CallError::Redirected { url, location },
            (429 | 502 | 503 | 504, _) => CallError::Busy { url, status, wait },
            (401, _) => CallError::UnknownKey { url },
            (_, _) if problem.code.is_empty() => self.not_runwatch(status),
            (403, _) => CallError::MissingScope(problem.detail),
            (404, _) => CallError::NotFound,
            _ => CallError::Refused(Refusal {
                status,
                code: problem.code,
                detail: problem.detail,
                field: problem.field,
            }),
        }
    }

    fn not_runwatch(&self, status: u16) -> CallError {
        let url = self.base.clone();
        CallError::NotRunwatch { url, status }
    }
}

/// How long an answer asks to wait, in seconds as our services and nginx write it.
fn retry_after(response: &Response) -> Duration {
    let header = response.headers().get(RETRY_AFTER);
    let seconds = header.and_then(|text| text.to_str().ok()?.trim().parse().ok());
    let wait = seconds.map_or(RETRY_AFTER_DEFAULT, Duration::from_secs);
    wait.min(RETRY_AFTER_MAX)
}
