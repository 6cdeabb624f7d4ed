//! What the command says to people: sentences, tables, and the lines of its children.

use std::io::{self, Write};
use std::sync::OnceLock;

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

use crate::terminal::{Column, Paint, Table};

/// Columns that the longest name of a child takes, so that their lines stand below each other.
const NAME_WIDTH: usize = 12;

/// Lines that wait for whoever reads them; further ones are dropped.
const LINES_WAITING_MAX: usize = 10_000;

static BACKGROUND: OnceLock<NonBlocking> = OnceLock::new();

/// From now on a thread of its own says all lines, so that a terminal that was stopped holds nothing
/// up. What is left is said when the answer is dropped.
#[must_use = "nothing is said any more once it is dropped"]
pub(crate) fn say_in_background() -> WorkerGuard {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES_WAITING_MAX)
        .lossy(true)
        .finish(io::stdout());
    // A command does this once; the first thread is as good as another.
    BACKGROUND.set(writer).ok();
    guard
}

/// Says one line to whoever started the command.
///
/// A closed terminal or pipe is no reason to stop what runs, so a failure to write is let be.
pub fn say(line: &str) {
    let said = match BACKGROUND.get() {
        Some(writer) => writer.clone().write_all(format!("{line}\n").as_bytes()),
        None => {
            let mut out = io::stdout().lock();
            writeln!(out, "{line}").and_then(|()| out.flush())
        }
    };
    said.ok();
}

/// Says on the error output why the command failed.
pub fn complain(line: &str) {
    writeln!(io::stderr().lock(), "{line}").ok();
}

/// Passes on one line of a child, with its name before it.
pub fn pass_on(name: &str, line: &str) {
    say(&format!("{name:NAME_WIDTH$} | {line}"));
}

/// Text below headings, each column as wide as its widest cell. Names come from users and must not
/// steer a terminal: their control characters are escaped.
pub fn table(headings: &[&'static str], rows: &[Vec<String>]) -> String {
    let columns: Vec<Column> = headings.iter().copied().map(Column::text).collect();
    let mut table = Table::new(&columns);
    for row in rows {
        table.row(row.iter().map(|cell| (cell.clone(), None)).collect());
    }
    table.text(Paint::Off)
}
