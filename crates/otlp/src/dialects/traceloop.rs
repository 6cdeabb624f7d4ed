//! OpenLLMetry, the conventions of Traceloop's instrumentation, from its first versions on.

use runwatch_core::claims::Field;
use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank, langchain, metadata, named_kind};
use crate::content::{as_json, each_entry, each_json_entry, scalar};
use crate::normal::{Body, Draft, Role, Text, Tokens};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["traceloop", "gen_ai", "llm", "mcp"],
    attribute: Some(attribute),
    operations: &[("execute_task", StepKind::Chain)],
    ..NOTHING
};

/// What a step calls its kind; `unknown` says nothing.
const KINDS: [(&str, StepKind); 4] = [
    ("workflow", StepKind::Chain),
    ("task", StepKind::Chain),
    ("agent", StepKind::Agent),
    ("tool", StepKind::Tool),
];
/// What its older versions called the kind of a model's call.
const REQUESTS: [(&str, StepKind); 4] = [
    ("chat", StepKind::Llm),
    ("completion", StepKind::Llm),
    ("embedding", StepKind::Embedding),
    ("rerank", StepKind::Reranker),
];

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key.split_once('.') {
        Some(("traceloop", key)) => traceloop(key, value, draft),
        Some(("gen_ai", key)) => gen_ai(key, value, draft),
        Some(("llm", key)) => llm(key, value, draft),
        Some(("mcp", "request.argument")) => draft.body(Body::Input, 5, value),
        Some(("mcp", "response.value")) => draft.body(Body::Output, 5, value),
        _ => Role::Unknown,
    }
}

fn traceloop<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "span.kind" => {
            if let Some(kind) = named_kind(&KINDS, value) {
                draft.kind(kind_rank(6, 0), kind);
            }
            Role::Kept
        }
        "entity.name" => entity_name(value, draft),
        "entity.input" => entity_body(Body::Input, value, draft),
        "entity.output" => entity_body(Body::Output, value, draft),
        "entity.version" => draft.sayings.field(Field::AgentVersion, 3, value),
        "workflow.name" => draft.sayings.field(Field::AgentName, 7, value),
        _ => match key.strip_prefix("association.properties.") {
            Some(key) => property(key, value, draft),
            None => Role::Unknown,
        },
    }
}

fn span_kind<'s>(draft: &Draft<'s>) -> Option<&'s str> {
    draft.attribute("traceloop.span.kind")?.as_str()
}

/// The name of what was called, which on a model's call is that of what called it.
fn entity_name<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match span_kind(draft) {
        Some("tool") => draft.text(Text::Tool, 0, value),
        Some("agent") => draft.text(Text::Agent, 0, value),
        Some("workflow" | "task") => draft.text(Text::Name, 0, value),
        _ => Role::Filterable,
    }
}

/// What the topmost workflow was given and gave is that of the run: the root above it has none.
fn entity_body<'s>(body: Body, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let path = draft.attribute("traceloop.entity.path");
    if span_kind(draft) == Some("workflow") && path.is_none_or(Value::is_empty) {
        draft.sayings.body(body, value);
        if body == Body::Input {
            each_entry(value, |key, json| match key {
                "tags" => langchain::tags(&Value::Str(json.into()), draft),
                "metadata" => each_json_entry(json, |key, json| of_workflow(key, json, draft)),
                _ => {}
            });
        }
    }
    draft.json_body(body, 0, value)
}

/// An entry of the metadata that a workflow was called with, which older versions tell only there.
fn of_workflow(key: &str, json: &str, draft: &mut Draft<'_>) {
    let field = match key {
        "session_id" => (Field::SessionId, 4),
        "thread_id" => (Field::SessionId, 5),
        "user_id" => (Field::UserId, 8),
        _ if langchain::is_of_one_step(key) => return,
        _ => {
            let key = key.to_owned().into();
            let json = json.to_owned();
            return draft.sayings.attribute(key, metadata::TRACELOOP, json);
        }
    };
    if let Some(text) = scalar(json).text() {
        let text = text.into_owned().into();
        draft.sayings.field_text(field.0, field.1, text);
    }
}

fn property<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "session_id" => draft.sayings.field(Field::SessionId, 4, value),
        "thread_id" => draft.sayings.field(Field::SessionId, 5, value),
        "user_id" => draft.sayings.field(Field::UserId, 8, value),
        // Where the framework knows the model, and the instrumentation does not.
        "ls_model_name" => draft.text(Text::Model, 2, value),
        "ls_provider" => {
            draft.overrule(Text::Provider, value.text().unwrap_or_default());
            Role::Text(Text::Provider)
        }
        _ if langchain::is_of_one_step(key) => Role::Filterable,
        _ => {
            let json = as_json(value);
            draft
                .sayings
                .attribute(key.into(), metadata::TRACELOOP, json);
            Role::Filterable
        }
    }
}

fn gen_ai<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key.split_once('.') {
        Some(("prompt", path)) if is_list(path) => draft.item(Body::Input, 1, path, &[], value),
        Some(("completion", path)) if is_list(path) => {
            draft.item(Body::Output, 1, path, &[], value)
        }
        Some(("task", "input")) => draft.body(Body::Input, 2, value),
        Some(("task", "output")) => draft.body(Body::Output, 2, value),
        Some(("task", "status")) => {
            draft.failed |= value.as_str() == Some("failure");
            Role::Filterable
        }
        Some(("usage", "reasoning_tokens")) => draft.tokens(Tokens::Reasoning, 0, value),
        _ => Role::Unknown,
    }
}

/// Whether a path begins with an index, as those of flattened lists do.
fn is_list(path: &str) -> bool {
    path.starts_with(|first: char| first.is_ascii_digit())
}

fn llm<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "request.type" => {
            if let Some(kind) = named_kind(&REQUESTS, value) {
                draft.kind(kind_rank(11, 0), kind);
            }
            Role::Kept
        }
        "response.model" => draft.text(Text::Model, 0, value),
        "request.model" => draft.text(Text::Model, 1, value),
        "vendor" => draft.text(Text::Provider, 0, value),
        "usage.prompt_tokens" => draft.tokens(Tokens::Input, 0, value),
        "usage.completion_tokens" => draft.tokens(Tokens::Output, 0, value),
        "usage.total_tokens" => draft.tokens(Tokens::Total, 0, value),
        "usage.reasoning_tokens" => draft.tokens(Tokens::Reasoning, 1, value),
        "usage.cache_read_input_tokens" => draft.tokens(Tokens::Cached, 0, value),
        "usage.cache_creation_input_tokens" => draft.tokens(Tokens::CacheWrite, 0, value),
        "headers" => Role::Kept,
        _ => match key.split_once('.') {
            Some(("completions", path)) => draft.item(Body::Output, 3, path, &[], value),
            Some(("request", key)) if key.starts_with("functions.") => Role::Kept,
            _ => Role::Unknown,
        },
    }
}
