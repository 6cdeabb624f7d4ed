use proptest::prelude::*;

use super::*;

fn of_text(query: &str, text: &str) -> Option<Snippet> {
    Snippet::of_text(&Query::parse(query).unwrap(), text, 20)
}

fn highlighted(snippet: &Snippet) -> Vec<String> {
    let chars: Vec<char> = snippet.text.chars().collect();
    let read = |(start, end): &(usize, usize)| chars[*start..*end].iter().collect();
    snippet.highlights.iter().map(read).collect()
}

#[test]
fn a_short_text_is_shown_whole() {
    let snippet = of_text("world", "Hello\nWorld, hello").unwrap();
    assert_eq!(snippet.text, "Hello World, hello");
    assert_eq!(snippet.highlights, [(6, 11)]);
}

#[test]
fn a_long_text_is_cut_at_words() {
    let text = "It was a bright cold day in April, and the clocks were striking thirteen.";
    let snippet = of_text("APRIL", text).unwrap();
    assert_eq!(snippet.text, "…bright cold day in April, and the clocks…");
    assert_eq!(highlighted(&snippet), ["April"]);
}

#[test]
fn text_without_blanks_is_cut_between_chars() {
    let text = "無法連接到伺服器請稍後再試".repeat(5);
    let snippet = of_text("伺服器請", &text).unwrap();
    assert_eq!(snippet.text.chars().count(), 5 + 4 + 20 + 1);
    assert_eq!(highlighted(&snippet)[0], "伺服器請");
}

#[test]
fn the_place_with_the_most_terms_is_shown() {
    let text = format!(
        "apple {} pear {} apple pear",
        "x ".repeat(50),
        "y ".repeat(50)
    );
    let snippet = of_text("pear apple", &text).unwrap();
    assert_eq!(highlighted(&snippet), ["apple", "pear"]);
}

#[test]
fn highlights_that_overlap_are_one() {
    let snippet = of_text("abc bcd", "abcd bcd").unwrap();
    assert_eq!(highlighted(&snippet), ["abcd", "bcd"]);
}

#[test]
fn chars_that_change_their_length_are_counted_as_written() {
    let snippet = of_text("große", "İİ GROẞE İ").unwrap();
    assert_eq!(snippet.highlights, [(3, 8)]);
    assert_eq!(of_text("i", "xİx").unwrap().highlights, [(1, 2)]);
}

#[test]
fn of_json_the_string_is_shown_that_has_the_most_terms() {
    let query = Query::parse("pear apple").unwrap();
    let json = r#"{"apple":1,"both":"a pear\tan apple","pear":2}"#;
    let snippet = Snippet::of_json(&query, json, 60).unwrap();
    assert_eq!(snippet.text, "a pear an apple");
    assert_eq!(highlighted(&snippet), ["pear", "apple"]);
    assert_eq!(Snippet::of_json(&query, "[1, 2]", 60), None);
}

proptest! {
    #[test]
    fn what_is_highlighted_is_what_was_searched(text in "([a-cA-C ẞßÄ漢字🦀]|[a-z ]{0,40}){1,12}", at: prop::sample::Index, length in 1_usize..6, around in 0_usize..30) {
        let chars: Vec<char> = text.chars().collect();
        prop_assume!(!chars.is_empty());
        let term: String = chars.iter().skip(at.index(chars.len())).take(length).collect();
        prop_assume!(!term.trim().is_empty());
        let query = Query::parse(&format!("\"{term}\"")).unwrap();
        let snippet = Snippet::of_text(&query, &text, around).unwrap();
        prop_assert!(!snippet.highlights.is_empty());
        for found in highlighted(&snippet) {
            prop_assert_eq!(fold(&found), query.terms()[0].as_str());
        }
        let in_order = snippet.highlights.is_sorted_by(|one, other| one.1 <= other.0);
        prop_assert!(in_order);
        prop_assert!(snippet.text.chars().count() <= 3 * around + length + 2);
    }

    #[test]
    fn any_text_can_be_shown(terms in "\\PC{1,9}", text in "(\\PC|[\u{0}-\u{20}]|İ){0,40}", around in 0_usize..9) {
        if let Ok(query) = Query::parse(&terms) {
            let snippet = Snippet::of_text(&query, &text, around);
            let found = query.terms().iter().any(|term| fold(&text).contains(term.as_str()));
            prop_assert_eq!(snippet.is_some(), found);
            prop_assert!(snippet.is_none_or(|snippet| !snippet.text.contains(char::is_control)));
        }
    }
}
