//! `POST /v1/traces`: the rules of OTLP/HTTP (opentelemetry-proto 1.11, `docs/specification.md`).

mod errors;
mod fixtures;
mod forms;
mod tolerance;
