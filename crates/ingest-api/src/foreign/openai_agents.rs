//! What the exporter of OpenAI's Agents SDK sends by itself (`BackendSpanExporter`, openai-agents
//! 0.24): traces, which have no end, and their spans.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use runwatch_core::claims::{Claims, Field};
use runwatch_core::hash::ContentHasher;
use runwatch_core::ids::{RunId, StepId};
use runwatch_core::limits::{ATTRIBUTE_KEY_BYTES_MAX, ATTRIBUTES_PER_RUN_MAX};
use runwatch_core::run::RunPart;
use runwatch_core::step::{StepKind, StepStatus, flags};

use crate::foreign::run_id;
use crate::native::{ItemError, Text, single_step};
use crate::prepare::Context;

/// Rank of what a trace says: its one source.
const SAID: u8 = 1;
/// Rank of the workflow's name as the agent's: any agent's own name goes before it.
const LAST_RESORT: u8 = 200;
/// Members of a span's data that have fields of their own.
const FIELDS: [&str; 5] = ["name", "model", "usage", "input", "output"];

/// A trace or a span.
#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    object: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    trace_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    parent_id: Option<Cow<'a, str>>,
    started_at: Option<String>,
    ended_at: Option<String>,
    #[serde(default)]
    span_data: Map<String, Value>,
    error: Option<Map<String, Value>>,
    #[serde(borrow)]
    workflow_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    group_id: Option<Cow<'a, str>>,
    metadata: Option<Map<String, Value>>,
}

/// A trace or a span of one.
pub(crate) fn item(context: Context<'_>, text: &Text<'_>, _: RunId) -> Result<RunPart, ItemError> {
    let item: Item<'_> = text.parse()?;
    match item.object.as_ref() {
        "trace" => Ok(trace(context, &item)),
        "trace.span" => span(context, item),
        _ => Err(ItemError::invalid("object", "It is trace or trace.span.")),
    }
}

fn trace(context: Context<'_>, item: &Item<'_>) -> RunPart {
    let mut part = RunPart::empty(trace_run(context, &item.id));
    let claims = &mut part.claims;
    if let Some(name) = &item.workflow_name {
        claims.claim(Field::WorkflowId, SAID, 0, name);
        claims.claim(Field::AgentName, LAST_RESORT, 0, name);
    }
    if let Some(group) = &item.group_id {
        claims.claim(Field::SessionId, SAID, 0, group);
    }
    let metadata = item.metadata.iter().flatten();
    let fitting =
        metadata.filter(|(key, _)| key.len() <= ATTRIBUTE_KEY_BYTES_MAX && !key.contains('\0'));
    for (key, value) in fitting.take(ATTRIBUTES_PER_RUN_MAX) {
        claims.claim_attribute(key, SAID, 0, value.to_string());
    }
    part
}

fn span(context: Context<'_>, item: Item<'_>) -> Result<RunPart, ItemError> {
    let Some(trace_id) = item.trace_id.as_deref() else {
        return Err(ItemError::invalid("trace_id", "It is missing."));
    };
    let run = trace_run(context, trace_id);
    let data = &item.span_data;
    let kind = text_of(data, "type").unwrap_or("custom");
    let name = text_of(data, "name").unwrap_or(kind);
    let status = match (&item.error, &item.ended_at) {
        (Some(_), _) => "failed",
        (None, None) => "running",
        (None, Some(_)) => "succeeded",
    };
    let rest = data
        .iter()
        .filter(|(key, value)| !FIELDS.contains(&key.as_str()) && !value.is_null());
    let rest: Map<String, Value> = rest
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let mut native = json!({
        "step_id": step_id(context, &item.id),
        "parent_id": item.parent_id.as_deref().map(|id| step_id(context, id)),
        "name": name,
        "kind": step_kind(kind, data),
        "agent": (kind == "agent").then_some(name),
        "model": text_of(data, "model"),
        "status": status,
        "started_at": item.started_at,
        "ended_at": item.ended_at,
        "usage": data.get("usage").and_then(usage),
        "input": data.get("input").map(content),
        "output": data.get("output").map(content),
        "error": item.error.as_ref().map(error),
        "attributes": rest,
    });
    if let Some(fields) = native.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    let native = native.to_string();
    let native = Text::new(&native)?;
    let mut part = single_step(context, &native, run)?;
    // Nobody will tell that the run has ended: its steps do, as those of a trace.
    part.claims = Claims::default();
    for step in &mut part.steps {
        step.flags &= !flags::TOLD;
        // The whole of a run has no error even if its agent failed.
        if step.kind == StepKind::Chain && step.status == StepStatus::Succeeded {
            step.status = StepStatus::Unset;
        }
    }
    Ok(part)
}

