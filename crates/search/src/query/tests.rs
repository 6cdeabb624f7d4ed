use proptest::prelude::*;

use super::*;
use crate::grams::Grams;
use crate::json::texts;

fn query(text: &str) -> Query {
    Query::parse(text).unwrap()
}

fn found_in_text(query_text: &str, text: &str) -> bool {
    let query = query(query_text);
    Matcher::new(&query).matches_text(text).is_all(&query)
}

fn found_in_json(query_text: &str, json: &str) -> bool {
    let query = query(query_text);
    Matcher::new(&query).matches_json(json).is_all(&query)
}

#[test]
fn words_are_terms_and_quotes_make_phrases() {
    assert_eq!(query(" Two  WORDS\n").terms(), ["two", "words"]);
    assert_eq!(
        query(r#"a "b  C" d"e "f"#).terms(),
        ["a", "b  c", "d\"e", "f"]
    );
    assert_eq!(query(r#""say \"hi\"" \"#).terms(), [r#"say "hi""#, r"\"]);
    assert_eq!(query(r#"again "AGAIN" Again"#).terms(), ["again"]);
    assert_eq!(query(r#""" "  " x"#).terms(), ["x"]);
    assert_eq!(query("a\0b").terms(), ["ab"]);
}

#[test]
fn what_is_no_query_is_told_what_to_do() {
    for empty in ["", " \n", "\"", "\"\"", "\0"] {
        assert_eq!(Query::parse(empty), Err(QueryError::Empty));
    }
    assert_eq!(
        Query::parse(&"é".repeat(CHARS_MAX + 1)),
        Err(QueryError::TooLong)
    );
    assert!(Query::parse(&"é".repeat(CHARS_MAX)).is_ok());
    assert!(Query::parse("1 2 3 4 5 6 7 8 9 10 10").is_ok());
    assert_eq!(
        Query::parse("1 2 3 4 5 6 7 8 9 10 11"),
        Err(QueryError::TooManyTerms)
    );
    assert_eq!(
        QueryError::TooLong.to_string(),
        "Shorten the query to 500 characters."
    );
}

#[test]
fn grams_come_evenly_from_all_terms() {
    assert_eq!(query("ab c").grams(), []);
    assert_eq!(query("abcd bcde").grams().len(), 3);
    let long = query("abcdefghijklmnopqrstuvwxyz 0123456789 xyz");
    assert_eq!(long.grams().len(), GRAMS_MAX);
    let only = query("0123456789").grams();
    let shared = long.grams();
    assert_eq!(only.iter().filter(|gram| shared.contains(gram)).count(), 8);
    assert_eq!(
        query("1234 2345 3456 4567 5678 6789 789a 89ab 9abc abcd")
            .grams()
            .len(),
        11
    );
}

#[test]
fn a_wide_char_is_looked_up_alone_only_if_it_stands_alone() {
    assert_eq!(query("漢").grams().len(), 1);
    assert_eq!(query("漢字").grams().len(), 1);
    assert_eq!(query("漢字仮").grams().len(), 2);
    assert_eq!(query("\"漢 字仮 名\"").grams().len(), 3);
    assert_eq!(query("漢漢漢").grams().len(), 1);
}

#[test]
fn words_are_found_in_any_script_and_case() {
    assert!(found_in_text("VOICE load", "The invoice was not loaded"));
    assert!(!found_in_text("\"voice load\"", "The invoice was loaded"));
    assert!(found_in_text("große", "GROẞE"));
    assert!(found_in_text("idee", "İDEE İdee idee"));
    assert!(found_in_text("接続", "サーバーに接続できません"));
    assert!(found_in_text("연결", "서버에 연결할 수 없습니다"));
    assert!(found_in_text("اتصال", "فشل الاتصال بالخادم"));
    assert!(found_in_text("สามารถ", "ไม่สามารถเชื่อมต่อ"));
    assert!(found_in_text("👩 🇫🇷", "👨‍👩‍👧 🇩🇪🇫🇷"));
}

#[test]
fn json_is_searched_as_what_it_means() {
    let json = r#"{"city":"M\u00fcnchen","path":"a\/b","line":"one\ntwo","n":1234}"#;
    assert!(found_in_json("münchen CITY", json));
    assert!(found_in_json("a/b", json));
    assert!(found_in_json("\"one\ntwo\" 234", json));
    assert!(!found_in_json("ntwo", json));
    assert!(!found_in_json("u00fc", json));
    assert!(found_in_json("a/b", r#"["a\/b"]"#));
    assert!(!found_in_json("ntwo", r#"["one\ntwo"]"#));
}

#[test]
fn a_term_lies_wholly_in_one_text() {
    assert!(!found_in_json("\"one two\"", r#"["one"," two"]"#));
    assert!(!found_in_json(r#""b":1"#, r#"{"ab":1}"#));
    assert!(!found_in_json("null", "[null]"));
    assert!(found_in_json("one two", r#"["one"," two"]"#));
}

#[test]
fn terms_of_several_texts_are_put_together() {
    let query = query("one two");
    let mut matcher = Matcher::new(&query);
    let (one, two) = (matcher.matches_text("one"), matcher.matches_json("\"two\""));
    assert!(one.has(0) && !one.has(1) && !one.is_all(&query));
    assert!(one.union(two).is_all(&query));
    assert!(Terms::default().is_empty());
}

/// Few chars, so that terms are found; with what JSON escapes and what folds to other lengths.
fn text() -> impl Strategy<Value = String> {
    "[abAB\"\\\\/\n\u{1}{\\[ ßẞİIKK漢]{0,12}"
}

proptest! {
    #[test]
    fn the_matcher_agrees_with_contains(terms in text(), text in text()) {
        prop_assume!(Query::parse(&terms).is_ok());
        let query = query(&terms);
        let found = Matcher::new(&query).matches_text(&text);
        for (index, term) in query.terms().iter().enumerate() {
            prop_assert_eq!(found.has(index), fold(&text).contains(term.as_str()));
        }
    }

    #[test]
    fn the_matcher_agrees_with_contains_in_json(terms in text(), texts_in in prop::collection::vec(text(), 0..5), ascii in any::<bool>()) {
        prop_assume!(Query::parse(&terms).is_ok());
        let query = query(&terms);
        let json = serde_json::to_string(&texts_in).unwrap();
        let json = if ascii { escaped(&json) } else { json };
        let found = Matcher::new(&query).matches_json(&json);
        for (index, term) in query.terms().iter().enumerate() {
            let mut expected = false;
            texts(&json, |text| expected |= fold(text).contains(term.as_str()));
            prop_assert_eq!(found.has(index), expected, "{} in {}", term, json);
        }
    }

    #[test]
    fn a_document_that_matches_has_the_grams_of_the_query(text in "\\PC{0,40}", from: prop::sample::Index, to: prop::sample::Index) {
        let chars: Vec<char> = text.chars().collect();
        let (from, to) = (from.index(chars.len() + 1), to.index(chars.len() + 1));
        let part: String = chars[from.min(to)..from.max(to)].iter().collect();
        let phrase = format!("\"{}\"", part.replace('"', "\\\""));
        prop_assume!(Query::parse(&phrase).is_ok());
        prop_assume!(found_in_text(&phrase, &text));
        let mut grams = Grams::new();
        grams.add_json(&serde_json::to_string(&[&text]).unwrap());
        let mut all = Vec::new();
        grams.take(&mut all);
        prop_assert!(query(&phrase).grams().iter().all(|gram| all.contains(gram)));
    }
}

/// JSON as writers send it that escape all beyond ASCII.
fn escaped(json: &str) -> String {
    let mut units = [0; 2];
    json.chars()
        .map(|char| match char {
            ' '..='~' => char.to_string(),
            _ => char
                .encode_utf16(&mut units)
                .iter()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect(),
        })
        .collect()
}
