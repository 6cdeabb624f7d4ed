//! The values of a document, wherever they stand: what was sent must be found in what is read.

use serde_json::Value;

/// All scalars but null as text; documents inside of texts are looked into, since a sender may
/// have put one into another.
pub fn leaves(json: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(json, &mut found);
    found
}

fn collect(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::Null => {}
        Value::Array(list) => list.iter().for_each(|json| collect(json, found)),
        Value::Object(map) => map.values().for_each(|json| collect(json, found)),
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner) if inner.is_array() || inner.is_object() => collect(&inner, found),
            _ => found.push(text.clone()),
        },
        scalar => found.push(scalar.to_string()),
    }
}
