//! The OpenAI Agents SDK, whose errors say what went wrong only in a Python value that every
//! instrumentation puts into the status' message.

use super::{Dialect, NOTHING};
use crate::normal::{Draft, Text};

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    status: Some(status),
    ..NOTHING
};

/// Beginnings of such messages: of one instrumentation and another.
const STARTS: [&str; 3] = [
    "Error running tool",
    "Error in agent run",
    "{'message': 'Error ",
];
/// What stands before the error itself.
const ERROR: &str = "'error': ";

fn status<'s>(message: &'s str, draft: &mut Draft<'s>) {
    if STARTS.iter().any(|start| message.starts_with(start))
        && let Some((_, rest)) = message.split_once(ERROR)
    {
        draft.overrule(Text::ErrorMessage, text(rest).into());
    }
}

/// The text that a Python string at the beginning says; escapes in it stay.
fn text(python: &str) -> &str {
    let Some(quote @ ('\'' | '"')) = python.chars().next() else {
        return python.trim_end_matches('}');
    };
    let body = python.strip_prefix(quote).unwrap_or_default();
    let mut is_escaped = false;
    let end = body.find(|letter| {
        let ends = letter == quote && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        ends
    });
    body.split_at(end.unwrap_or(body.len())).0
}
