//! CrewAI: what its instrumentation says besides the conventions.

use super::{Dialect, NOTHING};
use crate::normal::{Body, Draft, Role, Text};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["crewai"],
    attribute: Some(attribute),
    ..NOTHING
};

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "crewai.crew.name" => draft.text(Text::Agent, 0, value),
        "crewai.agent.role" => draft.text(Text::Agent, 1, value),
        "crewai.crew.result" => draft.body(Body::Output, 0, value),
        "crewai.task.description" => draft.body(Body::Input, 0, value),
        // How crews, agents and tasks are made, and sums over the run as Python writes them.
        _ if key.starts_with("crewai.") => Role::Kept,
        _ => Role::Unknown,
    }
}
