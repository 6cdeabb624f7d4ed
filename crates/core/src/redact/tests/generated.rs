//! Rules that hold whatever is redacted.

use proptest::prelude::*;
use serde_json::Value;

use super::generators::{Canary, canary, card, iban};
use super::*;

/// Texts around a canary that are no part of it.
fn surroundings() -> impl Strategy<Value = String> {
    "(\\PC{0,40}|[a-zA-Z ,.]{0,200}|([a-z0-9]{1,12}[ ,:=\"]){0,20})"
}

/// A text with a canary in the middle.
fn text() -> impl Strategy<Value = (String, Canary)> {
    let border = || prop::sample::select(&[" ", "\n", "\"", "[", "\\n", "：", "\\u4e2d", "\t"][..]);
    (surroundings(), border(), canary(), border(), surroundings()).prop_map(
        |(before, left, canary, right, after)| {
            let is_number = |text: &str| text.contains(|char: char| char.is_ascii_digit());
            let before = if is_number(&before) {
                format!("{before} x")
            } else {
                before
            };
            (
                format!("{before}{left}{}{right}x {after}", canary.0),
                canary,
            )
        },
    )
}

/// A document whose strings and keys hold such texts.
fn document() -> impl Strategy<Value = (Value, Vec<String>)> {
    let leaf = prop_oneof![
        text().prop_map(|(text, (canary, _))| (Value::from(text), vec![canary])),
        surroundings().prop_map(|text| (Value::from(text), Vec::new())),
        any::<f64>().prop_map(|number| (Value::from(number), Vec::new())),
        any::<u64>().prop_map(|number| (Value::from(number), Vec::new())),
        Just((Value::Null, Vec::new())),
    ];
    leaf.prop_recursive(4, 12, 4, |inner| {
        let many = || proptest::collection::vec((surroundings(), inner.clone()), 0..4);
        prop_oneof![
            many().prop_map(|entries| {
                let canaries = entries
                    .iter()
                    .flat_map(|(_, (_, found))| found.clone())
                    .collect();
                let values = entries.into_iter().map(|(_, (value, _))| value).collect();
                (Value::Array(values), canaries)
            }),
            many().prop_map(|entries| {
                let canaries = entries
                    .iter()
                    .flat_map(|(_, (_, found))| found.clone())
                    .collect();
                let values = entries.into_iter().enumerate();
                let values = values.map(|(at, (key, (value, _)))| (format!("{at}{key}"), value));
                (Value::Object(values.collect()), canaries)
            }),
            inner.prop_map(|(value, found)| (Value::from(value.to_string()), found)),
        ]
    })
}

/// All strings of a document, and of the documents in them.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            found.push(text.clone());
            if let Ok(inner @ (Value::Array(_) | Value::Object(_))) = serde_json::from_str(text) {
                strings(&inner, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        Value::Object(entries) => entries.iter().for_each(|(key, value)| {
            found.push(key.clone());
            strings(value, found);
        }),
        other => found.push(other.to_string()),
    }
}

/// JSON with as many escapes as possible.
fn escaped(json: &str) -> String {
    let chars = json.chars().flat_map(|char| match char {
        '\u{80}'.. => {
            let mut units = [0; 2];
            let units = char.encode_utf16(&mut units).iter();
            units
                .map(|unit| format!("\\u{unit:04x}"))
                .collect::<Vec<_>>()
        }
        '@' | '/' => vec![format!("\\u{:04x}", u32::from(char))],
        char => vec![char.to_string()],
    });
    chars.collect()
}

/// Whether a document that is held by a string still is one.
fn holds_document(text: &str) -> bool {
    matches!(
        serde_json::from_str(text),
        Ok(Value::Array(_) | Value::Object(_))
    )
}

fn nested(value: &Value) -> usize {
    let mut found = Vec::new();
    strings(value, &mut found);
    found.iter().filter(|text| holds_document(text)).count()
}

proptest! {
    #[test]
    fn canaries_are_found_in_texts((text, (canary, label)) in text()) {
        let redactor = all();
        let redacted = redactor.text(&text).unwrap_or_default();
        let label = format!("[redacted:{label}]");
        prop_assert!(!redacted.contains(&canary) && redacted.contains(&label), "{text:?} {redacted:?}");
        prop_assert_eq!(redactor.text(&redacted), None, "{}", redacted);
    }

    #[test]
    fn canaries_are_found_in_documents((value, canaries) in document()) {
        let redactor = all();
        for json in [value.to_string(), escaped(&value.to_string())] {
            let redacted = redactor.json(&json).unwrap_or(json.clone());
            let after: Value = serde_json::from_str(&redacted).expect("valid JSON");
            let mut found = Vec::new();
            strings(&after, &mut found);
            for canary in &canaries {
                prop_assert!(found.iter().all(|text| !text.contains(canary)), "{json} {redacted}");
            }
            prop_assert_eq!(nested(&value), nested(&after), "{} {}", json, redacted);
            prop_assert_eq!(redactor.json(&redacted), None);
        }
    }

    #[test]
    fn cards_and_ibans_are_redacted_whole(number in prop_oneof![card(), iban()]) {
        let redacted = all().text(&format!("a {number}, b")).unwrap_or_default();
        prop_assert!(
            redacted == "a [redacted:card_number], b" || redacted == "a [redacted:iban], b",
            "{} {}", number, redacted
        );
    }

    #[test]
    fn texts_without_triggers_stay(text in "[a-z ,;:(){}\u{e0}-\u{24f}一-龥]{0,300}") {
        prop_assert_eq!(all().text(&text), None);
        prop_assert_eq!(all().json(&serde_json::to_string(&text).unwrap()), None);
    }

    #[test]
    fn nothing_panics(text in "[\\\\\"{}\\[\\]:,u0-9a-f@.nAKIDE89\\- é\u{1f600}]{0,200}") {
        let redactor = all();
        let redacted = redactor.text(&text).unwrap_or(text.clone());
        prop_assert_eq!(redactor.text(&redacted), None);
        let redacted = redactor.json(&text).unwrap_or(text.clone());
        let is_json = |text: &str| serde_json::from_str::<Value>(text).is_ok();
        prop_assert!(!is_json(&text) || is_json(&redacted));
    }
}
