//! Text as it comes from outside, made fit to be stored.

use std::borrow::Cow;

/// Cuts at the last character border at or below `bytes_max`.
pub fn cut(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    text.get(..text.floor_char_boundary(bytes_max))
        .unwrap_or_default()
}

/// Replaces NUL, which Postgres cannot keep in text, by U+FFFD.
pub fn without_nul(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&0) {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The first line that has something in it, without the traceback that some senders append
/// (otel.md §3.2, error message).
pub fn first_line(text: &str) -> &str {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    match line.find("Traceback (most recent call last)") {
        Some(0) | None => line,
        Some(at) => line.get(..at).unwrap_or(line).trim_end(),
    }
}
