//! LangSmith, as its SDK sends LangChain's and LangGraph's runs by OpenTelemetry.

use runwatch_core::claims::Field;
use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank, langchain, metadata, named_kind};
use crate::content::{as_json, each_entry, each_json_entry, scalar};
use crate::normal::{Draft, Role, Text, Tokens};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["langsmith", "gen_ai"],
    attribute: Some(attribute),
    operations: &[("prompt", StepKind::Chain), ("parser", StepKind::Chain)],
    ..NOTHING
};

/// What a run calls its type.
const KINDS: [(&str, StepKind); 7] = [
    ("llm", StepKind::Llm),
    ("tool", StepKind::Tool),
    ("chain", StepKind::Chain),
    ("retriever", StepKind::Retrieval),
    ("embedding", StepKind::Embedding),
    ("prompt", StepKind::Chain),
    ("parser", StepKind::Chain),
];

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let Some(key) = key.strip_prefix("langsmith.") else {
        // The class that was called.
        return match key.starts_with("gen_ai.serialized.") {
            true => Role::Kept,
            false => Role::Unknown,
        };
    };
    match key {
        "span.kind" => {
            if let Some(kind) = named_kind(&KINDS, value) {
                draft.kind(kind_rank(3, 0), kind);
            }
            Role::Kept
        }
        "span.tags" => {
            langchain::tags(value, draft);
            Role::Kept
        }
        "trace.name" if draft.is_root => draft.sayings.field(Field::AgentName, 9, value),
        "trace.name" => Role::Kept,
        "trace.session_id" => draft.sayings.field(Field::SessionId, 9, value),
        "trace.session_name" => {
            let (key, json) = ("langsmith.project".into(), as_json(value));
            draft.sayings.attribute(key, metadata::LANGSMITH, json);
            Role::Kept
        }
        _ => match key.strip_prefix("metadata.") {
            Some(key) => of_metadata(key, value, draft),
            None => Role::Unknown,
        },
    }
}

fn of_metadata<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "session_id" => draft.sayings.field(Field::SessionId, 6, value),
        "thread_id" => draft.sayings.field(Field::SessionId, 7, value),
        "conversation_id" => draft.sayings.field(Field::SessionId, 8, value),
        "user_id" => draft.sayings.field(Field::UserId, 9, value),
        // The conventions' own attribute names the framework instead.
        "ls_provider" => {
            draft.overrule(Text::Provider, value.text().unwrap_or_default());
            Role::Text(Text::Provider)
        }
        "ls_model_name" => draft.text(Text::Model, 0, value),
        "usage_metadata" => usage(value, draft),
        // Settings of the SDK itself.
        _ if key.starts_with("LANGSMITH_") => Role::Kept,
        _ if langchain::is_of_one_step(key) => Role::Kept,
        _ => {
            let json = as_json(value);
            draft
                .sayings
                .attribute(key.into(), metadata::LANGSMITH, json);
            Role::Filterable
        }
    }
}

/// Counts with their details, of which the conventions' own attributes have only the sums.
fn usage<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    each_entry(value, |key, json| match key {
        "input_tokens" => draft.count(Tokens::Input, 0, scalar(json).integer()),
        "output_tokens" => draft.count(Tokens::Output, 0, scalar(json).integer()),
        "total_tokens" => draft.count(Tokens::Total, 0, scalar(json).integer()),
        "input_token_details" | "output_token_details" => {
            each_json_entry(json, |key, json| {
                let field = match key {
                    "cache_read" => Tokens::Cached,
                    "cache_creation" => Tokens::CacheWrite,
                    "reasoning" => Tokens::Reasoning,
                    _ => return,
                };
                draft.count(field, 0, scalar(json).integer());
            });
        }
        _ => {}
    });
    Role::Kept
}
