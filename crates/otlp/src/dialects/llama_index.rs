//! LlamaIndex: when the first token came, and the session of a workflow.

use runwatch_core::claims::Field;

use super::{Dialect, NOTHING};
use crate::normal::{Draft, Role};
use crate::span::Event;
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["workflow"],
    attribute: Some(attribute),
    event: Some(event),
    ..NOTHING
};

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "workflow.session_id" => draft.sayings.field(Field::SessionId, 13, value),
        _ => Role::Unknown,
    }
}

fn event<'s>(event: &'s Event<'s>, draft: &mut Draft<'s>) {
    if event.name == "First Token Stream Event" {
        draft.first_token_at(0, event.time_unix_nano);
    }
}
