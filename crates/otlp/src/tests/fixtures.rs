//! Bodies that real SDKs sent.

use std::fmt::Write;
use std::path::PathBuf;

use runwatch_core::payload::{Owner, Part};
use runwatch_core::step::Step;

use super::builders::key;
use crate::{Decoded, Format, decode_traces};

/// The recorded bodies of traces.
pub(super) const NAMES: [&str; 9] = [
    "langfuse-js-040_api_public_otel",
    "langgraph-openinference-002",
    "langsmith-otel-024_otel",
    "openai-agents-openinference-006",
    "openai-agents-otelgenai-010",
    "pydantic-ai-000",
    "smolagents-014",
    "strands-latest-028",
    "vercel-ai7-036",
];

/// A recorded body and its format.
pub(super) fn body(name: &str) -> (Vec<u8>, Format) {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/otlp"));
    let body = std::fs::read(root.join(format!("{name}_v1_traces.body"))).unwrap();
    let format = if body.starts_with(b"{") {
        Format::Json
    } else {
        Format::Protobuf
    };
    (body, format)
}

pub(super) fn decode(name: &str) -> Decoded {
    let (body, format) = body(name);
    decode_traces(&body, format, key()).unwrap()
}

/// The steps of a body, a line each, with the parts that they have.
fn outline(decoded: &Decoded) -> String {
    let mut out = String::new();
    for run in &decoded.parts {
        writeln!(
            out,
            "run {} {}",
            run.run_id,
            serde_json::to_string(&run.claims).unwrap()
        )
        .unwrap();
        for step in &run.steps {
            let is_its =
                |owner: &Owner| matches!(owner, Owner::Steps(ids) if ids.contains(&step.id));
            let mut parts: Vec<Part> = run
                .payloads
                .iter()
                .filter(|of| is_its(&of.owner))
                .map(|of| of.part)
                .collect();
            parts.sort();
            writeln!(out, "  {}", line(step)).unwrap();
            writeln!(out, "    {parts:?} {}", step.attributes).unwrap();
        }
    }
    out
}

fn line(step: &Step) -> String {
    let usage = &step.usage;
    let tokens = [
        usage.input,
        usage.output,
        usage.cached,
        usage.cache_write,
        usage.reasoning,
        usage.total,
    ];
    let tokens = tokens
        .map(|count| count.map_or("-".to_owned(), |count| count.to_string()))
        .join("/");
    let mut line = format!(
        "{} {:?} {}",
        step.kind.name(),
        step.name,
        step.status.name()
    );
    for (label, text) in [
        ("agent", &step.agent),
        ("model", &step.model),
        ("provider", &step.provider),
        ("tool", &step.tool),
    ] {
        if let Some(text) = text {
            write!(line, " {label}={text}").unwrap();
        }
    }
    if tokens.contains(|byte: char| byte.is_ascii_digit()) {
        write!(line, " tokens={tokens}").unwrap();
    }
    if let Some(error) = &step.error {
        write!(
            line,
            " error={:?}/{:?}/{:?}",
            error.kind, error.code, error.message
        )
        .unwrap();
    }
    line
}

#[test]
fn every_span_of_every_body_is_taken() {
    for name in NAMES {
        let decoded = decode(name);
        let steps: usize = decoded.parts.iter().map(|part| part.steps.len()).sum();
        assert!(
            decoded.spans > 0 && steps == decoded.spans,
            "{name}: {:?}",
            decoded.rejected
        );
    }
}

#[test]
fn openai_agents_by_the_official_instrumentation() {
    insta::assert_snapshot!(outline(&decode("openai-agents-otelgenai-010")));
}

#[test]
fn pydantic_ai() {
    insta::assert_snapshot!(outline(&decode("pydantic-ai-000")));
}

#[test]
fn strands() {
    insta::assert_snapshot!(outline(&decode("strands-latest-028")));
}

#[test]
fn vercel_ai() {
    insta::assert_snapshot!(outline(&decode("vercel-ai7-036")));
}

#[test]
fn langgraph_by_openinference() {
    insta::assert_snapshot!(outline(&decode("langgraph-openinference-002")));
}

#[test]
fn openai_agents_by_openinference() {
    insta::assert_snapshot!(outline(&decode("openai-agents-openinference-006")));
}

#[test]
fn smolagents() {
    insta::assert_snapshot!(outline(&decode("smolagents-014")));
}
