use proptest::prelude::*;

use super::*;
use crate::fold::fold;

fn of_text(text: &str) -> Vec<Gram> {
    let mut grams = Vec::new();
    each(text, |gram, _| grams.push(gram));
    grams
}

fn collected(add: impl FnOnce(&mut Grams)) -> Vec<Gram> {
    let mut grams = Grams::new();
    add(&mut grams);
    let mut all = Vec::new();
    grams.take(&mut all);
    all
}

/// The text would be found by this query, as far as grams tell.
fn has(text: &str, query: &str) -> bool {
    let grams = collected(|grams| grams.add_text(text));
    of_text(query).iter().all(|gram| grams.contains(gram))
}

/// The grams as they are defined, without shortcuts.
fn plain(text: &str) -> Vec<Gram> {
    let folded = text.chars().flat_map(char::to_lowercase);
    let chars: Vec<(u32, Class)> = folded.map(|char| (char.into(), class(char))).collect();
    let windows = |size: usize, of: Class| {
        let windows = chars.windows(size);
        windows.filter(move |chars| chars.iter().all(|(_, class)| *class == of))
    };
    let mut grams: Vec<Gram> = windows(3, Class::Narrow)
        .map(|chars| Gram::of(chars[0].0, chars[1].0, chars[2].0))
        .chain(windows(1, Class::Wide).map(|chars| Gram::of(0, 0, chars[0].0)))
        .chain(windows(2, Class::Wide).map(|chars| Gram::of(0, chars[0].0, chars[1].0)))
        .collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

#[test]
fn words_give_threes_and_wide_chars_ones_and_twos() {
    assert_eq!(of_text("abcd ef"), [gram("abc"), gram("bcd")]);
    assert_eq!(of_text("ab c").len(), 0);
    assert_eq!(of_text("漢字").len(), 3);
    assert_eq!(of_text("a漢b字").len(), 2);
    assert_eq!(gram("ABC"), gram("abc"));
    assert_eq!(gram("abc").number(), 97 << 14 | 98 << 7 | 99);
    assert!(gram("ÄBC").number() >= ASCII_END);
}

fn gram(text: &str) -> Gram {
    of_text(text)[0]
}

#[test]
fn parts_of_words_are_found_in_any_script() {
    for (text, query) in [
        ("The invoice could not be loaded", "VOICE"),
        ("Straßenverkehrsordnung", "verkehr"),
        ("DIE GROẞE FRAGE", "große"),
        ("Привет, мир", "ривет"),
        ("فشل الاتصال بالخادم", "اتصال"),
        ("שלום עולם", "שלום"),
        ("ไม่สามารถเชื่อมต่อ", "สามารถ"),
        ("नमस्ते दुनिया", "मस्ते"),
        ("无法连接到服务器", "连接"),
        ("無法連接", "接"),
        ("サーバーに接続できません", "サーバー"),
        ("서버에 연결할 수 없습니다", "연결"),
        ("done ✅", "✅"),
        ("I ❤\u{fe0f} it", "❤"),
        ("a family 👨‍👩‍👧 here", "👩"),
        ("a family 👨‍👩‍👧 here", "👨‍👩‍👧"),
        ("nice 👍🏽", "👍"),
        ("from 🇩🇪🇫🇷", "🇫🇷"),
    ] {
        assert!(has(text, query), "{query} in {text}");
    }
    assert!(!has("The invoice", "invoke"));
    assert!(!has("无法连接到服务器", "接连"));
}

#[test]
fn an_emoji_alone_narrows_the_search() {
    for emoji in ["✅", "❤\u{fe0f}", "👨‍👩‍👧", "🇩🇪", "👍🏽", "→"] {
        assert!(!of_text(emoji).is_empty(), "{emoji}");
    }
}

#[test]
fn a_text_that_comes_again_is_a_text_of_the_next_document_too() {
    let text = "a text that is long enough to be remembered";
    let mut grams = Grams::new();
    let mut documents = [Vec::new(), Vec::new(), Vec::new()];
    for document in &mut documents[..2] {
        grams.add_text(text);
        grams.add_text(text);
        grams.take(document);
    }
    grams.take(&mut documents[2]);
    assert_eq!(documents[0], plain(text));
    assert_eq!(documents[0], documents[1]);
    assert_eq!(documents[2], []);
}

#[test]
fn an_escaped_string_is_not_taken_for_the_same_text_without_escapes() {
    let written = r"somewhere in the city of M\u00fcnchen";
    let grams = collected(|grams| {
        grams.add_text(written);
        grams.add_json(&format!("\"{written}\""));
    });
    assert!(grams.contains(&gram(r"M\u")) && grams.contains(&gram("Mün")));
}

#[test]
fn texts_of_a_json_document_have_their_own_grams() {
    let grams = collected(|grams| grams.add_json(r#"{"key":["one\ttwo",12345]}"#));
    let mut expected: Vec<Gram> = ["key", "one", "two", "123", "234", "345"].map(gram).into();
    expected.sort_unstable();
    assert_eq!(grams, expected);
}

/// Texts in which scripts, joiners and blanks are mixed.
fn mixed() -> impl Strategy<Value = String> {
    "([a-zA-Z]{1,6}|[ \\t\\n]|[äöüßẞİĿ]|[а-яА-Я]{1,4}|[\u{4e00}-\u{4e0f}]{1,3}|[ぁ-ん]|[가-깋]|[\u{1f468}-\u{1f469}\u{200d}\u{fe0f}🇩🇪]|[ก-๛]|\\PC|\\PC){0,12}"
}

proptest! {
    #[test]
    fn a_part_of_a_text_has_no_gram_that_the_text_lacks(text in mixed(), from: prop::sample::Index, to: prop::sample::Index) {
        let chars: Vec<char> = text.chars().collect();
        let (from, to) = (from.index(chars.len() + 1), to.index(chars.len() + 1));
        let part: String = chars[from.min(to)..from.max(to)].iter().collect();
        prop_assert!(has(&text, &part));
        prop_assert!(has(&text, &fold(&part)));
    }

    #[test]
    fn a_document_has_the_grams_of_its_texts_once_in_order(text in mixed()) {
        prop_assert_eq!(collected(|grams| grams.add_text(&text)), plain(&text));
    }
}
