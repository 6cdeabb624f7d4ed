//! OpenLIT: what it says besides the conventions.

use runwatch_core::claims::Field;

use super::{Dialect, NOTHING};
use crate::normal::{Draft, Role, Tokens};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["gen_ai"],
    attribute: Some(attribute),
    ..NOTHING
};

/// Microseconds of a second.
const SECOND_US: f64 = 1e6;

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "gen_ai.usage.cost" => draft.cost(0, value),
        "gen_ai.usage.completion_tokens_details.reasoning" => {
            draft.tokens(Tokens::Reasoning, 0, value)
        }
        "gen_ai.environment" => draft.sayings.field(Field::Environment, 4, value),
        "gen_ai.server.ttft" | "gen_ai.server.time_to_first_token" => {
            draft.first_token(0, value, SECOND_US)
        }
        _ => Role::Unknown,
    }
}
