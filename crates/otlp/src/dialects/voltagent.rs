//! VoltAgent, many of whose names have no prefix: they mean something in its own spans only.

use runwatch_core::claims::Field;
use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank, named_kind};
use crate::normal::{Body, Draft, Role, Text, Tokens};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &[
        "voltagent",
        "span",
        "entity",
        "agent",
        "llm",
        "usage",
        "input",
        "output",
    ],
    attribute: Some(attribute),
    ..NOTHING
};

/// Types of spans and of what they belong to.
const TYPES: [(&str, StepKind); 4] = [
    ("agent", StepKind::Agent),
    ("llm", StepKind::Llm),
    ("tool", StepKind::Tool),
    ("memory", StepKind::Db),
];

fn is_spoken(draft: &Draft<'_>) -> bool {
    draft.scope_name.contains("voltagent")
        || ["voltagent.operation_id", "voltagent.conversation_id"]
            .iter()
            .any(|key| draft.attribute(key).is_some())
}

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    if key == "voltagent.conversation_id" {
        return draft.sayings.field(Field::SessionId, 16, value);
    }
    if !is_spoken(draft) {
        return Role::Unknown;
    }
    match key {
        "span.type" => kind(0, value, draft),
        // Of a child it is the type of the agent that it belongs to.
        "entity.type" => kind(1, value, draft),
        "entity.name" => draft.text(Text::Agent, 0, value),
        "agent.messages" => draft.body(Body::Input, 0, value),
        "llm.messages" => draft.body(Body::Input, 1, value),
        "input" => draft.body(Body::Input, 2, value),
        "output" => draft.body(Body::Output, 0, value),
        "llm.model" => draft.text(Text::Model, 0, value),
        "usage.prompt_tokens" => draft.tokens(Tokens::Input, 0, value),
        "usage.completion_tokens" => draft.tokens(Tokens::Output, 0, value),
        "usage.total_tokens" => draft.tokens(Tokens::Total, 0, value),
        _ => Role::Unknown,
    }
}

fn kind<'s>(place: u16, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    if let Some(kind) = named_kind(&TYPES, value) {
        draft.kind(kind_rank(8, 1 + place), kind);
    }
    Role::Kept
}
