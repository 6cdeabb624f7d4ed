//! Dialects: the attribute names of instrumentation libraries, each in a file of its own.
//!
//! A dialect says what an attribute of a span, an event, an attribute of the resource and a status
//! mean. Each offers what it understands to the draft; the attribute's place in the result follows
//! from the role that the dialect gives it. Names of attributes and products appear in the
//! dialects' files and nowhere else.
//!
//! Nobody asks all dialects about every attribute: each declares the first segments of the names
//! that it reads, and a table finds the few that read a segment ([`table`]).

mod agentops;
mod claude_code;
mod crewai;
mod gemini_cli;
mod genkit;
mod google_adk;
mod laminar;
mod langchain;
mod langfuse;
mod langsmith;
mod livekit;
mod llama_index;
mod logfire;
mod mcp;
mod mlflow;
mod openai_agents;
mod openinference;
mod openlit;
mod otel;
mod otel_genai;
mod pydantic_ai;
mod smolagents;
mod strands;
mod table;
mod traceloop;
mod vercel_ai;
mod voltagent;

use runwatch_core::step::StepKind;

pub(crate) use self::table::Readers;
use crate::normal::{Draft, Role, Sayings};
use crate::span::{Event, Span};
use crate::value::Value;

/// Reads an attribute of a span.
type ReadAttribute = for<'s> fn(&'s str, &'s Value<'s>, &mut Draft<'s>) -> Role;
/// Reads an event of a span.
type ReadEvent = for<'s> fn(&'s Event<'s>, &mut Draft<'s>);
/// Reads an attribute of a resource.
type ReadResource = for<'s> fn(&'s str, &'s Value<'s>, &mut Sayings<'s>);
/// Reads a status' message, which is not empty.
type ReadStatus = for<'s> fn(&'s str, &mut Draft<'s>);

/// What a dialect understands.
struct Dialect {
    /// First segments of the attributes that `attribute` reads, up to a `.` or `:`; of names
    /// without one, the whole name.
    segments: &'static [&'static str],
    attribute: Option<ReadAttribute>,
    event: Option<ReadEvent>,
    resource: Option<ReadResource>,
    status: Option<ReadStatus>,
    /// Names of operations that it added to those of the conventions, as whole spans.
    operations: &'static [(&'static str, StepKind)],
}

/// A dialect that understands nothing, for those that need not read all.
const NOTHING: Dialect = Dialect {
    segments: &[],
    attribute: None,
    event: None,
    resource: None,
    status: None,
    operations: &[],
};

/// All of them. The order is that of the columns of the table of sources (otel.md §3.2): of two
/// dialects that fill the same field the first one stays, and a name that two dialects share
/// belongs to the first of them.
static DIALECTS: [Dialect; 26] = [
    otel::DIALECT,
    otel_genai::DIALECT,
    openinference::DIALECT,
    traceloop::DIALECT,
    langfuse::DIALECT,
    vercel_ai::DIALECT,
    pydantic_ai::DIALECT,
    logfire::DIALECT,
    mlflow::DIALECT,
    langsmith::DIALECT,
    strands::DIALECT,
    google_adk::DIALECT,
    claude_code::DIALECT,
    gemini_cli::DIALECT,
    voltagent::DIALECT,
    agentops::DIALECT,
    laminar::DIALECT,
    genkit::DIALECT,
    mcp::DIALECT,
    livekit::DIALECT,
    openlit::DIALECT,
    smolagents::DIALECT,
    crewai::DIALECT,
    openai_agents::DIALECT,
    llama_index::DIALECT,
    langchain::DIALECT,
];

/// Columns of all dialects, beside them.
fn columns() -> impl Iterator<Item = (u16, &'static Dialect)> {
    (0..).zip(&DIALECTS)
}

/// Makes a span that stands for another one into that one.
pub(crate) fn rewrite(span: &mut Span<'_>) {
    logfire::rewrite(span);
}

/// Reads a status' message, which is not empty.
pub(crate) fn status<'s>(message: &'s str, draft: &mut Draft<'s>) {
    for (column, dialect) in columns() {
        if let Some(read) = dialect.status {
            draft.column = column;
            read(message, draft);
        }
    }
}

/// Reads an attribute of a span.
pub(crate) fn attribute<'s>(
    readers: &mut Readers<'s>,
    key: &'s str,
    value: &'s Value<'s>,
    draft: &mut Draft<'s>,
) -> Role {
    for (column, read) in readers.of(key) {
        draft.column = *column;
        let role = read(key, value, draft);
        if role != Role::Unknown {
            return role;
        }
    }
    Role::Unknown
}

/// Reads an event of a span.
pub(crate) fn event<'s>(event: &'s Event<'s>, draft: &mut Draft<'s>) {
    for (column, dialect) in columns() {
        if let Some(read) = dialect.event {
            draft.column = column;
            read(event, draft);
        }
    }
}

/// Reads an attribute of a resource.
pub(crate) fn resource<'s>(key: &'s str, value: &'s Value<'s>, sayings: &mut Sayings<'s>) {
    for dialect in &DIALECTS {
        if let Some(read) = dialect.resource {
            read(key, value, sayings);
        }
    }
}

/// Kind of a step by the name of an operation that a dialect added to the conventions' own.
fn added_operation(name: &str) -> Option<StepKind> {
    let mut operations = DIALECTS.iter().flat_map(|dialect| dialect.operations);
    let (_, kind) = operations.find(|(added, _)| *added == name)?;
    Some(*kind)
}

/// Rank of a kind: the row of the table of kinds, and the place within the row. Rows are shared
/// by all dialects, since the table is one list: explicit kinds of products first (rows 1 to 4),
/// operation names (5), further products (6 to 9), protocols (10, 11), guesses (12), and plain
/// databases and HTTP (13).
const fn kind_rank(row: u16, place: u16) -> u16 {
    row * 8 + place
}

/// The kind that a list of names gives a text, in any case of its letters.
fn named_kind(names: &[(&str, StepKind)], value: &Value<'_>) -> Option<StepKind> {
    let name = value.as_str()?;
    let known = names
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))?;
    Some(known.1)
}

/// Ranks of the sources of a run's metadata (otel.md §3.3), in their order.
mod metadata {
    pub(super) const LANGFUSE_TRACE: u8 = 1;
    pub(super) const LANGFUSE_OBSERVATION: u8 = 2;
    pub(super) const OPENINFERENCE: u8 = 3;
    pub(super) const TRACELOOP: u8 = 4;
    pub(super) const LANGSMITH: u8 = 5;
    pub(super) const VERCEL_AI: u8 = 6;
    pub(super) const LAMINAR: u8 = 7;
    pub(super) const PYDANTIC_AI: u8 = 8;
}
