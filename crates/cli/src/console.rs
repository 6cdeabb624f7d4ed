//! What the command says to people: sentences, tables, and the lines of its children.

#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::sync::OnceLock;

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

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

/// Rows below their headings, each column as wide as its widest cell.
///
/// Control characters are escaped: names come from users and must not steer a terminal.
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let headings = headings
        .iter()
        .map(|heading| (*heading).to_owned())
        .collect();
    let lines: Vec<Vec<String>> = std::iter::once(&headings)
        .chain(rows)
        .map(|row: &Vec<String>| row.iter().map(|cell| printable(cell)).collect())
        .collect();
    let width = |column: usize| {
        lines
            .iter()
            .filter_map(|line| line.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..headings.len()).filter_map(width).collect();
    let lines = lines.iter().map(|line| {
        let cells = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn printable(cell: &str) -> String {
    cell.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = (!c.is_control()).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}
