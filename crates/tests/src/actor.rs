//! Those who call the services, each with a key of their own, or without.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::answer::Answer;

/// The content type of OTLP as protobuf.
pub const PROTOBUF: &str = "application/x-protobuf";
/// The content type of JSON, OTLP's too.
pub const JSON: &str = "application/json";
/// The content type of one JSON document a line.
pub const NDJSON: &str = "application/x-ndjson";

/// Where the services are.
#[derive(Clone, Debug)]
pub struct Urls {
    /// ingest-api
    pub ingest: String,
    /// query-api
    pub query: String,
    /// control-api
    pub control: String,
}

impl Urls {
    /// All of them behind one front.
    pub fn all_at(url: &str) -> Self {
        Self {
            ingest: url.to_owned(),
            query: url.to_owned(),
            control: url.to_owned(),
        }
    }
}

/// Somebody who calls: what control-api has goes there, other reading to query-api, and everything else
/// to ingest-api, as nginx sends it.
#[derive(Clone, Debug)]
pub struct Actor {
    client: Client,
    urls: Urls,
    key: Option<String>,
    /// What a browser would send along.
    headers: Vec<(&'static str, String)>,
}

/// The first parts of the paths that control-api has.
const OF_CONTROL: [&str; 7] = [
    "auth", "projects", "users", "members", "api-keys", "settings", "erasures",
];

impl Actor {
    /// Somebody with this key, or without one.
    pub fn new(client: Client, urls: Urls, key: Option<String>) -> Self {
        Self {
            client,
            urls,
            key,
            headers: Vec::new(),
        }
    }

    /// The same caller, who sends this header along too, once.
    pub fn with_header(&self, name: &'static str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.retain(|(known, _)| *known != name);
        headers.push((name, value.to_owned()));
        Self {
            headers,
            ..self.clone()
        }
    }

    /// A request with the actor's key, to be added to and given to [`Actor::call`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let first = path.strip_prefix("/v1/").unwrap_or_default();
        let first = first.split(['/', '?']).next().unwrap_or_default();
        let base = match method {
            _ if OF_CONTROL.contains(&first) => &self.urls.control,
            Method::GET | Method::HEAD => &self.urls.query,
            _ => &self.urls.ingest,
        };
        self.with_key(self.client.request(method, format!("{base}{path}")))
    }

    /// A request to ingest-api, whatever its method.
    pub fn request_to_ingest(&self, method: Method, path: &str) -> RequestBuilder {
        self.with_key(
            self.client
                .request(method, format!("{}{path}", self.urls.ingest)),
        )
    }

    /// A request to control-api, whatever its path.
    pub fn request_to_control(&self, method: Method, path: &str) -> RequestBuilder {
        self.with_key(
            self.client
                .request(method, format!("{}{path}", self.urls.control)),
        )
    }

    /// The same caller with another key.
    pub fn with_key_text(&self, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..self.clone()
        }
    }

    /// The address of ingest-api, for requests that no client library would send.
    pub fn ingest_address(&self) -> &str {
        self.urls
            .ingest
            .strip_prefix("http://")
            .expect("the services speak plain HTTP")
    }

    /// The key's text, if there is one.
    pub fn key_text(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Sends a request and reads the answer.
    pub async fn call(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.expect("the service answers")).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(self.request(Method::GET, path)).await
    }

    /// POST of a body of any kind.
    pub async fn post(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("content-type", content_type);
        self.call(request.body(body.into())).await
    }

    /// Sends runs in the native form: one or an array of them.
    pub async fn send_runs(&self, runs: &Value) -> Answer {
        self.post("/v1/runs", JSON, runs.to_string()).await
    }

    /// Adds steps to a run.
    pub async fn add_steps(&self, run: &str, steps: &Value) -> Answer {
        self.post(&format!("/v1/runs/{run}/steps"), JSON, steps.to_string())
            .await
    }

    /// Adds failures to a run.
    pub async fn add_failures(&self, run: &str, failures: &Value) -> Answer {
        self.post(
            &format!("/v1/runs/{run}/failures"),
            JSON,
            failures.to_string(),
        )
        .await
    }

    /// Tells what somebody thinks of a run.
    pub async fn add_feedback(&self, run: &str, feedback: &Value) -> Answer {
        self.post(
            &format!("/v1/runs/{run}/feedback"),
            JSON,
            feedback.to_string(),
        )
        .await
    }

    /// Tells what is new of a run.
    pub async fn change_run(&self, run: &str, change: &Value) -> Answer {
        let request = self.request(Method::PATCH, &format!("/v1/runs/{run}"));
        self.call(
            request
                .header("content-type", JSON)
                .body(change.to_string()),
        )
        .await
    }

    /// Tells that a run is alive.
    pub async fn send_heartbeat(&self, run: &str) -> Answer {
        self.call(self.request(Method::POST, &format!("/v1/runs/{run}/heartbeat")))
            .await
    }

    /// Sends an OTLP export as protobuf.
    pub async fn send_traces(&self, export: &ExportTraceServiceRequest) -> Answer {
        self.post("/v1/traces", PROTOBUF, export.encode_to_vec())
            .await
    }

    /// Sends an OTLP export as JSON.
    pub async fn send_traces_json(&self, export: &Value) -> Answer {
        self.post("/v1/traces", JSON, export.to_string()).await
    }

    /// Reads a run.
    pub async fn run(&self, run: &str) -> Answer {
        self.get(&format!("/v1/runs/{run}")).await
    }

    /// Reads the skeleton of a run's steps.
    pub async fn steps(&self, run: &str) -> Answer {
        self.get(&format!("/v1/runs/{run}/steps")).await
    }

    /// Reads a step with its payloads.
    pub async fn step(&self, run: &str, step: &str) -> Answer {
        self.get(&format!("/v1/runs/{run}/steps/{step}")).await
    }

    /// Sends JSON.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header("content-type", JSON);
        self.call(request.body(body.to_string())).await
    }

    fn with_key(&self, mut request: RequestBuilder) -> RequestBuilder {
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        match &self.key {
            Some(key) => request.header("x-api-key", key),
            None => request,
        }
    }
}
