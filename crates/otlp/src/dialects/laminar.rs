//! Laminar.

use runwatch_core::claims::Field;
use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank, metadata, named_kind};
use crate::content::as_json;
use crate::normal::{Body, Draft, Role, Text};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["lmnr"],
    attribute: Some(attribute),
    ..NOTHING
};

/// What a span calls its type.
const TYPES: [(&str, StepKind); 9] = [
    ("LLM", StepKind::Llm),
    ("CACHED", StepKind::Llm),
    ("TOOL", StepKind::Tool),
    ("EXECUTOR", StepKind::Agent),
    ("EVALUATOR", StepKind::Evaluator),
    ("HUMAN_EVALUATOR", StepKind::Evaluator),
    ("EVALUATION", StepKind::Evaluator),
    ("PIPELINE", StepKind::Chain),
    ("DEFAULT", StepKind::Chain),
];

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "lmnr.span.type" => {
            let kind = named_kind(&TYPES, value);
            if let Some(kind) = kind {
                draft.kind(kind_rank(9, 1), kind);
            }
            if kind == Some(StepKind::Tool) {
                draft.set_text(Text::Tool, 0, draft.span_name.into());
            }
            Role::Kept
        }
        "lmnr.span.input" => draft.body(Body::Input, 0, value),
        "lmnr.span.output" => draft.body(Body::Output, 0, value),
        "lmnr.association.properties.session_id" => {
            draft.sayings.field(Field::SessionId, 17, value)
        }
        "lmnr.association.properties.user_id" => draft.sayings.field(Field::UserId, 13, value),
        "lmnr.association.properties.tags" => draft.sayings.tags(value),
        _ => match key.strip_prefix("lmnr.association.properties.metadata.") {
            Some(key) => {
                draft
                    .sayings
                    .attribute(key.into(), metadata::LAMINAR, as_json(value));
                Role::Filterable
            }
            None => Role::Unknown,
        },
    }
}
