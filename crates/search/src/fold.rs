//! How text is compared: char by char in lower case, and nothing else.
//!
//! No char looks at its neighbours, so the folded form of a part of a text is a part of the folded
//! form of the text. All that is found by substring rests on this.

use std::borrow::Cow;

/// The text in lower case; some chars become longer or shorter.
pub fn fold(text: &str) -> Cow<'_, str> {
    let same = text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    if same {
        return Cow::Borrowed(text);
    }
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    Cow::Owned(folded)
}

/// Appends the text in lower case.
pub fn fold_into(text: &str, into: &mut String) {
    let mut rest = text;
    while !rest.is_empty() {
        let (ascii, others) = rest.split_at(ascii_len(rest));
        let start = into.len();
        into.push_str(ascii);
        into.get_mut(start..)
            .expect("it ended here before it was appended to")
            .make_ascii_lowercase();
        let mut chars = others.chars();
        rest = others;
        while let Some(char) = chars.next().filter(|char| !char.is_ascii()) {
            each_lower(char, |lower| into.push(lower));
            rest = chars.as_str();
        }
    }
}

/// Gives the lower case of a char: one char, of a few more.
#[inline]
pub(crate) fn each_lower(char: char, mut take: impl FnMut(char)) {
    match char {
        // What much text is made of and is in lower case already: small letters in Latin, Greek and
        // Cyrillic; Hebrew to Tibetan; punctuation; Han, kana, Hangul; emoji.
        '\u{DF}'..='\u{FF}'
        | '\u{3AC}'..='\u{3CE}'
        | '\u{430}'..='\u{45F}'
        | '\u{590}'..='\u{109F}'
        | '\u{2000}'..='\u{20FF}'
        | '\u{2E80}'..='\u{A4FF}'
        | '\u{AC00}'..='\u{D7FF}'
        | '\u{1F000}'..='\u{1FBFF}' => take(char),
        _ => char.to_lowercase().for_each(take),
    }
}

/// Where the char begins in the text whose folded form holds the byte `folded_at` of the folded text;
/// the text's end if that is beyond.
pub(crate) fn origin(text: &str, folded_at: usize) -> usize {
    let mut folded = 0;
    for (at, char) in text.char_indices() {
        each_lower(char, |lower| folded += lower.len_utf8());
        if folded > folded_at {
            return at;
        }
    }
    text.len()
}

/// Bytes of ASCII that the text begins with.
fn ascii_len(text: &str) -> usize {
    let (chunks, _) = text.as_bytes().as_chunks::<32>();
    let whole = 32 * chunks.iter().take_while(|chunk| chunk.is_ascii()).count();
    let rest = text.as_bytes().get(whole..).unwrap_or_default();
    whole + rest.iter().take_while(|byte| byte.is_ascii()).count()
}

#[cfg(test)]
mod tests;
