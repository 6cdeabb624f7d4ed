//! Genkit.

use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank, named_kind};
use crate::content::{each_entry, each_json_entry, scalar};
use crate::normal::{Body, Draft, Role, Text, Tokens};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["genkit"],
    attribute: Some(attribute),
    ..NOTHING
};

/// What an action calls its type.
const SUBTYPES: [(&str, StepKind); 9] = [
    ("model", StepKind::Llm),
    ("embedder", StepKind::Embedding),
    ("tool", StepKind::Tool),
    ("retriever", StepKind::Retrieval),
    ("reranker", StepKind::Reranker),
    ("evaluator", StepKind::Evaluator),
    ("flow", StepKind::Chain),
    ("prompt", StepKind::Chain),
    ("agent", StepKind::Agent),
];

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "genkit:metadata:subtype" => {
            let kind = named_kind(&SUBTYPES, value).map(|kind| match kind {
                // The flow that nothing calls is what people call their agent.
                StepKind::Chain if draft.is_root => StepKind::Agent,
                kind => kind,
            });
            if let Some(kind) = kind {
                draft.kind(kind_rank(9, 2), kind);
            }
            Role::Kept
        }
        "genkit:name" => name(value, draft),
        "genkit:type" => {
            if value.as_str() == Some("util") {
                draft.kind(kind_rank(9, 3), StepKind::Chain);
            }
            Role::Filterable
        }
        "genkit:input" => draft.json_body(Body::Input, 0, value),
        "genkit:output" => {
            if subtype(draft) == Some("model") {
                usage(value, draft);
            }
            draft.json_body(Body::Output, 0, value)
        }
        "genkit:state" => {
            draft.failed |= value.as_str() == Some("error");
            Role::Filterable
        }
        "genkit:path" | "genkit:key" => Role::Kept,
        _ => Role::Unknown,
    }
}

fn subtype<'s>(draft: &Draft<'s>) -> Option<&'s str> {
    draft.attribute("genkit:metadata:subtype")?.as_str()
}

/// Models are named by their provider, a slash and their own name.
fn name<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let name = value.as_str().unwrap_or_default();
    match (subtype(draft), name.split_once('/')) {
        (Some("model" | "embedder"), Some((provider, model))) => {
            draft.set_text(Text::Provider, 0, provider.into());
            draft.set_text(Text::Model, 0, model.into());
            draft.text(Text::Name, 0, value)
        }
        (Some("tool"), _) => draft.text(Text::Tool, 0, value),
        (Some("agent"), _) => draft.text(Text::Agent, 0, value),
        _ => draft.text(Text::Name, 0, value),
    }
}

/// The tokens are in the model's answer.
fn usage<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) {
    each_entry(value, |key, json| {
        if key != "usage" {
            return;
        }
        each_json_entry(json, |key, json| {
            let field = match key {
                "inputTokens" => Tokens::Input,
                "outputTokens" => Tokens::Output,
                "totalTokens" => Tokens::Total,
                "cachedContentTokens" => Tokens::Cached,
                "thoughtsTokens" => Tokens::Reasoning,
                _ => return,
            };
            draft.count(field, 0, scalar(json).integer());
        });
    });
}
