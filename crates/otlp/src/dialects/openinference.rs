//! OpenInference, the conventions of Arize's instrumentation.

use runwatch_core::claims::Field;
use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank, langchain, metadata, named_kind};
use crate::content::{each_entry, scalar};
use crate::normal::{Body, Draft, Role, Sayings, Text, Tokens};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &[
        "openinference",
        "llm",
        "input",
        "output",
        "tool",
        "tool_call",
        "agent",
        "embedding",
        "reranker",
        "retrieval",
        "decision",
        "image",
        "audio",
        "tag",
        "metadata",
    ],
    attribute: Some(attribute),
    resource: Some(resource),
    ..NOTHING
};

/// Segments that wrap each entry of a flattened list.
const WRAPPERS: &[&str] = &[
    "message",
    "message_content",
    "tool_call",
    "document",
    "embedding",
    "prompt",
    "completion",
];
/// What a step calls its kind; `UNKNOWN` says nothing.
const KINDS: [(&str, StepKind); 11] = [
    ("AGENT", StepKind::Agent),
    ("LLM", StepKind::Llm),
    ("TOOL", StepKind::Tool),
    ("RETRIEVER", StepKind::Retrieval),
    ("EMBEDDING", StepKind::Embedding),
    ("CHAIN", StepKind::Chain),
    ("GUARDRAIL", StepKind::Guardrail),
    ("EVALUATOR", StepKind::Evaluator),
    ("RERANKER", StepKind::Reranker),
    ("PROMPT", StepKind::Chain),
    ("DECISION", StepKind::Llm),
];

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key.split_once('.') {
        Some(("llm", key)) => llm(key, value, draft),
        Some(("input", "value")) => draft.body(Body::Input, 0, value),
        Some(("output", "value")) => draft.body(Body::Output, 0, value),
        Some(("input" | "output", "mime_type")) => Role::Kept,
        Some(("openinference", "span.kind")) => {
            if let Some(kind) = named_kind(&KINDS, value) {
                draft.kind(kind_rank(2, 0), kind);
            }
            Role::Kept
        }
        Some(("tool", "name")) => draft.text(Text::Tool, 0, value),
        Some(("tool", "description" | "json_schema")) => Role::Kept,
        Some(("tool_call" | "image" | "audio", _)) => Role::Kept,
        Some(("agent", "name")) => draft.text(Text::Agent, 0, value),
        Some(("agent", "id")) => draft.sayings.field(Field::AgentId, 2, value),
        Some(("embedding", key)) => embedding(key, value, draft),
        Some(("reranker", key)) => reranker(key, value, draft),
        Some(("retrieval", key)) => match key.strip_prefix("documents.") {
            Some(path) => draft.item(Body::Output, 2, path, WRAPPERS, value),
            None => Role::Kept,
        },
        Some(("decision", key)) => decision(key, value, draft),
        Some(("tag", "tags")) => draft.sayings.tags(value),
        None if key == "metadata" && is_spoken(draft) => metadata(value, draft),
        _ => Role::Unknown,
    }
}

/// Whether a name without a prefix is meant in this dialect.
fn is_spoken(draft: &Draft<'_>) -> bool {
    draft.scope_name.starts_with("openinference.")
        || draft.attribute("openinference.span.kind").is_some()
}

fn resource<'s>(key: &'s str, value: &'s Value<'s>, sayings: &mut Sayings<'s>) {
    if key == "openinference.project.name" {
        let mut json = String::new();
        value.write_json(&mut json);
        sayings.attribute(key.into(), metadata::OPENINFERENCE, json);
    }
}