/// `trace_` and 32 hex digits.
fn trace_run(context: Context<'_>, id: &str) -> RunId {
    run_id(context, id.strip_prefix("trace_").unwrap_or(id))
}

/// `span_` and 24 hex digits, which are filled up with zeros; anything else is hashed.
fn step_id(context: Context<'_>, id: &str) -> String {
    let digits = id.strip_prefix("span_").unwrap_or(id);
    let is_hex = digits.len() == 24 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let filled = is_hex.then(|| format!("{digits}00000000"));
    let known = filled.and_then(|id| id.parse::<StepId>().ok());
    known.map_or_else(
        || {
            ContentHasher::new(context.key)
                .text(id)
                .finish128()
                .to_string()
        },
        |id| id.to_string(),
    )
}

fn step_kind(kind: &str, data: &Map<String, Value>) -> &'static str {
    match kind {
        "agent" => "agent",
        "function" => "tool",
        "generation" | "response" | "transcription" | "speech" => "llm",
        "guardrail" => "guardrail",
        "handoff" | "speech_group" => "chain",
        // The whole of a run, and each of its turns.
        "custom"
            if data
                .get("data")
                .is_some_and(|data| data.get("sdk_span_type").is_some()) =>
        {
            "chain"
        }
        _ => "other",
    }
}

fn usage(usage: &Value) -> Option<Value> {
    let number = |path: &[&str]| {
        let found = path.iter().try_fold(usage, |at, name| at.get(name));
        found.and_then(Value::as_i64)
    };
    let first = |paths: &[&[&str]]| paths.iter().find_map(|path| number(path));
    let found = json!({
        "input_tokens": first(&[&["input_tokens"], &["prompt_tokens"]]),
        "output_tokens": first(&[&["output_tokens"], &["completion_tokens"]]),
        "total_tokens": number(&["total_tokens"]),
        "cached_input_tokens":
            first(&[&["input_tokens_details", "cached_tokens"], &["cached_input_tokens"]]),
        "cache_write_input_tokens":
            first(&[&["input_tokens_details", "cache_write_tokens"], &["cache_write_input_tokens"]]),
        "reasoning_tokens": number(&["output_tokens_details", "reasoning_tokens"]),
    });
    let mut fields = found.as_object().cloned().unwrap_or_default();
    fields.retain(|_, value| !value.is_null());
    (!fields.is_empty()).then_some(Value::Object(fields))
}

/// The arguments of a function are JSON in a text.
fn content(value: &Value) -> Value {
    let inner = value.as_str().filter(|text| text.starts_with(['{', '[']));
    let inner = inner.and_then(|text| serde_json::from_str(text).ok());
    inner.unwrap_or_else(|| value.clone())
}

/// What went wrong, with what the tool itself said.
fn error(error: &Map<String, Value>) -> Value {
    let message = text_of(error, "message").unwrap_or_default();
    let data = error.get("data").and_then(Value::as_object);
    let cause = data.and_then(|data| text_of(data, "error"));
    let message = match cause {
        Some(cause) if !message.contains(cause) => format!("{message}: {cause}"),
        _ => message.to_owned(),
    };
    json!({ "message": message })
}

fn text_of<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}
