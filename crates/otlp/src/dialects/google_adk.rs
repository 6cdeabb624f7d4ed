//! Google's Agent Development Kit: what it says besides the conventions.

use runwatch_core::claims::Field;

use super::{Dialect, NOTHING};
use crate::normal::{Body, Draft, Role};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["gcp"],
    attribute: Some(attribute),
    ..NOTHING
};

/// What stands for content that is not to be told.
const WITHHELD: [&str; 2] = ["{}", "N/A"];

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let Some(key) = key.strip_prefix("gcp.vertex.agent.") else {
        return Role::Unknown;
    };
    match key {
        "session_id" => draft.sayings.field(Field::SessionId, 11, value),
        "tool_call_args" => draft.body(Body::Input, 0, value),
        "tool_response" => draft.body(Body::Output, 0, value),
        _ if value.as_str().is_some_and(|text| WITHHELD.contains(&text)) => Role::Kept,
        "llm_request" | "data" => draft.body(Body::Input, 1, value),
        "llm_response" => draft.body(Body::Output, 1, value),
        "event_id" => Role::Kept,
        _ => Role::Unknown,
    }
}
