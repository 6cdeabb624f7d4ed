//! What the command says to people: sentences, tables, and the lines of its children.

#[cfg(test)]
mod tests;

use std::io::{self, Write};

/// Columns that the longest name of a child takes, so that their lines stand below each other.
const NAME_WIDTH: usize = 12;

/// Says one line to whoever started the command.
///
/// A closed terminal or pipe is no reason to stop what runs, so a failure to write is let be.
pub fn say(line: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).ok();
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
