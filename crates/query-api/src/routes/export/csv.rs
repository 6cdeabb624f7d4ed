//! Rows as CSV (RFC 4180), safe to be opened by a spreadsheet.

#[cfg(test)]
mod tests;

use runwatch_store::export::Value;

use crate::routes::export::columns::Output;
use crate::routes::export::jsonl::json;

/// What a cell may not begin with, or a spreadsheet takes it for a formula (OWASP, CSV Injection; the
/// wide forms are taken for the narrow ones where people type them).
const FORMULA: [char; 13] = [
    '=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠', '|',
];

/// Writes rows as CSV.
pub(super) struct Csv {
    /// Room for a cell that is written in two steps.
    cell: Vec<u8>,
}

impl Csv {
    /// Begins with the heading.
    pub(super) fn new(columns: &[Output], into: &mut Vec<u8>) -> Self {
        let mut csv = Self { cell: Vec::new() };
        let names: Vec<Value<'_>> = columns
            .iter()
            .map(|column| Value::Text(column.name))
            .collect();
        csv.row(&names, into);
        csv
    }

    pub(super) fn row(&mut self, values: &[Value<'_>], into: &mut Vec<u8>) {
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                into.push(b',');
            }
            self.write(value, into);
        }
        into.extend_from_slice(b"\r\n");
    }

    fn write(&mut self, value: &Value<'_>, into: &mut Vec<u8>) {
        match value {
            Value::Null => {}
            Value::Bool(value) => json(into, value),
            Value::Integer(number) => json(into, number),
            Value::Number(number) => json(into, number),
            Value::Time(at) => at.write_rfc3339(into),
            Value::Uuid(id) => {
                into.extend_from_slice(id.hyphenated().encode_lower(&mut [0; 36]).as_bytes());
            }
            Value::StepId(id) => into.extend_from_slice(id.encode(&mut [0; 36]).as_bytes()),
            Value::Text(text) | Value::Json(text) => cell(text, into),
            Value::Texts(texts) => {
                self.cell.clear();
                json(&mut self.cell, texts);
                cell(&String::from_utf8_lossy(&self.cell), into);
            }
        }
    }
}

/// Writes a text, in quotes if it needs them.
fn cell(text: &str, into: &mut Vec<u8>) {
    let guard: &[u8] = if text.starts_with(FORMULA) { b"'" } else { b"" };
    if !text
        .bytes()
        .any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n'))
    {
        into.extend_from_slice(guard);
        into.extend_from_slice(text.as_bytes());
        return;
    }
    into.push(b'"');
    into.extend_from_slice(guard);
    for (at, piece) in text.split('"').enumerate() {
        if at > 0 {
            into.extend_from_slice(b"\"\"");
        }
        into.extend_from_slice(piece.as_bytes());
    }
    into.push(b'"');
}
