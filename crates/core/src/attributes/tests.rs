use super::*;

fn split(attributes: &[(&str, &str)]) -> Split {
    let mut splitter = Splitter::default();
    for (key, json) in attributes {
        splitter.add(key, json, Visibility::Filterable);
    }
    splitter.finish()
}

#[test]
fn short_scalars_are_filterable_and_everything_else_is_payload() {
    let attributes = [
        ("array", "[1]"),
        ("document", r#""{\"a\":1}""#),
        ("flag", "true"),
        ("null", "null"),
        ("number", "-1.5"),
        ("object", "{}"),
        ("text", "\"x\""),
    ];
    let split = split(&attributes);
    assert_eq!(
        split.filterable,
        r#"{"flag":true,"number":-1.5,"text":"x"}"#
    );
    assert_eq!(
        split.rest,
        r#"{"array":[1],"document":"{\"a\":1}","null":null,"object":{}}"#
    );
    assert_eq!(split.flags, 0);
}

#[test]
fn what_is_payload_only_is_never_filterable() {
    let mut splitter = Splitter::default();
    splitter.add("a", "1", Visibility::PayloadOnly);
    let expected = Split {
        rest: r#"{"a":1}"#.into(),
        ..Split::default()
    };
    assert_eq!(splitter.finish(), expected);
}

#[test]
fn a_value_of_the_limit_is_filterable_and_a_longer_one_is_not() {
    let text = |len: usize| format!("\"{}\"", "x".repeat(len));
    let at_limit = text(FILTER_VALUE_BYTES_MAX);
    assert_eq!(
        split(&[("a", &at_limit)]).filterable,
        format!("{{\"a\":{at_limit}}}")
    );
    let longer = text(FILTER_VALUE_BYTES_MAX + 1);
    assert_eq!(split(&[("a", &longer)]).rest, format!("{{\"a\":{longer}}}"));
}

#[test]
fn a_key_longer_than_the_limit_is_payload() {
    let key = "k".repeat(ATTRIBUTE_KEY_BYTES_MAX + 1);
    assert_eq!(split(&[(&key, "1")]).rest, format!("{{\"{key}\":1}}"));
}

#[test]
fn the_filterable_object_never_exceeds_its_limit() {
    let value = format!("\"{}\"", "x".repeat(100));
    let keys: Vec<String> = (0..20).map(|number| format!("key{number:02}")).collect();
    let attributes: Vec<_> = keys
        .iter()
        .map(|key| (key.as_str(), value.as_str()))
        .collect();
    let split = split(&attributes);
    assert!(split.filterable.len() <= FILTER_ATTRIBUTES_BYTES_MAX);
    assert!(split.filterable.contains("key00") && split.rest.contains("key19"));
    let entries = |object: &str| serde_json::from_str::<serde_json::Value>(object).unwrap();
    let count = |object: &str| entries(object).as_object().unwrap().len();
    assert_eq!(count(&split.filterable) + count(&split.rest), 20);
}

#[test]
fn numbers_that_the_database_refuses_are_payload() {
    let split = split(&[
        ("a", "1e400"),
        ("b", "1e-999999"),
        ("c", "0.0"),
        ("d", "1e21"),
    ]);
    assert_eq!(split.filterable, r#"{"c":0.0,"d":1e21}"#);
    assert_eq!(split.rest, r#"{"a":1e400,"b":1e-999999}"#);
}

#[test]
fn nul_is_replaced_where_the_database_would_refuse_it_and_kept_in_the_payload() {
    let split = split(&[("a", r#""x\u0000\\u0000""#), ("b", r#"["\u0000"]"#)]);
    assert_eq!(split.filterable, r#"{"a":"x\ufffd\\u0000"}"#);
    assert_eq!(split.rest, r#"{"b":["\u0000"]}"#);
    assert_eq!(split.flags, flags::SANITIZED);
}

#[test]
fn a_value_longer_than_a_field_is_cut_and_flagged() {
    let text = format!("\"{}é\"", "x".repeat(FIELD_BYTES_MAX - 1));
    let split = split(&[("a", &text)]);
    assert_eq!(split.flags, flags::TRUNCATED);
    assert_eq!(split.rest.len(), r#"{"a":""}"#.len() + FIELD_BYTES_MAX - 1);
}

#[test]
fn attributes_past_the_limit_are_dropped_and_flagged() {
    let keys: Vec<String> = (0..=ATTRIBUTES_PER_STEP_MAX)
        .map(|n| format!("{n:05}"))
        .collect();
    let attributes: Vec<_> = keys.iter().map(|key| (key.as_str(), "[]")).collect();
    assert_eq!(split(&attributes[1..]).flags, 0);
    let split = split(&attributes);
    assert_eq!(split.flags, flags::TRUNCATED);
    let rest: serde_json::Value = serde_json::from_str(&split.rest).unwrap();
    assert_eq!(rest.as_object().unwrap().len(), ATTRIBUTES_PER_STEP_MAX);
}
