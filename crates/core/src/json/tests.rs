use proptest::prelude::*;

use super::*;

#[test]
fn depth_counts_brackets_outside_strings_only() {
    assert!(depth_within(br#"{"a":[1,{"b":"[[[[{{\"[["}]}"#, 3));
    assert!(!depth_within(br#"{"a":[1,{"b":2}]}"#, 2));
    assert!(depth_within(b"[],[],[],{}", 1));
    assert!(!depth_within("[".repeat(1_000_000).as_bytes(), 64));
}

#[test]
fn bare_words_outside_strings_become_null() {
    let text = r#"{"a":NaN,"b":[Infinity,-Infinity,-1],"c":"NaN, \"Infinity"}"#;
    let expected = r#"{"a":null,"b":[null,null,-1],"c":"NaN, \"Infinity"}"#;
    assert_eq!(sanitize(text), expected);
}

#[test]
fn half_pairs_in_strings_become_replacement_characters() {
    assert_eq!(sanitize(r#""\ud800""#), r#""\ufffd""#);
    assert_eq!(
        sanitize(r#""\uDC00x\ud83d\ude00\ud83d""#),
        r#""\ufffdx\ud83d\ude00\ufffd""#
    );
    assert_eq!(sanitize(r#""\\ud800""#), r#""\\ud800""#);
    assert_eq!(
        sanitize(r#""\ud800\ud83d\ude00""#),
        r#""\ufffd\ud83d\ude00""#
    );
}

#[test]
fn changes_are_told_at_their_place_in_the_new_text() {
    let (text, changes) = sanitize_with_changes(r#"[NaN,"\ud800",NaN]"#);
    assert_eq!(text, r#"[null,"\ufffd",null]"#);
    let at: Vec<_> = changes
        .iter()
        .map(|change| (change.at, change.loss))
        .collect();
    assert_eq!(at, [(1, Loss::Number), (7, Loss::Text), (15, Loss::Number)]);
}

#[test]
fn a_unique_map_keeps_order_and_text_and_refuses_a_key_said_twice() {
    let map: UniqueMap<'_> = serde_json::from_str(r#"{"b":[1, 2],"a\n":"x"}"#).unwrap();
    let entries: Vec<_> = map
        .0
        .iter()
        .map(|(key, value)| (key.as_ref(), value.get()))
        .collect();
    assert_eq!(entries, [("b", "[1, 2]"), ("a\n", "\"x\"")]);
    let error = serde_json::from_str::<UniqueMap<'_>>(r#"{"a":1,"b":2,"a":3}"#).unwrap_err();
    assert!(error.to_string().contains("duplicate key `a`"), "{error}");
}

proptest! {
    #[test]
    fn pushed_strings_read_back_equal(text in any::<String>()) {
        let mut out = String::new();
        push_string(&mut out, &text);
        prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }

    #[test]
    fn valid_json_is_left_alone(text in any::<String>()) {
        let json = serde_json::to_string(&[&text]).unwrap();
        prop_assert_eq!(sanitize(&json), json.as_str());
    }

    #[test]
    fn arbitrary_text_never_panics(text in "[\\PC\\\\\"ud8NaInfity{}\\[\\]-]*") {
        let (out, changes) = sanitize_with_changes(&text);
        prop_assert!(changes.iter().all(|change| out.is_char_boundary(change.at)));
        depth_within(text.as_bytes(), 3);
    }
}
