//! AgentOps.

use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank, named_kind};
use crate::normal::{Body, Draft, Role, Text};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["agentops", "gen_ai", "error", "tool", "operation"],
    attribute: Some(attribute),
    ..NOTHING
};

/// What a span calls its kind.
const KINDS: [(&str, StepKind); 10] = [
    ("agent", StepKind::Agent),
    ("task", StepKind::Chain),
    ("tool", StepKind::Tool),
    ("llm", StepKind::Llm),
    ("chain", StepKind::Chain),
    ("workflow", StepKind::Chain),
    ("session", StepKind::Chain),
    ("operation", StepKind::Chain),
    ("guardrail", StepKind::Guardrail),
    ("http", StepKind::Http),
];

/// What a call of a model calls its type.
const REQUESTS: [(&str, StepKind); 3] = [
    ("chat", StepKind::Llm),
    ("completion", StepKind::Llm),
    ("embedding", StepKind::Embedding),
];
/// Microseconds of a second.
const SECOND_US: f64 = 1e6;

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "agentops.span.kind" => {
            if let Some(kind) = named_kind(&KINDS, value) {
                draft.kind(kind_rank(9, 0), kind);
            }
            Role::Kept
        }
        "agentops.entity.name" => entity_name(0, value, draft),
        // The name of what was called, which others call an operation.
        "operation.name" if span_kind(draft).is_some() => entity_name(1, value, draft),
        "agentops.entity.input" | "agentops.tool.input" | "agentops.task.input" => {
            draft.body(Body::Input, 0, value)
        }
        "agentops.entity.output" | "agentops.tool.output" | "agentops.task.output" => {
            draft.body(Body::Output, 0, value)
        }
        "agentops.session.end_state" => {
            draft.failed |= value
                .as_str()
                .is_some_and(|state| state.eq_ignore_ascii_case("fail"));
            Role::Filterable
        }
        "gen_ai.request.type" => {
            if let Some(kind) = named_kind(&REQUESTS, value) {
                draft.kind(kind_rank(11, 1), kind);
            }
            Role::Kept
        }
        "gen_ai.streaming.time_to_first_token" => draft.first_token(0, value, SECOND_US),
        "tool.call.id" => draft.kind(kind_rank(12, 0), StepKind::Tool),
        // The arguments of a call; to others it is the schema.
        "tool.parameters" if draft.scope_name.starts_with("agentops") => {
            draft.body(Body::Input, 1, value)
        }
        "tool.parameters" => Role::Kept,
        "agentops.tags" => draft.sayings.tags(value),
        "gen_ai.usage.total_cost" => draft.cost(0, value),
        "error.message" => draft.text(Text::ErrorMessage, 0, value),
        "tool.result" => draft.body(Body::Output, 1, value),
        _ => Role::Unknown,
    }
}

fn span_kind<'s>(draft: &Draft<'s>) -> Option<&'s str> {
    draft.attribute("agentops.span.kind")?.as_str()
}

fn entity_name<'s>(place: u16, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match span_kind(draft) {
        Some("agent") => draft.text(Text::Agent, place, value),
        Some("tool") => draft.text(Text::Tool, place, value),
        _ => draft.text(Text::Name, place, value),
    }
}
