//! Strands Agents: what it says besides the conventions.

use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING};
use crate::normal::{Draft, Role};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["gen_ai"],
    attribute: Some(attribute),
    operations: &[
        ("execute_event_loop_cycle", StepKind::Chain),
        ("invoke_swarm", StepKind::Chain),
        ("invoke_graph", StepKind::Chain),
    ],
    ..NOTHING
};

/// Microseconds of a millisecond.
const MILLISECOND_US: f64 = 1e3;

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        // The model is told of a tool's error and goes on; the span itself may be content.
        "gen_ai.tool.status" => {
            draft.failed |= value.as_str() == Some("error");
            Role::Filterable
        }
        // The times of the span once more.
        "gen_ai.event.start_time" | "gen_ai.event.end_time" | "gen_ai.agent.tools" => Role::Kept,
        "gen_ai.server.time_to_first_token" if draft.scope_name.starts_with("strands") => {
            draft.first_token(0, value, MILLISECOND_US)
        }
        _ => Role::Unknown,
    }
}
