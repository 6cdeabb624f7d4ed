//! Which chars are looked for alone, which in threes, and which separate words.

/// What a char is to the index.
///
/// It is a property of the char alone, never of its neighbours: so the grams of a part of a text are
/// among the grams of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Whitespace and control chars: between words.
    Blank,
    /// Chars that say much alone and stand without blanks: Han, kana, Hangul, symbols, emoji.
    Wide,
    /// All others: letters, digits, punctuation. Combining marks, joiners and variation selectors
    /// are here too: in Indic and Persian words they must not interrupt, and between emoji they
    /// stand alone and give no gram, so that an emoji is found within a joined sequence.
    Narrow,
}

/// The class of a folded char.
pub(super) fn class(char: char) -> Class {
    match char {
        // What most chars are, told without further ado.
        '!'..='~' | '\u{A1}'..='\u{10FF}' => Class::Narrow,
        '\u{3001}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7FF}' => Class::Wide,
        _ if char.is_whitespace() || char.is_control() => Class::Blank,
        _ if is_wide(char) => Class::Wide,
        _ => Class::Narrow,
    }
}

/// By the blocks of Unicode 17 (Blocks.txt).
fn is_wide(char: char) -> bool {
    matches!(char,
        // Hangul Jamo.
        '\u{1100}'..='\u{11FF}'
        // Arrows, Mathematical Operators, … Dingbats, … Miscellaneous Symbols and Arrows.
        | '\u{2190}'..='\u{2BFF}'
        // CJK Radicals Supplement, … Symbols and Punctuation, Hiragana, Katakana, Bopomofo, Hangul
        // Compatibility Jamo, … CJK Unified Ideographs, Yi.
        | '\u{2E80}'..='\u{A4CF}'
        // Hangul Jamo Extended-A.
        | '\u{A960}'..='\u{A97F}'
        // Hangul Syllables, Hangul Jamo Extended-B.
        | '\u{AC00}'..='\u{D7FF}'
        // CJK Compatibility Ideographs.
        | '\u{F900}'..='\u{FAFF}'
        // CJK Compatibility Forms.
        | '\u{FE30}'..='\u{FE4F}'
        // Halfwidth and Fullwidth Forms.
        | '\u{FF00}'..='\u{FFEF}'
        // Kana Extended-B, Kana Supplement, Kana Extended-A, Small Kana Extension.
        | '\u{1AFF0}'..='\u{1B16F}'
        // Mahjong Tiles, … Emoticons, … Symbols for Legacy Computing.
        | '\u{1F000}'..='\u{1FBFF}'
        // The Supplementary and Tertiary Ideographic Planes.
        | '\u{20000}'..='\u{3FFFF}'
    )
}
