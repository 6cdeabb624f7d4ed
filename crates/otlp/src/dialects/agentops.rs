//! AgentOps.

use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank, named_kind};
use crate::normal::{Body, Draft, Role, Text};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["agentops", "gen_ai", "error", "tool"],
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

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "agentops.span.kind" => {
            if let Some(kind) = named_kind(&KINDS, value) {
                draft.kind(kind_rank(9, 0), kind);
            }
            Role::Kept
        }
        "agentops.entity.name" => entity_name(value, draft),
        "agentops.entity.input" => draft.body(Body::Input, 0, value),
        "agentops.entity.output" => draft.body(Body::Output, 0, value),
        "agentops.tags" => draft.sayings.tags(value),
        "gen_ai.usage.total_cost" => draft.cost(0, value),
        "error.message" => draft.text(Text::ErrorMessage, 0, value),
        "tool.result" => draft.body(Body::Output, 1, value),
        _ => Role::Unknown,
    }
}

fn entity_name<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let kind = draft.attribute("agentops.span.kind");
    match kind.and_then(Value::as_str) {
        Some("agent") => draft.text(Text::Agent, 0, value),
        Some("tool") => draft.text(Text::Tool, 0, value),
        _ => draft.text(Text::Name, 0, value),
    }
}
