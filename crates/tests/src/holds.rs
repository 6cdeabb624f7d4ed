//! Whether a document holds what is expected of it, and possibly more.

use serde_json::Value;

/// Whether a document has all that is expected: of an object each field, of a list each place, of
/// a number its value, however it is written.
pub fn holds(document: &Value, expected: &Value) -> bool {
    match (document, expected) {
        (Value::Object(document), Value::Object(expected)) => {
            expected.iter().all(|(key, value)| {
                let found = document.get(key).unwrap_or(&Value::Null);
                holds(found, value)
            })
        }
        (Value::Array(document), Value::Array(expected)) => {
            document.len() == expected.len()
                && document.iter().zip(expected).all(|(a, b)| holds(a, b))
        }
        (Value::Number(document), Value::Number(expected)) => {
            document.as_f64() == expected.as_f64()
        }
        _ => document == expected,
    }
}

/// Whether the document or something inside it holds what is expected.
pub fn holds_somewhere(document: &Value, expected: &Value) -> bool {
    holds(document, expected)
        || match document {
            Value::Object(fields) => fields.values().any(|of| holds_somewhere(of, expected)),
            Value::Array(list) => list.iter().any(|of| holds_somewhere(of, expected)),
            _ => false,
        }
}
