//! Rows as JSON, one object a line.

use runwatch_store::export::Value;
use serde::Serialize;

use crate::routes::export::columns::Output;

/// Writes rows as JSON.
pub(super) struct Jsonl {
    /// What stands before each value: a comma or brace, and its name.
    heads: Vec<Vec<u8>>,
}

impl Jsonl {
    pub(super) fn new(columns: &[Output]) -> Self {
        let head = |(at, column): (usize, &Output)| {
            let mut head = vec![if at == 0 { b'{' } else { b',' }];
            json(&mut head, column.name);
            head.push(b':');
            head
        };
        Self {
            heads: columns.iter().enumerate().map(head).collect(),
        }
    }

    pub(super) fn row(&self, values: &[Value<'_>], into: &mut Vec<u8>) {
        for (head, value) in self.heads.iter().zip(values) {
            into.extend_from_slice(head);
            write(value, into);
        }
        into.extend_from_slice(b"}\n");
    }
}

fn write(value: &Value<'_>, into: &mut Vec<u8>) {
    match value {
        Value::Null => into.extend_from_slice(b"null"),
        Value::Bool(value) => json(into, value),
        Value::Integer(number) => json(into, number),
        Value::Number(number) => json(into, number),
        Value::Text(text) => json(into, text),
        Value::Texts(texts) => json(into, texts),
        // It was read as JSON before: line breaks stand between its tokens only.
        Value::Json(text) => {
            let plain = |byte: u8| {
                if matches!(byte, b'\n' | b'\r') {
                    b' '
                } else {
                    byte
                }
            };
            into.extend(text.bytes().map(plain));
        }
        Value::Time(at) => {
            into.push(b'"');
            at.write_rfc3339(into);
            into.push(b'"');
        }
        Value::Uuid(id) => {
            into.push(b'"');
            into.extend_from_slice(id.hyphenated().encode_lower(&mut [0; 36]).as_bytes());
            into.push(b'"');
        }
        Value::StepId(id) => {
            into.push(b'"');
            into.extend_from_slice(id.encode(&mut [0; 36]).as_bytes());
            into.push(b'"');
        }
    }
}

/// Adds a plain value as JSON.
pub(super) fn json(into: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(into, value).expect("memory takes all, and plain values always encode");
}
