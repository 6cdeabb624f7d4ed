//! Runs as OpenTelemetry spans with the conventions for generative AI, as OTLP/JSON.

use runwatch_core::step::StepKind;
use serde_json::{Value, json};

use super::TAG;
use super::run::{Error, Run, Step};
use super::world::News;

/// Kind of a span within a process, as OTLP numbers it.
const INTERNAL: u8 = 1;
/// Kind of a span that calls another service.
const CLIENT: u8 = 3;
/// Code of the status of a span that failed.
const STATUS_ERROR: u8 = 2;

/// An `ExportTraceServiceRequest`: one resource for each run, because releases and environments
/// differ.
pub(super) fn export(news: &[News]) -> Value {
    json!({"resourceSpans": news.iter().map(resource_spans).collect::<Vec<_>>()})
}

fn resource_spans(news: &News) -> Value {
    let run = &news.run;
    let mut spans: Vec<Value> = run.steps.iter().map(|step| span(run, step)).collect();
    if let Some((ended_us, _)) = run.end.filter(|_| news.has_ended) {
        spans.push(root(run, ended_us));
    }
    let resource = attributes([
        ("service.name", json!(run.agent.name)),
        ("service.version", json!(run.release)),
        ("deployment.environment.name", json!(run.environment)),
    ]);
    json!({
        "resource": {"attributes": resource},
        "scopeSpans": [{"scope": {"name": "runwatch-demo"}, "spans": spans}],
    })
}

/// The span of the whole run.
fn root(run: &Run, ended_us: i64) -> Value {
    let mut said = vec![
        ("gen_ai.operation.name", json!("invoke_agent")),
        ("gen_ai.agent.name", json!(run.agent.name)),
        ("gen_ai.agent.version", json!(run.version)),
        ("gen_ai.input.messages", json!(text(&run.input))),
        ("tag.tags", json!([TAG])),
    ];
    let maybe = [
        ("gen_ai.conversation.id", run.session.as_ref()),
        ("user.id", run.user.as_ref()),
    ];
    let known = maybe.into_iter();
    said.extend(known.filter_map(|(key, value)| Some((key, json!(value?)))));
    if !run.output.is_null() {
        said.push(("gen_ai.output.messages", json!(text(&run.output))));
    }
    let failed = run
        .end
        .is_some_and(|(_, status)| status == runwatch_core::run::RunStatus::Failed);
    let error = run.error.as_ref();
    let message = error.map_or("the run failed", |error| &error.message);
    said.extend(error.map(|error| ("error.type", json!(error.kind))));
    json!({
        "traceId": run.id.simple().to_string(),
        "spanId": root_id(run),
        "name": format!("invoke_agent {}", run.agent.name),
        "kind": INTERNAL,
        "startTimeUnixNano": nanos(run.started_us),
        "endTimeUnixNano": nanos(ended_us),
        "attributes": attributes(said),
        "status": if failed { status(message) } else { json!({}) },
    })
}

fn span(run: &Run, step: &Step) -> Value {
    let parent = step
        .parent
        .map_or_else(|| root_id(run), |id| format!("{id:016x}"));
    let (name, kind) = name_and_kind(step);
    let mut said = of_kind(step);
    if let Some(Error { kind, code, .. }) = &step.error {
        said.push(("error.type", json!(kind)));
        said.extend(code.map(|code| {
            (
                "http.response.status_code",
                json!(code.parse::<i64>().unwrap_or(500)),
            )
        }));
    }
    json!({
        "traceId": run.id.simple().to_string(),
        "spanId": format!("{:016x}", step.id),
        "parentSpanId": parent,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": nanos(step.started_us),
        "endTimeUnixNano": nanos(step.ended_us),
        "attributes": attributes(said),
        "status": step.error.as_ref().map_or(json!({}), |error| status(&error.message)),
    })
}

/// The name of a span by the conventions, and its kind.
fn name_and_kind(step: &Step) -> (String, u8) {
    let model = step.model.map_or("", |model| model.name);
    match step.kind {
        StepKind::Llm => (format!("chat {model}"), CLIENT),
        StepKind::Embedding => (format!("embeddings {model}"), CLIENT),
        StepKind::Tool => (format!("execute_tool {}", step.name), INTERNAL),
        StepKind::Agent => (format!("invoke_agent {}", step.name), INTERNAL),
        StepKind::Retrieval => (format!("retrieval {}", step.name), CLIENT),
        _ => (step.name.clone(), INTERNAL),
    }
}

fn of_kind(step: &Step) -> Vec<(&'static str, Value)> {
    let operation = |name: &str| ("gen_ai.operation.name", json!(name));
    let input = json!(text(&step.input));
    let output = json!(text(&step.output));
    let mut said = match step.kind {
        StepKind::Llm => vec![
            operation("chat"),
            ("gen_ai.input.messages", input),
            ("gen_ai.output.messages", output),
        ],
        StepKind::Embedding => vec![operation("embeddings")],
        StepKind::Tool => vec![
            operation("execute_tool"),
            ("gen_ai.tool.name", json!(step.name)),
            ("gen_ai.tool.call.arguments", input),
            ("gen_ai.tool.call.result", output),
        ],
        StepKind::Agent => vec![
            operation("invoke_agent"),
            ("gen_ai.agent.name", json!(step.name)),
            ("gen_ai.input.messages", input),
            ("gen_ai.output.messages", output),
        ],
        StepKind::Retrieval => vec![
            operation("retrieval"),
            ("gen_ai.retrieval.query.text", input),
            ("gen_ai.retrieval.documents", output),
        ],
        // The conventions have no name for these; OpenInference has.
        kind => vec![
            ("openinference.span.kind", json!(kind.name().to_uppercase())),
            ("input.value", input),
            ("output.value", output),
        ],
    };
    said.retain(|(_, value)| *value != json!("null"));
    said.extend(usage(step));
    said
}

fn usage(step: &Step) -> Vec<(&'static str, Value)> {
    let Some(model) = step.model else {
        return Vec::new();
    };
    let mut said = vec![
        ("gen_ai.provider.name", json!(model.provider)),
        ("gen_ai.request.model", json!(model.name)),
    ];
    if step.usage.input > 0 {
        let usage = step.usage;
        said.push(("gen_ai.usage.input_tokens", json!(usage.input)));
        let output = ("gen_ai.usage.output_tokens", json!(usage.output));
        said.extend((usage.output > 0).then_some(output));
        let cached = ("gen_ai.usage.cache_read.input_tokens", json!(usage.cached));
        said.extend((usage.cached > 0).then_some(cached));
    }
    said
}

/// The span of the run has an id that follows from the run's.
fn root_id(run: &Run) -> String {
    let (_, low) = run.id.as_u64_pair();
    format!("{low:016x}")
}

fn status(message: &str) -> Value {
    json!({"code": STATUS_ERROR, "message": message})
}

/// Text as it is, anything else as the JSON text that such attributes hold.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn nanos(at_us: i64) -> String {
    (i128::from(at_us) * 1_000).to_string()
}

fn attributes(said: impl IntoIterator<Item = (&'static str, Value)>) -> Vec<Value> {
    let attribute = |(key, value)| json!({"key": key, "value": any_value(value)});
    said.into_iter().map(attribute).collect()
}

/// An `AnyValue` as OTLP/JSON has it.
fn any_value(value: Value) -> Value {
    match value {
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::Array(values) => {
            let values: Vec<Value> = values.into_iter().map(any_value).collect();
            json!({"arrayValue": {"values": values}})
        }
        Value::String(text) => json!({"stringValue": text}),
        other => json!({"stringValue": other.to_string()}),
    }
}
