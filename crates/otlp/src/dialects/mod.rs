//! Dialects: the attribute names of instrumentation libraries, each in a file of its own.
//!
//! A dialect is three functions: what an attribute of a span says, what an event says, and what an
//! attribute of the resource says. Each offers what it understands to the draft with its own
//! ranks; the attribute's place in the result follows from the role that the dialect gives it.
//! Names of attributes and products appear in the dialects' files and nowhere else.

mod openinference;
mod otel;
mod otel_genai;

use crate::normal::{Draft, Role, Sayings};
use crate::span::Event;
use crate::value::Value;

/// What a dialect understands.
struct Dialect {
    /// Reads an attribute of a span.
    attribute: for<'s> fn(&'s str, &'s Value<'s>, &mut Draft<'s>) -> Role,
    /// Reads an event of a span.
    event: for<'s> fn(&'s Event<'s>, &mut Draft<'s>),
    /// Reads an attribute of a resource.
    resource: for<'s> fn(&'s str, &'s Value<'s>, &mut Sayings<'s>),
}

/// A dialect that understands nothing, for those that need not read all three.
const NOTHING: Dialect = Dialect {
    attribute: |_, _, _| Role::Unknown,
    event: |_, _| {},
    resource: |_, _, _| {},
};

/// All of them; a name that two dialects share belongs to the first of them.
const DIALECTS: [Dialect; 3] = [otel_genai::DIALECT, openinference::DIALECT, otel::DIALECT];

/// Reads an attribute of a span.
pub(crate) fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let mut roles = DIALECTS
        .iter()
        .map(|dialect| (dialect.attribute)(key, value, draft));
    roles
        .find(|role| *role != Role::Unknown)
        .unwrap_or(Role::Unknown)
}

/// Reads an event of a span.
pub(crate) fn event<'s>(event: &'s Event<'s>, draft: &mut Draft<'s>) {
    for dialect in &DIALECTS {
        (dialect.event)(event, draft);
    }
}

/// Reads an attribute of a resource.
pub(crate) fn resource<'s>(key: &'s str, value: &'s Value<'s>, sayings: &mut Sayings<'s>) {
    for dialect in &DIALECTS {
        (dialect.resource)(key, value, sayings);
    }
}

/// Rank of a kind: the row of the table of kinds, and the place within the row. Rows are shared
/// by all dialects, since the table is one list: explicit kinds of products first (rows 1 to 4),
/// operation names (5), further products (6 to 9), protocols (10, 11), guesses (12), and plain
/// databases and HTTP (13).
const fn kind_rank(row: u8, place: u8) -> u8 {
    row * 8 + place
}
