//! Text as it comes from outside, made fit to be stored.

use std::borrow::Cow;

use crate::limits::NAME_BYTES_MAX;

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

/// A name fit for a column and an index: no control characters (U+FFFD stands in for them), at most
/// [`NAME_BYTES_MAX`] bytes. Says whether anything was replaced, and whether anything was cut.
pub fn name(text: &str) -> (Cow<'_, str>, bool, bool) {
    let short = cut(text, NAME_BYTES_MAX);
    let is_cut = short.len() < text.len();
    if short.contains(char::is_control) {
        let clean = short.replace(char::is_control, "\u{fffd}");
        return (
            Cow::Owned(cut(&clean, NAME_BYTES_MAX).to_owned()),
            true,
            is_cut,
        );
    }
    (Cow::Borrowed(short), false, is_cut)
}
