//! OpenInference, the conventions of Arize's instrumentation.

use runwatch_core::claims::Field;
use runwatch_core::json::UniqueMap;
use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank};
use crate::flattened::Item;
use crate::normal::{Body, Draft, Role, Text, Tokens};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    attribute,
    ..NOTHING
};

/// Ranks 17 to 31 of every field are this dialect's: it is the second column of the table.
const FIRST: u8 = 17;
/// Segments that wrap each entry of a flattened list.
const WRAPPERS: &[&str] = &["message", "message_content", "tool_call", "document"];

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key.split_once('.') {
        Some(("llm", key)) => llm(key, value, draft),
        Some(("input", "value")) => draft.body(Body::Input, FIRST, value),
        Some(("output", "value")) => draft.body(Body::Output, FIRST, value),
        Some(("input" | "output", "mime_type")) => Role::Kept,
        Some(("openinference", "span.kind")) => {
            if let Some(kind) = value.as_str().and_then(kind) {
                draft.kind(kind_rank(2, 0), kind);
            }
            Role::Kept
        }
        Some(("tool", "name")) => draft.text(Text::Tool, FIRST, value),
        Some(("tool", "description" | "parameters")) => Role::Kept,
        Some(("agent", "name")) => draft.text(Text::Agent, FIRST, value),
        Some(("agent", "id")) => draft.sayings.field(Field::AgentId, 2, value),
        Some(("embedding", key)) => embedding(key, value, draft),
        Some(("reranker", key)) => reranker(key, value, draft),
        Some(("retrieval", key)) => match key.strip_prefix("documents.") {
            Some(path) => item(Body::Output, FIRST + 2, path, value, draft),
            None => Role::Kept,
        },
        Some(("decision", key)) => decision(key, value, draft),
        Some(("tag", "tags")) => draft.sayings.tags(value),
        None if key == "metadata" => metadata(value, draft),
        _ => Role::Unknown,
    }
}

fn kind(name: &str) -> Option<StepKind> {
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
    let known = KINDS
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))?;
    Some(known.1)
}

fn llm<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key.split_once('.') {
        Some(("input_messages", path)) => item(Body::Input, FIRST + 1, path, value, draft),
        Some(("output_messages", path)) => item(Body::Output, FIRST + 1, path, value, draft),
        Some(("token_count", key)) => token_count(key, value, draft),
        Some(("response", "model_name")) => model(FIRST, value, draft),
        Some(("request", "model_name")) => model(FIRST + 2, value, draft),
        Some(("cost", "total")) => draft.cost(FIRST, value),
        Some(("tools" | "prompts" | "prompt_template" | "cost", _)) => Role::Kept,
        Some(_) => Role::Unknown,
        None => match key {
            "model_name" => model(FIRST + 1, value, draft),
            "provider" => draft.text(Text::Provider, FIRST, value),
            "system" => draft.text(Text::Provider, FIRST + 1, value),
            "user" => draft.sayings.field(Field::UserId, 6, value),
            "invocation_parameters" => Role::Kept,
            _ => Role::Unknown,
        },
    }
}

fn model<'s>(rank: u8, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    draft.kind(kind_rank(12, 1), StepKind::Llm);
    draft.text(Text::Model, rank, value)
}

fn token_count(key: &str, value: &Value<'_>, draft: &mut Draft<'_>) -> Role {
    match key {
        "prompt" => draft.tokens(Tokens::Input, FIRST, value),
        "completion" => draft.tokens(Tokens::Output, FIRST, value),
        "total" => draft.tokens(Tokens::Total, FIRST, value),
        "prompt_details.cache_read" => draft.tokens(Tokens::Cached, FIRST, value),
        "prompt_details.cache_input" => draft.tokens(Tokens::Cached, FIRST + 1, value),
        "prompt_details.cache_write" => draft.tokens(Tokens::CacheWrite, FIRST, value),
        "completion_details.reasoning" => draft.tokens(Tokens::Reasoning, FIRST, value),
        _ => Role::Kept,
    }
}

fn embedding<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "model_name" => draft.text(Text::Model, FIRST + 3, value),
        _ => Role::Kept,
    }
}

fn reranker<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match (key, key.strip_prefix("output_documents.")) {
        ("model_name", _) => draft.text(Text::Model, FIRST + 4, value),
        (_, Some(path)) => item(Body::Output, FIRST + 3, path, value, draft),
        _ => Role::Kept,
    }
}

fn decision<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "response.model_name" => draft.text(Text::Model, FIRST + 5, value),
        "token_count.input" => draft.tokens(Tokens::Input, FIRST + 1, value),
        "token_count.output" => draft.tokens(Tokens::Output, FIRST + 1, value),
        _ => Role::Kept,
    }
}

fn item<'s>(
    body: Body,
    rank: u8,
    path: &'s str,
    value: &'s Value<'s>,
    draft: &mut Draft<'s>,
) -> Role {
    draft.item(
        body,
        Item {
            rank,
            path,
            wrappers: WRAPPERS,
            value,
        },
    )
}

/// The run's metadata, a JSON object in a string or a structured value.
fn metadata<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let mut json = String::new();
    let text = value.as_str().unwrap_or_else(|| {
        value.write_json(&mut json);
        &json
    });
    if let Ok(UniqueMap(entries)) = serde_json::from_str(text) {
        for (key, value) in entries {
            draft
                .sayings
                .attribute(key.into_owned().into(), FIRST, value.get().to_owned());
        }
    }
    Role::Kept
}
