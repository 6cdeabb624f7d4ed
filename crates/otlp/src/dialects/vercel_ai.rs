//! Vercel's AI SDK: its own names up to version 6, and what it added to the conventions since.

use std::borrow::Cow;

use runwatch_core::claims::Field;
use runwatch_core::json::push_string;
use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank, metadata};
use crate::content::{Content, as_json, each_entry, each_json_entry, scalar};
use crate::normal::{Body, Draft, Role, Text, Tokens};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["ai", "operation", "resource"],
    attribute: Some(attribute),
    operations: &[("agent_step", StepKind::Chain)],
    ..NOTHING
};

/// Microseconds of a millisecond.
const MILLISECOND_US: f64 = 1e3;

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    if key == "operation.name" {
        return operation_name(value, draft);
    }
    let Some(key) = key.strip_prefix("ai.") else {
        // The name of the function once more.
        return match key {
            "resource.name" if draft.attribute("ai.operationId").is_some() => Role::Kept,
            _ => Role::Unknown,
        };
    };
    match key.split_once('.') {
        Some(("usage", key)) => usage(key, value, draft),
        Some(("response", key)) => response(key, value, draft),
        Some(("prompt", "messages")) => draft.body(Body::Input, 0, value),
        Some(("toolCall", key)) => tool_call(key, value, draft),
        Some(("model", "id")) => draft.text(Text::Model, 1, value),
        Some(("model", "provider")) => provider(value, draft),
        Some(("telemetry", key)) => telemetry(key, value, draft),
        Some(("prompt" | "settings" | "request" | "schema", _)) => Role::Kept,
        Some(_) => Role::Unknown,
        None => match key {
            "operationId" => {
                if let Some(kind) = value.as_str().and_then(|id| kind(id, draft.is_root)) {
                    draft.kind(kind_rank(7, 0), kind);
                }
                Role::Kept
            }
            "prompt" => draft.body(Body::Input, 1, value),
            "value" | "values" | "documents" => draft.json_body(Body::Input, 3, value),
            "embedding" | "embeddings" | "ranking" => draft.json_body(Body::Output, 4, value),
            "schema" => Role::Kept,
            _ => Role::Unknown,
        },
    }
}

/// An operation and the name that the user gave it, such as `ai.generateText my-function`.
fn operation_name<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let Some(name) = value.as_str().filter(|name| name.starts_with("ai.")) else {
        return Role::Unknown;
    };
    let mut words = name.split(' ');
    if let Some(kind) = words.next().and_then(|id| kind(id, draft.is_root)) {
        draft.kind(kind_rank(7, 1), kind);
    }
    draft.text(Text::Name, 0, value)
}

fn kind(operation: &str, is_root: bool) -> Option<StepKind> {
    let operation = operation.strip_prefix("ai.")?;
    Some(match operation.split_once('.') {
        None if operation == "toolCall" => StepKind::Tool,
        Some((_, "doGenerate" | "doStream")) => StepKind::Llm,
        Some((_, "doEmbed")) => StepKind::Embedding,
        _ if operation.starts_with("rerank") => StepKind::Reranker,
        _ if is_root => StepKind::Agent,
        _ => StepKind::Chain,
    })
}

/// The provider and its interface, such as `openai.chat`.
fn provider<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let name = value.as_str().and_then(|name| name.split('.').next());
    // The conventions' own attribute has the interface as well.
    draft.overrule(Text::Provider, name.unwrap_or_default().into());
    Role::Text(Text::Provider)
}

fn usage(key: &str, value: &Value<'_>, draft: &mut Draft<'_>) -> Role {
    match key {
        "inputTokens" => draft.tokens(Tokens::Input, 0, value),
        "promptTokens" => draft.tokens(Tokens::Input, 1, value),
        "tokens" => draft.tokens(Tokens::Input, 2, value),
        "outputTokens" => draft.tokens(Tokens::Output, 0, value),
        "completionTokens" => draft.tokens(Tokens::Output, 1, value),
        "totalTokens" => draft.tokens(Tokens::Total, 0, value),
        "cachedInputTokens" => draft.tokens(Tokens::Cached, 0, value),
        "inputTokenDetails.cacheReadTokens" => draft.tokens(Tokens::Cached, 1, value),
        "inputTokenDetails.cacheWriteTokens" => draft.tokens(Tokens::CacheWrite, 0, value),
        "reasoningTokens" => draft.tokens(Tokens::Reasoning, 0, value),
        "outputTokenDetails.reasoningTokens" => draft.tokens(Tokens::Reasoning, 1, value),
        _ => Role::Kept,
    }
}

fn response<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "model" => draft.text(Text::Model, 0, value),
        "text" => {
            text_and_calls(value, draft);
            draft.body(Body::Output, 1, value)
        }
        "toolCalls" => draft.body(Body::Output, 2, value),
        "object" => draft.body(Body::Output, 3, value),
        "msToFirstChunk" => draft.first_token(0, value, MILLISECOND_US),
        "providerMetadata" => provider_metadata(value, draft),
        "id" | "timestamp" | "reasoning" | "files" => Role::Kept,
        _ => Role::Unknown,
    }
}

/// An answer that has both text and calls of tools is one message with both.
fn text_and_calls<'s>(text: &'s Value<'s>, draft: &mut Draft<'s>) {
    let calls = draft.attribute("ai.response.toolCalls").map(as_json);
    let Some(calls) = calls.filter(|calls| calls.starts_with('[') && calls != "[]") else {
        return;
    };
    if let Some(text) = text.as_str().filter(|text| !text.is_empty()) {
        let mut json = String::from(r#"[{"role":"assistant","content":"#);
        push_string(&mut json, text);
        json.push_str(r#","tool_calls":"#);
        json.push_str(&calls);
        json.push_str("}]");
        draft.made_body(Body::Output, 0, Content::of_json(json));
    }
}

/// What providers say of their caches.
fn provider_metadata<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    each_entry(value, |provider, json| {
        each_json_entry(json, |key, json| match (provider, key) {
            ("openai" | "azure", "cachedPromptTokens") => {
                draft.count(Tokens::Cached, 2, scalar(json).integer());
            }
            ("anthropic", "cacheCreationInputTokens") if json != "null" => {
                draft.count(Tokens::CacheWrite, 1, scalar(json).integer());
            }
            ("anthropic", "usage") => each_json_entry(json, |key, json| match key {
                "cache_read_input_tokens" if json != "null" => {
                    draft.count(Tokens::Cached, 2, scalar(json).integer());
                }
                "cache_creation_input_tokens" if json != "null" => {
                    draft.count(Tokens::CacheWrite, 1, scalar(json).integer());
                }
                _ => {}
            }),
            _ => {}
        });
    });
    Role::Kept
}

fn tool_call<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "name" => draft.text(Text::Tool, 0, value),
        "args" => draft.json_body(Body::Input, 2, value),
        "result" => draft.json_body(Body::Output, 5, value),
        _ => Role::Kept,
    }
}

fn telemetry<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "functionId" => {
            draft.sayings.field(Field::AgentName, 6, value);
            Role::Filterable
        }
        "metadata.sessionId" => draft.sayings.field(Field::SessionId, 10, value),
        "metadata.userId" => draft.sayings.field(Field::UserId, 10, value),
        "metadata.tags" => draft.sayings.tags(value),
        _ => match key.strip_prefix("metadata.") {
            Some(key) => {
                let (key, json) = (Cow::from(key), as_json(value));
                draft.sayings.attribute(key, metadata::VERCEL_AI, json);
                Role::Filterable
            }
            None => Role::Kept,
        },
    }
}
