//! Claude Code and the Claude Agent SDK, whose names have no prefix: they mean something in its own
//! spans only.

use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank};
use crate::normal::{Body, Draft, Role, Text, Tokens};
use crate::span::Event;
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &[
        "span",
        "model",
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "cache_creation_tokens",
        "cost_usd",
        "ttft_ms",
        "user_prompt",
        "new_context",
        "tool_input",
        "tool_name",
        "full_command",
        "file_path",
        "subagent_type",
        "skill_name",
        "response",
        "error",
        "success",
        "status_code",
    ],
    attribute: Some(attribute),
    event: Some(event),
    ..NOTHING
};

/// What begins the names of its spans and the values of their types.
const PREFIX: &str = "claude_code.";
/// What begins the name of its instrumentation.
const SCOPE: &str = "com.anthropic.claude_code";
/// What stands for content that is not to be told.
const REDACTED: &str = "<REDACTED>";
/// Microseconds of a millisecond.
const MILLISECOND_US: f64 = 1e3;

fn is_spoken(draft: &Draft<'_>) -> bool {
    let by_type = || {
        let kind = draft.attribute("span.type").and_then(Value::as_str);
        kind.is_some_and(|kind| kind.starts_with(PREFIX))
    };
    draft.span_name.starts_with(PREFIX) || draft.scope_name.starts_with(SCOPE) || by_type()
}

/// The type of the span, without the prefix that some versions put before it.
fn span_type<'s>(draft: &Draft<'s>) -> &'s str {
    let told = draft.attribute("span.type").and_then(Value::as_str);
    let told = told.unwrap_or(draft.span_name);
    told.strip_prefix(PREFIX).unwrap_or(told)
}

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    if !is_spoken(draft) {
        return Role::Unknown;
    }
    match key {
        "span.type" => kind(draft),
        "model" => draft.text(Text::Model, 0, value),
        "input_tokens" => input_tokens(value, draft),
        "output_tokens" => draft.tokens(Tokens::Output, 0, value),
        "cache_read_tokens" => draft.tokens(Tokens::Cached, 0, value),
        "cache_creation_tokens" => draft.tokens(Tokens::CacheWrite, 0, value),
        "cost_usd" => draft.cost(0, value),
        "ttft_ms" => draft.first_token(0, value, MILLISECOND_US),
        "tool_name" => draft.text(Text::Tool, 0, value),
        "error" => draft.text(Text::ErrorMessage, 0, value),
        "status_code" => draft.text(Text::ErrorCode, 0, value),
        "success" => {
            draft.failed |= matches!(value, Value::Bool(false)) || value.as_str() == Some("false");
            Role::Filterable
        }
        _ => content(key, value, draft),
    }
}

fn kind<'s>(draft: &mut Draft<'s>) -> Role {
    let kind = match span_type(draft) {
        "interaction" => StepKind::Agent,
        "llm_request" => StepKind::Llm,
        "tool" => StepKind::Tool,
        _ => return Role::Filterable,
    };
    draft.kind(kind_rank(8, 0), kind)
}

/// Its input leaves out what was read from the cache and written to it.
fn input_tokens<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let beside = ["cache_read_tokens", "cache_creation_tokens"];
    let beside = beside.map(|key| draft.attribute(key).and_then(Value::integer));
    let sum = beside
        .into_iter()
        .flatten()
        .try_fold(value.integer(), |sum, part| {
            Some(sum.map(|sum: i64| sum.saturating_add(part.max(0))))
        });
    draft.count(Tokens::Input, 0, sum.flatten());
    Role::Tokens(Tokens::Input)
}

fn content<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    if value.as_str() == Some(REDACTED) {
        return Role::Kept;
    }
    match key {
        "user_prompt" => draft.body(Body::Input, 0, value),
        "new_context" if span_type(draft) == "tool" => draft.body(Body::Output, 1, value),
        "new_context" => draft.body(Body::Input, 1, value),
        "tool_input" => draft.body(Body::Input, 2, value),
        "full_command" => draft.body(Body::Input, 3, value),
        "file_path" => draft.body(Body::Input, 4, value),
        "subagent_type" => draft.body(Body::Input, 5, value),
        "skill_name" => draft.body(Body::Input, 6, value),
        "response.model_output" => draft.body(Body::Output, 0, value),
        _ => Role::Unknown,
    }
}

fn event<'s>(event: &'s Event<'s>, draft: &mut Draft<'s>) {
    if event.name != "tool.output" {
        return;
    }
    for attribute in &event.attributes {
        let place = match attribute.key.as_ref() {
            "output" => 2,
            "content" => 3,
            "diff" => 4,
            _ => continue,
        };
        if attribute.value.as_str() != Some(REDACTED) {
            draft.body(Body::Output, place, &attribute.value);
        }
    }
}
