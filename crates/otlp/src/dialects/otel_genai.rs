//! OpenTelemetry's conventions for generative AI, in all the generations that are in use.

use runwatch_core::claims::Field;
use runwatch_core::json::push_string;
use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, added_operation, kind_rank, otel};
use crate::content::{embed_json, inner_of_array};
use crate::normal::{Body, Draft, Role, Text, Tokens, UNKNOWN_MODEL};
use crate::span::Event;
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["gen_ai", "openai", "aws", "azure"],
    attribute: Some(attribute),
    event: Some(event),
    ..NOTHING
};

/// Microseconds of a second.
const SECOND_US: f64 = 1e6;
/// What the conventions call an operation, and what kind of step that is. The last lines are names
/// that several senders made up.
const OPERATIONS: [(&str, StepKind); 28] = [
    ("chat", StepKind::Llm),
    ("text_completion", StepKind::Llm),
    ("generate_content", StepKind::Llm),
    ("fetch_response", StepKind::Llm),
    ("embeddings", StepKind::Embedding),
    ("retrieval", StepKind::Retrieval),
    ("search_memory", StepKind::Retrieval),
    ("execute_tool", StepKind::Tool),
    ("invoke_agent", StepKind::Agent),
    ("create_agent", StepKind::Other),
    ("plan", StepKind::Chain),
    ("create_memory_store", StepKind::Db),
    ("delete_memory_store", StepKind::Db),
    ("create_memory", StepKind::Db),
    ("update_memory", StepKind::Db),
    ("upsert_memory", StepKind::Db),
    ("delete_memory", StepKind::Db),
    ("chain", StepKind::Chain),
    ("completion", StepKind::Llm),
    ("generate", StepKind::Llm),
    ("response", StepKind::Llm),
    ("llm_request", StepKind::Llm),
    ("embed", StepKind::Embedding),
    ("rerank", StepKind::Reranker),
    ("vector_db_retrieve", StepKind::Retrieval),
    ("retrieve", StepKind::Retrieval),
    ("tool", StepKind::Tool),
    ("agent", StepKind::Agent),
];

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let Some(key) = key.strip_prefix("gen_ai.") else {
        return of_provider(key);
    };
    match key.split_once('.') {
        Some(("usage", key)) => usage(key, value, draft),
        Some(("request", key)) => request(key, value, draft),
        Some(("response", key)) => response(key, value, draft),
        Some(("tool", key)) => tool(key, value, draft),
        Some(("agent", key)) => agent(key, value, draft),
        Some(("evaluation", key)) => evaluation(key, value, draft),
        Some((_, _)) | None => other(key, value, draft),
    }
}

/// What the conventions have for single providers.
fn of_provider(key: &str) -> Role {
    match key {
        "openai.request.service_tier"
        | "openai.response.service_tier"
        | "openai.response.system_fingerprint"
        | "openai.api.type"
        | "aws.bedrock.guardrail.id" => Role::Kept,
        _ => Role::Unknown,
    }
}

fn usage(key: &str, value: &Value<'_>, draft: &mut Draft<'_>) -> Role {
    match key {
        "input_tokens" => draft.tokens(Tokens::Input, 0, value),
        "prompt_tokens" => draft.tokens(Tokens::Input, 1, value),
        "output_tokens" => draft.tokens(Tokens::Output, 0, value),
        "completion_tokens" => draft.tokens(Tokens::Output, 1, value),
        "total_tokens" => draft.tokens(Tokens::Total, 0, value),
        "cache_read.input_tokens" => draft.tokens(Tokens::Cached, 0, value),
        "cache_read_input_tokens" => draft.tokens(Tokens::Cached, 1, value),
        "cache_write.input_tokens" => draft.tokens(Tokens::CacheWrite, 0, value),
        "cache_creation.input_tokens" => draft.tokens(Tokens::CacheWrite, 1, value),
        "cache_creation_input_tokens" => draft.tokens(Tokens::CacheWrite, 2, value),
        "cache_write_input_tokens" => draft.tokens(Tokens::CacheWrite, 3, value),
        "reasoning.output_tokens" => draft.tokens(Tokens::Reasoning, 0, value),
        // What texts, pictures and sounds have of the counts: parts of them.
        _ if is_modality(key) => Role::Kept,
        _ => Role::Unknown,
    }
}

