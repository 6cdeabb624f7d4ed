use proptest::prelude::*;

use super::*;

/// Folding as it is defined, without shortcuts.
fn plain(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

#[test]
fn every_char_is_folded_to_its_lower_case() {
    for char in '\0'..=char::MAX {
        let mut lower = String::new();
        each_lower(char, |char| lower.push(char));
        assert_eq!(lower, plain(&char.to_string()), "{char:?}");
    }
}

#[test]
fn text_in_lower_case_is_not_copied() {
    assert!(matches!(fold("already so, 1"), Cow::Borrowed(_)));
    assert_eq!(fold("GROẞE İDEE ΣΑΣ"), "große i\u{307}dee σασ");
}

proptest! {
    #[test]
    fn a_text_is_folded_char_by_char(text in "(\\PC|[A-Za-z ]{0,70}|İ){0,9}") {
        prop_assert_eq!(fold(&text), plain(&text));
    }

    #[test]
    fn a_byte_of_the_folded_text_leads_back_to_its_char(text in "[aBßẞİÄ漢🦀]{0,9}") {
        let mut folded = 0;
        for (at, char) in text.char_indices() {
            for _ in plain(&char.to_string()).bytes() {
                prop_assert_eq!(origin(&text, folded), at);
                folded += 1;
            }
        }
        prop_assert_eq!(origin(&text, folded), text.len());
    }
}
