//! LiveKit Agents.

use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank};
use crate::normal::{Body, Draft, Role, Text};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["lk"],
    attribute: Some(attribute),
    ..NOTHING
};

/// Microseconds of a second.
const SECOND_US: f64 = 1e6;

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let Some(key) = key.strip_prefix("lk.") else {
        return Role::Unknown;
    };
    match key {
        "agent_name" => {
            if draft.span_name.starts_with("agent_") {
                draft.kind(kind_rank(12, 4), StepKind::Agent);
            }
            draft.text(Text::Agent, 0, value)
        }
        "function_tool.name" => {
            draft.kind(kind_rank(12, 0), StepKind::Tool);
            draft.text(Text::Tool, 0, value)
        }
        "function_tool.arguments" => draft.body(Body::Input, 0, value),
        "function_tool.output" => draft.body(Body::Output, 0, value),
        "function_tool.is_error" => {
            draft.failed |= matches!(value, Value::Bool(true));
            Role::Filterable
        }
        "user_input" => draft.body(Body::Input, 1, value),
        "user_transcript" => draft.body(Body::Input, 2, value),
        "chat_ctx" => draft.body(Body::Input, 3, value),
        "input_text" => draft.body(Body::Input, 4, value),
        "response.text" => draft.body(Body::Output, 1, value),
        "response.function_calls" => draft.body(Body::Output, 2, value),
        "response.ttft" => draft.first_token(0, value, SECOND_US),
        "instructions" => Role::Kept,
        _ => Role::Unknown,
    }
}
