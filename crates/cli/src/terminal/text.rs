//! Text as it stands in columns: what comes from users is made harmless, and wide letters count
//! twice.

#[cfg(test)]
mod tests;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What stands where something was left out.
const ELLIPSIS: char = '…';

/// Text that cannot steer a terminal: control characters, and those that turn the direction of
/// writing, are escaped.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = steers(c).then(|| c.escape_default());
            let plain = (!steers(c)).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

fn steers(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns
}

/// Columns that printable text takes.
pub(crate) fn shown_width(text: &str) -> usize {
    text.width()
}

/// Text that takes at most so many columns, with an ellipsis where it was cut.
pub(crate) fn fitted(text: &str, width: usize) -> String {
    if shown_width(text) <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let mut kept: String = text
        .chars()
        .take_while(|c| {
            let columns = c.width().unwrap_or(0);
            let fits = columns <= left;
            left = left.saturating_sub(columns);
            fits
        })
        .collect();
    if width > 0 {
        kept.push(ELLIPSIS);
    }
    kept
}

/// Text that takes exactly so many columns, unless it is wider.
pub(crate) fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(shown_width(text));
    format!("{text}{}", " ".repeat(missing))
}
