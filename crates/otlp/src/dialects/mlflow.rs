//! MLflow, whose values are JSON: texts come with quotes.

use runwatch_core::claims::Field;
use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank};
use crate::content::{each_entry, scalar};
use crate::normal::{Body, Draft, Role, Text, Tokens};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["mlflow"],
    attribute: Some(attribute),
    ..NOTHING
};

/// What a span calls its type; `UNKNOWN` says nothing.
const TYPES: [(&str, StepKind); 14] = [
    ("LLM", StepKind::Llm),
    ("CHAT_MODEL", StepKind::Llm),
    ("AGENT", StepKind::Agent),
    ("TOOL", StepKind::Tool),
    ("RETRIEVER", StepKind::Retrieval),
    ("EMBEDDING", StepKind::Embedding),
    ("RERANKER", StepKind::Reranker),
    ("GUARDRAIL", StepKind::Guardrail),
    ("EVALUATOR", StepKind::Evaluator),
    ("CHAIN", StepKind::Chain),
    ("WORKFLOW", StepKind::Chain),
    ("TASK", StepKind::Chain),
    ("PARSER", StepKind::Chain),
    ("MEMORY", StepKind::Db),
];

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let Some(key) = key.strip_prefix("mlflow.") else {
        return Role::Unknown;
    };
    match key {
        "spanType" => span_type(value, draft),
        "spanInputs" => draft.json_body(Body::Input, 0, value),
        "spanOutputs" => draft.json_body(Body::Output, 0, value),
        "llm.model" => text(Text::Model, value, draft),
        "llm.provider" => text(Text::Provider, value, draft),
        "chat.tokenUsage" => usage(value, draft),
        "llm.cost" => cost(value, draft),
        "trace.session" => field(Field::SessionId, 12, value, draft),
        "trace.user" => field(Field::UserId, 11, value, draft),
        _ => match key.strip_prefix("traceTag.") {
            Some(tag) => {
                let value = value.unquoted().unwrap_or_default();
                draft.sayings.tag(format!("{tag}={value}").into());
                Role::Kept
            }
            None => Role::Kept,
        },
    }
}

fn span_type<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let name = value.unquoted().unwrap_or_default();
    let known = TYPES.iter().find(|(known, _)| *known == name);
    if let Some((_, kind)) = known {
        draft.kind(kind_rank(4, 0), *kind);
        if *kind == StepKind::Tool {
            draft.set_text(Text::Tool, 0, draft.span_name.into());
        }
    }
    Role::Kept
}

fn text<'s>(field: Text, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    draft.set_text(field, 0, value.unquoted().unwrap_or_default());
    Role::Text(field)
}

fn field<'s>(field: Field, rank: u8, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    if let Some(text) = value.unquoted() {
        draft.sayings.field_text(field, rank, text);
    }
    Role::Kept
}

fn usage<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    each_entry(value, |key, json| {
        let field = match key {
            "input_tokens" => Tokens::Input,
            "output_tokens" => Tokens::Output,
            "total_tokens" => Tokens::Total,
            "cache_read_input_tokens" => Tokens::Cached,
            "cache_creation_input_tokens" => Tokens::CacheWrite,
            _ => return,
        };
        if json != "null" {
            draft.count(field, 0, scalar(json).integer());
        }
    });
    Role::Kept
}

fn cost<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    each_entry(value, |key, json| {
        if key == "total_cost" {
            draft.dollars(0, scalar(json).number());
        }
    });
    Role::Kept
}