fn llm<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key.split_once('.') {
        Some(("input_messages", path)) => draft.item(Body::Input, 1, path, WRAPPERS, value),
        Some(("output_messages", path)) => draft.item(Body::Output, 1, path, WRAPPERS, value),
        Some(("prompts", path)) => draft.item(Body::Input, 5, path, WRAPPERS, value),
        Some(("choices", path)) => draft.item(Body::Output, 5, path, WRAPPERS, value),
        Some(("token_count", key)) => token_count(key, value, draft),
        Some(("response", "model_name")) => model(0, value, draft),
        Some(("request", "model_name")) => model(2, value, draft),
        Some(("cost", key)) => cost(key, value, draft),
        Some(("tools" | "prompt_template", _)) => Role::Kept,
        Some(_) => Role::Unknown,
        None => match key {
            "model_name" => model(1, value, draft),
            "provider" => draft.text(Text::Provider, 0, value),
            "system" => draft.text(Text::Provider, 1, value),
            "user" => draft.sayings.field(Field::UserId, 6, value),
            "prompts" => draft.body(Body::Input, 5, value),
            "invocation_parameters" | "function_call" => Role::Kept,
            _ => Role::Unknown,
        },
    }
}

fn model<'s>(place: u16, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    draft.kind(kind_rank(12, 1), StepKind::Llm);
    draft.text(Text::Model, place, value)
}

fn token_count(key: &str, value: &Value<'_>, draft: &mut Draft<'_>) -> Role {
    match key {
        "prompt" => draft.tokens(Tokens::Input, 0, value),
        "completion" => draft.tokens(Tokens::Output, 0, value),
        "total" => draft.tokens(Tokens::Total, 0, value),
        "prompt_details.cache_read" => draft.tokens(Tokens::Cached, 0, value),
        "prompt_details.cache_input" => draft.tokens(Tokens::Cached, 1, value),
        "prompt_details.cache_write" => draft.tokens(Tokens::CacheWrite, 0, value),
        "completion_details.reasoning" => draft.tokens(Tokens::Reasoning, 0, value),
        _ => Role::Kept,
    }
}

/// The total, else the sum of the costs of prompt and completion.
fn cost(key: &str, value: &Value<'_>, draft: &mut Draft<'_>) -> Role {
    match key {
        "total" => draft.cost(0, value),
        "prompt" | "completion" => {
            let part = |key| draft.attribute(key).and_then(Value::number);
            let parts = [part("llm.cost.prompt"), part("llm.cost.completion")];
            draft.dollars(1, Some(parts.into_iter().flatten().sum()));
            Role::Kept
        }
        _ => Role::Kept,
    }
}

fn embedding<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match (key, key.strip_prefix("embeddings.")) {
        ("model_name", _) => draft.text(Text::Model, 3, value),
        ("text", _) => draft.body(Body::Input, 3, value),
        (_, Some(path)) if path.ends_with(".text") => {
            draft.item(Body::Input, 3, path, WRAPPERS, value)
        }
        _ => Role::Kept,
    }
}

fn reranker<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key.split_once('.') {
        Some(("input_documents", path)) => draft.item(Body::Input, 4, path, WRAPPERS, value),
        Some(("output_documents", path)) => draft.item(Body::Output, 3, path, WRAPPERS, value),
        None if key == "model_name" => draft.text(Text::Model, 4, value),
        None if key == "query" => draft.body(Body::Input, 2, value),
        _ => Role::Kept,
    }
}

fn decision<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "response.model_name" => draft.text(Text::Model, 5, value),
        "token_count.input" => draft.tokens(Tokens::Input, 1, value),
        "token_count.output" => draft.tokens(Tokens::Output, 1, value),
        _ => Role::Kept,
    }
}

/// The run's metadata, a JSON object in a string or a structured value; frameworks put user and
/// session in.
fn metadata<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    each_entry(value, |key, json| {
        if let ("ls_model_name", Some(model)) = (key, scalar(json).text()) {
            draft.set_text(Text::Model, 6, model.into_owned().into());
        }
        if langchain::is_of_one_step(key) {
            return;
        }
        let field = match key {
            "user_id" => Some((Field::UserId, 12)),
            "session_id" => Some((Field::SessionId, 14)),
            "thread_id" => Some((Field::SessionId, 15)),
            _ => None,
        };
        if let (Some((field, rank)), Some(text)) = (field, scalar(json).text()) {
            let text = text.into_owned().into();
            draft.sayings.field_text(field, rank, text);
        }
        let key = key.to_owned().into();
        draft
            .sayings
            .attribute(key, metadata::OPENINFERENCE, json.to_owned());
    });
    Role::Kept
}
