//! OpenTelemetry's conventions for generative AI, in all the generations that are in use, and for
//! the Model Context Protocol.

use runwatch_core::claims::Field;
use runwatch_core::json::push_string;
use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank, otel};
use crate::content::{embed_json, inner_of_array};
use crate::normal::{Body, Draft, Role, Text, Tokens};
use crate::span::Event;
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    attribute,
    event,
    ..NOTHING
};

/// Ranks 1 to 15 of every field are this dialect's: it is the first column of the table.
const FIRST: u8 = 1;
/// Microseconds of a second.
const SECOND_US: f64 = 1e6;

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let Some(key) = key.strip_prefix("gen_ai.") else {
        return outside(key, value, draft);
    };
    match key.split_once('.') {
        Some(("usage", key)) => usage(key, value, draft),
        Some(("request", key)) => request(key, value, draft),
        Some(("response", key)) => response(key, value, draft),
        Some(("tool", key)) => tool(key, value, draft),
        Some(("agent", key)) => agent(key, value, draft),
        Some((_, _)) | None => other(key, value, draft),
    }
}

/// Names that do not begin with the conventions' own prefix.
fn outside<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "mcp.method.name" => {
            let call = value.as_str() == Some("tools/call");
            draft.kind(
                kind_rank(10, 0),
                if call {
                    StepKind::Tool
                } else {
                    StepKind::Other
                },
            );
            Role::Filterable
        }
        "operation.cost" => draft.cost(FIRST, value),
        "openai.request.service_tier" | "openai.response.service_tier" | "openai.api.type" => {
            Role::Kept
        }
        _ => Role::Unknown,
    }
}

fn usage(key: &str, value: &Value<'_>, draft: &mut Draft<'_>) -> Role {
    match key {
        "input_tokens" => draft.tokens(Tokens::Input, FIRST, value),
        "prompt_tokens" => draft.tokens(Tokens::Input, FIRST + 1, value),
        "output_tokens" => draft.tokens(Tokens::Output, FIRST, value),
        "completion_tokens" => draft.tokens(Tokens::Output, FIRST + 1, value),
        "total_tokens" => draft.tokens(Tokens::Total, FIRST, value),
        "cache_read.input_tokens" => draft.tokens(Tokens::Cached, FIRST, value),
        "cache_read_input_tokens" => draft.tokens(Tokens::Cached, FIRST + 1, value),
        "details.cache_read_tokens" => draft.tokens(Tokens::Cached, FIRST + 2, value),
        "cache_write.input_tokens" => draft.tokens(Tokens::CacheWrite, FIRST, value),
        "cache_creation.input_tokens" => draft.tokens(Tokens::CacheWrite, FIRST + 1, value),
        "cache_creation_input_tokens" => draft.tokens(Tokens::CacheWrite, FIRST + 2, value),
        "cache_write_input_tokens" => draft.tokens(Tokens::CacheWrite, FIRST + 3, value),
        "details.cache_write_tokens" => draft.tokens(Tokens::CacheWrite, FIRST + 4, value),
        "reasoning.output_tokens" => draft.tokens(Tokens::Reasoning, FIRST, value),
        "reasoning_tokens" => draft.tokens(Tokens::Reasoning, FIRST + 1, value),
        "details.reasoning_tokens" => draft.tokens(Tokens::Reasoning, FIRST + 2, value),
        "cost" => draft.cost(FIRST + 1, value),
        "total_cost" => draft.cost(FIRST + 2, value),
        _ => Role::Unknown,
    }
}

fn request<'s>(key: &str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "model" => model(FIRST + 1, value, draft),
        "user" => draft.sayings.field(Field::UserId, 7, value),
        _ => Role::Kept,
    }
}

fn response<'s>(key: &str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "model" => model(FIRST, value, draft),
        "time_to_first_chunk" => {
            let wait_us = value.number().map(|seconds| (seconds * SECOND_US).round());
            if let Some(wait_us) = wait_us.and_then(crate::value::whole).filter(|us| *us >= 0) {
                draft.first_token_us.offer(FIRST, wait_us);
            }
            Role::Kept
        }
        // One of a kind each: nobody counts or groups by it.
        "id" => Role::Kept,
        _ => Role::Unknown,
    }
}

/// Some libraries fill in `unknown` where they know no model.
fn model<'s>(rank: u8, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    if value.as_str() == Some("unknown") {
        return Role::Kept;
    }
    if !matches!(value, Value::Null) {
        draft.kind(kind_rank(12, 1), StepKind::Llm);
    }
    draft.text(Text::Model, rank, value)
}

fn tool<'s>(key: &str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "name" => {
            draft.kind(kind_rank(12, 0), StepKind::Tool);
            draft.text(Text::Tool, FIRST, value)
        }
        "call.id" => draft.kind(kind_rank(12, 0), StepKind::Tool),
        "call.arguments" => draft.body(Body::Input, FIRST, value),
        "call.result" => draft.body(Body::Output, FIRST, value),
        "type" | "description" | "definitions" | "json_schema" => Role::Kept,
        _ => Role::Unknown,
    }
}

