//! Tables: each column as wide as its widest cell.

#[cfg(test)]
mod tests;

use super::paint::{Colour, Paint};
use super::text::{printable, shown_width};

/// Blanks between two columns.
const GAP: &str = "  ";

/// On which side the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// As text does.
    Left,
    /// As numbers do.
    Right,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    heading: &'static str,
    align: Align,
}

impl Column {
    /// A column of text.
    pub(crate) const fn text(heading: &'static str) -> Self {
        let align = Align::Left;
        Self { heading, align }
    }

    /// A column of numbers.
    pub(crate) const fn number(heading: &'static str) -> Self {
        let align = Align::Right;
        Self { heading, align }
    }
}

/// Cells below headings. They may come from users: what would steer a terminal is escaped.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    columns: &'a [Column],
    rows: Vec<Vec<(String, Option<Colour>)>>,
}

impl<'a> Table<'a> {
    /// A table without rows.
    pub(crate) fn new(columns: &'a [Column]) -> Self {
        let rows = Vec::new();
        Self { columns, rows }
    }

    /// Adds a row, with the colours of its cells.
    pub(crate) fn row(&mut self, cells: Vec<(String, Option<Colour>)>) {
        let printable = |(text, colour): (String, _)| (printable(&text), colour);
        self.rows.push(cells.into_iter().map(printable).collect());
    }

    /// The whole of it, without an end of line after the last row.
    pub(crate) fn text(&self, paint: Paint) -> String {
        let widths: Vec<usize> = (0..self.columns.len()).map(|at| self.width(at)).collect();
        let headings = self.columns.iter();
        let headings = headings.map(|column| (column.heading.to_owned(), Some(Colour::Grey)));
        let headings: Vec<_> = headings.collect();
        let lines = std::iter::once(&headings).chain(&self.rows);
        let lines = lines.map(|row| self.line(row, &widths, paint));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn width(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at));
        let widest = cells.map(|(text, _)| shown_width(text)).max();
        widest
            .unwrap_or(0)
            .max(shown_width(self.columns[at].heading))
    }

    fn line(&self, row: &[(String, Option<Colour>)], widths: &[usize], paint: Paint) -> String {
        let last = self.columns.len().saturating_sub(1);
        let cells = row.iter().zip(widths).zip(self.columns).enumerate();
        let cells = cells.map(|(at, (((text, colour), width), column))| {
            let blanks = " ".repeat(width.saturating_sub(shown_width(text)));
            let text = match colour {
                Some(colour) if !text.is_empty() => paint.paint(*colour, text),
                _ => text.clone(),
            };
            match column.align {
                Align::Right => format!("{blanks}{text}"),
                // Nothing follows that it would have to keep its distance from.
                Align::Left if at == last => text,
                Align::Left => format!("{text}{blanks}"),
            }
        });
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    }
}