fn is_modality(key: &str) -> bool {
    let modality = key.split('.').next().unwrap_or_default();
    matches!(modality, "text" | "image" | "audio" | "video")
}

fn request<'s>(key: &str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "model" => model(1, value, draft),
        "user" => draft.sayings.field(Field::UserId, 7, value),
        // No request of the conventions has a type: see what others mean by it.
        "type" => Role::Unknown,
        _ => Role::Kept,
    }
}

fn response<'s>(key: &str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "model" => model(0, value, draft),
        "time_to_first_chunk" => draft.first_token(0, value, SECOND_US),
        // One of a kind each: nobody counts or groups by it.
        "id" => Role::Kept,
        _ => Role::Unknown,
    }
}

fn model<'s>(place: u16, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    if !matches!(value, Value::Null) && value.as_str() != Some(UNKNOWN_MODEL) {
        draft.kind(kind_rank(12, 1), StepKind::Llm);
    }
    draft.text(Text::Model, place, value)
}

fn tool<'s>(key: &str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "name" => {
            draft.kind(kind_rank(12, 0), StepKind::Tool);
            draft.text(Text::Tool, 0, value)
        }
        "call.id" => draft.kind(kind_rank(12, 0), StepKind::Tool),
        "call.arguments" => draft.body(Body::Input, 0, value),
        "call.result" => draft.body(Body::Output, 0, value),
        "type" | "description" | "definitions" | "definitions_ref" | "json_schema" => Role::Kept,
        _ => Role::Unknown,
    }
}

fn agent<'s>(key: &str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "name" => {
            if draft.span_name.starts_with("invoke_agent") {
                draft.kind(kind_rank(12, 2), StepKind::Agent);
            }
            draft.text(Text::Agent, 0, value)
        }
        "id" => draft.sayings.field(Field::AgentId, 1, value),
        "version" => draft.sayings.field(Field::AgentVersion, 1, value),
        "description" => Role::Kept,
        _ => Role::Unknown,
    }
}

/// What a step that judges another one says of it.
fn evaluation<'s>(key: &str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "name" => {
            draft.kind(kind_rank(12, 3), StepKind::Evaluator);
            Role::Filterable
        }
        "explanation" => draft.body(Body::Output, 8, value),
        _ => Role::Unknown,
    }
}

fn other<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "operation.name" => {
            if let Some(kind) = value
                .as_str()
                .and_then(|name| operation(name, draft.is_root))
            {
                draft.kind(kind_rank(5, 0), kind);
            }
            Role::Kept
        }
        "provider.name" => draft.text(Text::Provider, 0, value),
        "system" => system(value, draft),
        "input.messages" => draft.body(Body::Input, 1, value),
        "output.messages" => draft.body(Body::Output, 1, value),
        "retrieval.query.text" => draft.body(Body::Input, 2, value),
        "retrieval.documents" => draft.body(Body::Output, 2, value),
        "memory.query.text" => draft.body(Body::Input, 3, value),
        "memory.records" => draft.body(Body::Output, 3, value),
        "prompt" => draft.body(Body::Input, 4, value),
        "completion" => draft.body(Body::Output, 4, value),
        // Where the content is, when it was stored elsewhere.
        "input.messages_ref" => draft.body(Body::Input, 7, value),
        "output.messages_ref" => draft.body(Body::Output, 7, value),
        "system_instructions_ref" => Role::Kept,
        "system_instructions" => draft.instructions(0, value),
        "conversation.id" => draft.sayings.field(Field::SessionId, 3, value),
        "workflow.name" => draft.sayings.field(Field::AgentName, 8, value),
        "user" => draft.sayings.field(Field::UserId, 4, value),
        "user.id" => draft.sayings.field(Field::UserId, 5, value),
        // Names of older generations for what one provider has.
        _ if key.starts_with("openai.") => Role::Kept,
        _ => Role::Unknown,
    }
}