fn agent<'s>(key: &str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "name" => {
            if draft.span_name.starts_with("invoke_agent") {
                draft.kind(kind_rank(12, 2), StepKind::Agent);
            }
            draft.text(Text::Agent, FIRST, value)
        }
        "id" => draft.sayings.field(Field::AgentId, 1, value),
        "version" => draft.sayings.field(Field::AgentVersion, 1, value),
        _ => Role::Unknown,
    }
}

fn other<'s>(key: &str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
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
        "provider.name" => draft.text(Text::Provider, FIRST, value),
        "system" => system(value, draft),
        "input.messages" => draft.body(Body::Input, FIRST + 1, value),
        "output.messages" => draft.body(Body::Output, FIRST + 1, value),
        "retrieval.query.text" => draft.body(Body::Input, FIRST + 2, value),
        "retrieval.documents" => draft.body(Body::Output, FIRST + 2, value),
        "prompt" => draft.body(Body::Input, FIRST + 4, value),
        "completion" => draft.body(Body::Output, FIRST + 4, value),
        "system_instructions" => {
            draft.instructions.offer(FIRST, value);
            Role::Instructions
        }
        "conversation.id" => draft.sayings.field(Field::SessionId, 3, value),
        "workflow.name" => draft.sayings.field(Field::AgentName, 8, value),
        "user" => draft.sayings.field(Field::UserId, 4, value),
        "user.id" => draft.sayings.field(Field::UserId, 5, value),
        "environment" => draft.sayings.field(Field::Environment, 4, value),
        _ => Role::Unknown,
    }
}

/// The kind of a step by its operation. Below the conventions' own names stand those that
/// frameworks made up.
fn operation(name: &str, is_root: bool) -> Option<StepKind> {
    Some(match name {
        "chat" | "text_completion" | "generate_content" | "fetch_response" => StepKind::Llm,
        "embeddings" => StepKind::Embedding,
        "retrieval" | "search_memory" => StepKind::Retrieval,
        "execute_tool" => StepKind::Tool,
        "invoke_agent" => StepKind::Agent,
        "create_agent" => StepKind::Other,
        "invoke_workflow" if is_root => StepKind::Agent,
        "invoke_workflow" | "plan" => StepKind::Chain,
        "create_memory_store"
        | "delete_memory_store"
        | "create_memory"
        | "update_memory"
        | "upsert_memory"
        | "delete_memory" => StepKind::Db,
        "completion" | "generate" | "response" | "llm_request" | "llm_call" => StepKind::Llm,
        "tool_call" => StepKind::Tool,
        "agent_call" => StepKind::Agent,
        "vector_db_retrieve" => StepKind::Retrieval,
        "execute_task"
        | "agent_step"
        | "execute_event_loop_cycle"
        | "chain"
        | "prompt"
        | "parser"
        | "user_prompt"
        | "system_prompt"
        | "schedule_tool_calls" => StepKind::Chain,
        _ => return None,
    })
}

/// The provider by its older name.
fn system<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let renamed = match value.as_str() {
        Some("vertex_ai") => "gcp.vertex_ai",
        Some("gemini") => "gcp.gemini",
        Some("az.ai.openai") => "azure.ai.openai",
        Some("az.ai.inference") => "azure.ai.inference",
        Some("xai") => "x_ai",
        _ => return draft.text(Text::Provider, FIRST + 1, value),
    };
    draft.set_text(Text::Provider, FIRST + 1, renamed.into());
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
                    "gen_ai.prompt" => draft.body(Body::Input, FIRST + 5, &attribute.value),
                    "gen_ai.completion" => draft.body(Body::Output, FIRST + 5, &attribute.value),
                    _ => continue,
                };
            }
        }
        "system.message" => draft.messages(Body::Input, FIRST + 6, message("system", event)),
        "user.message" => draft.messages(Body::Input, FIRST + 6, message("user", event)),
        "assistant.message" => draft.messages(Body::Input, FIRST + 6, message("assistant", event)),
        "tool.message" => draft.messages(Body::Input, FIRST + 6, message("tool", event)),
        "choice" => draft.messages(Body::Output, FIRST + 6, message("assistant", event)),
        _ => {}
    }
}

/// The event that carries a span's content; some senders give each part an event of its own.
fn details<'s>(event: &'s Event<'s>, draft: &mut Draft<'s>) {
    for attribute in &event.attributes {
        match attribute.key.as_ref() {
            "gen_ai.input.messages" => {
                draft.messages(Body::Input, FIRST + 6, inner_of_array(&attribute.value));
            }
            "gen_ai.output.messages" => {
                draft.messages(Body::Output, FIRST + 6, inner_of_array(&attribute.value));
            }
            "gen_ai.system_instructions" => {
                draft.instructions.offer(FIRST + 1, &attribute.value);
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
