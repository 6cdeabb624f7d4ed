//! The texts in a JSON document, found by scanning its bytes: no tree is built.

mod unescape;

use memchr::memchr2;

use unescape::unescape;

/// Gives each string of a JSON document, keys and values, unescaped, and each number, `true` and
/// `false` as written; each is a text of its own. Of broken JSON it gives what can be made out.
///
/// A string that is JSON itself, as the arguments of tools often are, is one text: its escapes of
/// chars are resolved (many writers escape all that is not ASCII), its structure stays.
pub fn texts(json: &str, mut take: impl FnMut(&str)) {
    let mut unescaped = Unescaped::default();
    for raw in scan(json) {
        take(raw.text(&mut unescaped));
    }
}

/// The texts of a JSON document as they stand in it.
pub(crate) fn scan(json: &str) -> Scan<'_> {
    Scan { json, at: 0 }
}

/// A text as it stands in a JSON document.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'a> {
    /// The string without its quotes, or the number or word.
    pub(crate) written: &'a str,
    /// Whether it has a backslash.
    pub(crate) escaped: bool,
}

/// Buffers that unescaped texts are written to, kept for the next.
#[derive(Default)]
pub(crate) struct Unescaped {
    once: String,
    twice: String,
}

impl Raw<'_> {
    /// What is meant by it.
    pub(crate) fn text<'a>(&'a self, buffers: &'a mut Unescaped) -> &'a str {
        if !self.escaped {
            return self.written;
        }
        buffers.once.clear();
        unescape(self.written, &mut buffers.once);
        let is_json = buffers.once.starts_with(['{', '[']);
        if !is_json || !buffers.once.contains("\\u") {
            return &buffers.once;
        }
        buffers.twice.clear();
        unescape(&buffers.once, &mut buffers.twice);
        &buffers.twice
    }
}

/// Goes through the texts of a JSON document.
pub(crate) struct Scan<'a> {
    json: &'a str,
    at: usize,
}

impl<'a> Iterator for Scan<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        let bytes = self.json.as_bytes();
        loop {
            let byte = *bytes.get(self.at)?;
            if is_between(byte) {
                self.at += 1;
            } else if byte == b'"' {
                return Some(self.string());
            } else {
                let word = self.word();
                if word.written != "null" {
                    return Some(word);
                }
            }
        }
    }
}

impl<'a> Scan<'a> {
    /// The string whose quote stands here; one that does not end goes on to the end of the document.
    fn string(&mut self) -> Raw<'a> {
        let bytes = self.json.as_bytes();
        let start = self.at + 1;
        let (mut end, mut escaped) = (start, false);
        loop {
            let rest = bytes.get(end..).unwrap_or_default();
            let Some(found) = memchr2(b'"', b'\\', rest) else {
                end = bytes.len();
                break;
            };
            end += found;
            if bytes.get(end) == Some(&b'"') {
                break;
            }
            escaped = true;
            end += 2;
        }
        self.at = end + 1;
        let written = self.json.get(start..end).unwrap_or_default();
        Raw { written, escaped }
    }

    /// The number or word that begins here.
    fn word(&mut self) -> Raw<'a> {
        let start = self.at;
        let rest = self.json.as_bytes().iter().skip(start);
        self.at += rest
            .take_while(|byte| !is_between(**byte) && **byte != b'"')
            .count();
        let written = self.json.get(start..self.at).unwrap_or_default();
        let escaped = false;
        Raw { written, escaped }
    }
}

/// Whether the byte stands between texts.
fn is_between(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'{' | b'}' | b'[' | b']'
    )
}

#[cfg(test)]
mod tests;
