//! Pydantic AI: what it says besides the conventions, in its older and newer formats.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Dialect, NOTHING, metadata};
use crate::content::each_entry;
use crate::normal::{Body, Draft, Role, Text, Tokens};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &[
        "gen_ai",
        "pydantic_ai",
        "operation",
        "agent_name",
        "model_name",
        "final_result",
        "tool_arguments",
        "tool_response",
        "all_messages_events",
        "events",
        "model_request_parameters",
        "metadata",
    ],
    attribute: Some(attribute),
    ..NOTHING
};

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key.split_once('.') {
        Some(("gen_ai", key)) => gen_ai(key, value, draft),
        Some(("pydantic_ai", "all_messages")) => draft.body(Body::Input, 0, value),
        Some(("pydantic_ai", _)) => Role::Unknown,
        Some(("operation", "cost")) => draft.cost(0, value),
        None if draft.scope_name.starts_with("pydantic-ai") => bare(key, value, draft),
        _ => Role::Unknown,
    }
}

fn gen_ai(key: &str, value: &Value<'_>, draft: &mut Draft<'_>) -> Role {
    match key {
        "usage.details.cache_read_tokens" => draft.tokens(Tokens::Cached, 0, value),
        "usage.details.cache_write_tokens" => draft.tokens(Tokens::CacheWrite, 0, value),
        "usage.details.reasoning_tokens" => draft.tokens(Tokens::Reasoning, 0, value),
        // Sums over the run, for when the calls themselves are not known.
        "aggregated_usage.input_tokens" => draft.tokens_stand_in(Tokens::Input, value),
        "aggregated_usage.output_tokens" => draft.tokens_stand_in(Tokens::Output, value),
        "aggregated_usage.cache_read.input_tokens"
        | "aggregated_usage.details.cache_read_tokens" => {
            draft.tokens_stand_in(Tokens::Cached, value)
        }
        "aggregated_usage.cache_creation.input_tokens"
        | "aggregated_usage.cache_write.input_tokens"
        | "aggregated_usage.details.cache_write_tokens" => {
            draft.tokens_stand_in(Tokens::CacheWrite, value)
        }
        "aggregated_usage.details.reasoning_tokens" => {
            draft.tokens_stand_in(Tokens::Reasoning, value)
        }
        _ => Role::Unknown,
    }
}

/// Names that mean something only in its own spans.
fn bare<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "agent_name" => draft.text(Text::Agent, 0, value),
        // Of the agent's model: the steps name those that answered.
        "model_name" => Role::Filterable,
        "final_result" => draft.body(Body::Output, 0, value),
        "tool_arguments" => draft.body(Body::Input, 1, value),
        "tool_response" => draft.body(Body::Output, 1, value),
        "all_messages_events" | "events" => {
            message_events(value, draft);
            Role::Kept
        }
        "metadata" => {
            each_entry(value, |key, json| {
                let key = key.to_owned().into();
                draft
                    .sayings
                    .attribute(key, metadata::PYDANTIC_AI, json.to_owned());
            });
            Role::Kept
        }
        "model_request_parameters" => Role::Kept,
        _ => Role::Unknown,
    }
}

/// An event as an entry of a list.
#[derive(Deserialize)]
struct MessageEvent<'a> {
    #[serde(borrow, default, rename = "event.name")]
    name: Option<Cow<'a, str>>,
}

/// Events of messages that an attribute holds as a JSON array: the model's choices are the output.
pub(super) fn message_events<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) {
    let Some(Ok(events)) = value.as_str().map(serde_json::from_str::<Vec<&RawValue>>) else {
        return;
    };
    for event in events.into_iter().rev() {
        let name = serde_json::from_str::<MessageEvent<'_>>(event.get());
        let is_choice = name.is_ok_and(|event| event.name.as_deref() == Some("gen_ai.choice"));
        let body = if is_choice { Body::Output } else { Body::Input };
        draft.messages(body, 2, event.get().to_owned());
    }
}
