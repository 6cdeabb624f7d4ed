//! Where words begin in texts that may hold JSON, and with it escapes: in `x\nalice` the word is
//! `alice`, and whoever replaces the `n` leaves a document that nobody can read.

use std::ops::Range;

/// Whether the byte belongs to words.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether a word can begin at this byte: what stands before it is none of a word or an escape.
pub(super) fn begins_word(bytes: &[u8], at: usize) -> bool {
    let head = bytes.get(..at).unwrap_or_default();
    !head.last().copied().is_some_and(is_word) || ends_escape(head)
}

/// Whether no word goes on at this byte.
pub(super) fn ends_word(bytes: &[u8], at: usize) -> bool {
    !bytes.get(at).copied().is_some_and(is_word)
}

/// Whether the bytes end with an escape of JSON that ends with a letter or digit.
pub(super) fn ends_escape(bytes: &[u8]) -> bool {
    match bytes {
        [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] => true,
        [.., b'\\', b'u', a, b, c, d] => [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

/// The range without the escapes that only their end or their beginning lies in; none if nothing is
/// left of it.
pub(super) fn whole_escapes(bytes: &[u8], range: Range<usize>) -> Option<Range<usize>> {
    let start = match escape_around(bytes, range.start) {
        Some(escape) => escape.end,
        None => range.start,
    };
    let end = match escape_around(bytes, range.end) {
        Some(escape) => escape.start,
        None => range.end,
    };
    (start < end).then_some(start..end)
}

/// The escape within which a position is. All backslashes that follow each other belong to it: how
/// deep documents lie in each other, and what escapes what, is not known here.
fn escape_around(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let head = bytes.get(..at)?;
    let digits = head
        .iter()
        .rev()
        .take(3)
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let in_digits = (0..=digits).find_map(|count| {
        let letter = at.checked_sub(count + 1)?;
        let is_one = bytes.get(letter) == Some(&b'u');
        is_one.then(|| escape_of(bytes, letter)).flatten()
    });
    in_digits
        .or_else(|| {
            let backslashes = bytes.get(at..)?.iter().take_while(|b| **b == b'\\').count();
            escape_of(bytes, at + backslashes)
        })
        .filter(|escape| escape.start < at && at < escape.end)
}

/// The escape whose letter is at this byte, with its backslashes.
fn escape_of(bytes: &[u8], letter: usize) -> Option<Range<usize>> {
    let head = bytes.get(..letter)?;
    let backslashes = head.iter().rev().take_while(|b| **b == b'\\').count();
    let digits = bytes.get(letter + 1..letter + 5);
    let len = match bytes.get(letter) {
        Some(b'u') if digits.is_some_and(|four| four.iter().all(u8::is_ascii_hexdigit)) => 5,
        Some(b'"' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 1,
        _ => 0,
    };
    (backslashes > 0).then(|| letter - backslashes..letter + len)
}
