use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn all(json: &str) -> Vec<String> {
    let mut all = Vec::new();
    texts(json, |text| all.push(text.to_owned()));
    all
}

/// What a parser makes of the document.
fn of_value(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => into.push(value.to_string()),
        Value::String(text) => into.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| of_value(value, into)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            into.push(key.clone());
            of_value(value, into);
        }),
    }
}

#[test]
fn keys_strings_numbers_and_words_are_texts() {
    assert_eq!(
        all(r#"{"a": ["b\n\"c\"", -1.5e3, true, null, false], "": {}}"#),
        ["a", "b\n\"c\"", "-1.5e3", "true", "false", ""]
    );
    assert_eq!(all("  42 "), ["42"]);
}

#[test]
fn escapes_are_resolved() {
    assert_eq!(
        all(r#""M\u00fcnchen \ud83e\udd80 \/\\ \t""#),
        ["München 🦀 /\\ \t"]
    );
}

#[test]
fn half_a_char_is_a_replacement_char() {
    assert_eq!(
        all(r#"["cut \ud83e", "\udd80\ud83ex", "\ud83e\u0041"]"#),
        ["cut \u{fffd}", "\u{fffd}\u{fffd}x", "\u{fffd}A"]
    );
}

#[test]
fn json_in_a_string_stays_one_text() {
    assert_eq!(
        all(r#""{\"city\":\"Berlin\",\"note\":\"a\\nb\"}""#),
        [r#"{"city":"Berlin","note":"a\nb"}"#]
    );
    assert_eq!(
        all(r#""{\"city\":\"M\\u00fcnchen\"}""#),
        [r#"{"city":"München"}"#]
    );
    assert_eq!(all(r#""the escape \\u00fc""#), [r"the escape \u00fc"]);
}

#[test]
fn broken_json_gives_what_can_be_made_out() {
    assert_eq!(all(r#"{"open": "never end"#), ["open", "never end"]);
    assert_eq!(all(r#"["\"#), ["\\"]);
    assert_eq!(all(r#"["\u12", "\q", "\é"]"#), ["\\u12", "\\q", "\\é"]);
    assert_eq!(all("no json é"), ["no", "json", "é"]);
    assert_eq!(all(""), [""; 0]);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // What looks like JSON has a rule of its own.
        any::<String>()
            .prop_filter("JSON", |text| !text.starts_with(['{', '[']))
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("[^{\\[]{0,9}", inner, 0..6).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn the_texts_are_those_that_a_parser_finds(value in values(), pretty in any::<bool>()) {
        let json = if pretty { format!("{value:#}") } else { value.to_string() };
        let mut expected = Vec::new();
        of_value(&value, &mut expected);
        prop_assert_eq!(all(&json), expected);
    }

    #[test]
    fn any_text_is_gone_through(text in "([\"\\\\{}\\[\\],:u0dD8ne ]|\\PC){0,40}") {
        all(&text);
    }
}
