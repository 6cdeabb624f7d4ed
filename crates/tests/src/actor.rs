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

/// Somebody who calls: reading goes to query-api, everything else to ingest-api, as nginx sends it.
#[derive(Clone, Debug)]
pub struct Actor {
    client: Client,
    ingest_url: String,
    query_url: String,
    key: Option<String>,
}

impl Actor {
    /// Somebody with this key, or without one.
    pub fn new(client: Client, ingest_url: &str, query_url: &str, key: Option<String>) -> Self {
        Self {
            client,
            ingest_url: ingest_url.to_owned(),
            query_url: query_url.to_owned(),
            key,
        }
    }

    /// A request with the actor's key, to be added to and given to [`Actor::call`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let base = match method {
            Method::GET | Method::HEAD => &self.query_url,
            _ => &self.ingest_url,
        };
        self.with_key(self.client.request(method, format!("{base}{path}")))
    }

    /// A request to ingest-api, whatever its method.
    pub fn request_to_ingest(&self, method: Method, path: &str) -> RequestBuilder {
        self.with_key(
            self.client
                .request(method, format!("{}{path}", self.ingest_url)),
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
        self.ingest_url
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

    fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.header("x-api-key", key),
            None => request,
        }
    }
}