/// The kind of a step by its operation, as the conventions or a dialect name it.
fn operation(name: &str, is_root: bool) -> Option<StepKind> {
    if name == "invoke_workflow" {
        return Some(if is_root {
            StepKind::Agent
        } else {
            StepKind::Chain
        });
    }
    let known = OPERATIONS.iter().find(|(known, _)| *known == name);
    known
        .map(|(_, kind)| *kind)
        .or_else(|| added_operation(name))
}

/// The provider by its older name.
fn system<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let renamed = match value.as_str() {
        Some("vertex_ai") => "gcp.vertex_ai",
        Some("gemini") => "gcp.gemini",
        Some("az.ai.openai") => "azure.ai.openai",
        Some("az.ai.inference") => "azure.ai.inference",
        Some("xai") => "x_ai",
        _ => return draft.text(Text::Provider, 1, value),
    };
    draft.set_text(Text::Provider, 1, renamed.into());
    Role::Text(Text::Provider)
}

fn event<'s>(event: &'s Event<'s>, draft: &mut Draft<'s>) {
    let Some(name) = event.name.strip_prefix("gen_ai.") else {
        return;
    };
    match name {
        "client.inference.operation.details" => details(event, draft),
        "client.operation.exception" => otel::exception(event, draft),
        "content.prompt" | "content.completion" => {
            for attribute in &event.attributes {
                match attribute.key.as_ref() {
                    "gen_ai.prompt" => draft.body(Body::Input, 5, &attribute.value),
                    "gen_ai.completion" => draft.body(Body::Output, 5, &attribute.value),
                    _ => continue,
                };
            }
        }
        "system.message" => draft.messages(Body::Input, 6, message("system", event)),
        "user.message" => draft.messages(Body::Input, 6, message("user", event)),
        "assistant.message" => draft.messages(Body::Input, 6, message("assistant", event)),
        "tool.message" => draft.messages(Body::Input, 6, message("tool", event)),
        "choice" => draft.messages(Body::Output, 6, message("assistant", event)),
        _ => {}
    }
}

/// The event that carries a span's content; some senders give each part an event of its own.
fn details<'s>(event: &'s Event<'s>, draft: &mut Draft<'s>) {
    for attribute in &event.attributes {
        match attribute.key.as_ref() {
            "gen_ai.input.messages" => {
                draft.messages(Body::Input, 6, inner_of_array(&attribute.value));
            }
            "gen_ai.output.messages" => {
                draft.messages(Body::Output, 6, inner_of_array(&attribute.value));
            }
            "gen_ai.input.messages_ref" => {
                draft.body(Body::Input, 7, &attribute.value);
            }
            "gen_ai.output.messages_ref" => {
                draft.body(Body::Output, 7, &attribute.value);
            }
            "gen_ai.system_instructions" => {
                draft.instructions(1, &attribute.value);
            }
            _ => {}
        }
    }
}

/// A message that was told as an event, as a JSON object.
fn message(role: &str, event: &Event<'_>) -> String {
    let mut out = String::from("{");
    if !event
        .attributes
        .iter()
        .any(|attribute| attribute.key == "role")
    {
        out.push_str(&format!("\"role\":\"{role}\","));
    }
    for attribute in &event.attributes {
        if attribute.key != "gen_ai.system" {
            push_string(&mut out, &attribute.key);
            out.push(':');
            embed_json(&attribute.value, &mut out);
            out.push(',');
        }
    }
    out.truncate(out.trim_end_matches(',').len());
    out.push('}');
    out
}
