//! smolagents, which speaks OpenInference: only how it names its agents is its own.

use super::{Dialect, NOTHING};
use crate::normal::{Draft, Role, Text};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["smolagents"],
    attribute: Some(attribute),
    ..NOTHING
};

/// What the span of an agent's run is called after its name or class.
const RUN: &str = ".run";

/// Every span of an agent's run has settings of the agent.
fn attribute<'s>(key: &'s str, _: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    if let Some(agent) = draft.span_name.strip_suffix(RUN) {
        draft.set_text(Text::Agent, 0, agent.into());
    }
    match key {
        "smolagents.max_steps" => Role::Filterable,
        _ => Role::Kept,
    }
}
