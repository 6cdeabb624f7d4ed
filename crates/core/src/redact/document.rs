//! JSON documents: only strings and numbers are changed, and all else stays as it was sent.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::{memchr, memmem};
use serde::de::IgnoredAny;

use super::find::Find;
use super::named::Named;
use super::{Detector, Inner};
use crate::json::{after_string, push_string, sanitize};
use crate::limits::REDACTION_NESTED_DOCUMENTS_MAX;

static ESCAPE: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("\\u"));
static LATIN_ESCAPE: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new("\\u00"));

impl Inner {
    /// The document without what is found in it; none if nothing is. Most have nothing, which the
    /// detectors see in the text as it stands: escapes are borders to them.
    pub(super) fn redact_json(&self, json: &str) -> Option<String> {
        let finds = self.detect(json);
        if finds.is_empty() && self.patterns.is_empty() && !hides(json) {
            return None;
        }
        if is_json(json) {
            self.redact_document(json, finds, 0)
        } else {
            self.without(json, finds)
        }
    }

    /// As [`Inner::redact_json`], of what is JSON and has these finds as it stands.
    fn redact_document(&self, json: &str, mut finds: Vec<Find>, depth: usize) -> Option<String> {
        let all = !self.patterns.is_empty() || hides(json);
        finds.sort_by_key(|find| find.range.start);
        let mut finds = finds.into_iter().peekable();
        let mut out = String::new();
        let (mut copied, mut at, mut named) = (0, 0, None);
        while let Some(byte) = json.as_bytes().get(at) {
            let len = match byte {
                b'"' => string_len(json, at),
                b'-' | b'0'..=b'9' => number_len(json, at),
                b'[' | b'{' => {
                    named = None;
                    1
                }
                _ => 1,
            };
            let token = json.get(at..at + len).unwrap_or_default();
            while finds.next_if(|find| find.range.end <= at).is_some() {}
            let is_found = finds.peek().is_some_and(|find| find.range.start < at + len);
            let redacted = match byte {
                _ if !all && !is_found && named.is_none() => {
                    if *byte == b'"' && is_key(json, at + len) {
                        named = self.named_by(token);
                    }
                    None
                }
                b'"' => self.redact_token(token, is_key(json, at + len), &mut named, depth),
                b'-' | b'0'..=b'9' => self.redact_text(token),
                _ => None,
            };
            if let Some(redacted) = redacted {
                out.push_str(json.get(copied..at).unwrap_or_default());
                push_string(&mut out, &redacted);
                copied = at + len;
            }
            at += len;
        }
        if copied == 0 {
            return None;
        }
        out.push_str(json.get(copied..).unwrap_or_default());
        Some(out)
    }

    /// What the string should say instead, if anything. A key may say what its value is.
    fn redact_token(
        &self,
        token: &str,
        is_key: bool,
        named: &mut Option<Named>,
        depth: usize,
    ) -> Option<String> {
        let text = if token.contains('\\') {
            Cow::Owned(serde_json::from_str(&sanitize(token)).ok()?)
        } else {
            Cow::Borrowed(token.get(1..token.len() - 1)?)
        };
        let named_before = named.take();
        if is_key {
            *named = self.named_by(&text);
        }
        let mut finds = self.detect(&text);
        let is_secret = |named: Named| named.len(text.as_bytes()) == Some(text.len());
        if !is_key && named_before.is_some_and(is_secret) {
            finds.push(Find::new(0..text.len(), Detector::ProviderKeys));
        }
        let may_have_some = !finds.is_empty() || !self.patterns.is_empty() || hides(&text);
        if may_have_some
            && depth < REDACTION_NESTED_DOCUMENTS_MAX
            && text.trim_start().starts_with(['{', '[', '"'])
            && is_json(&text)
        {
            return self.redact_document(&text, finds, depth + 1);
        }
        self.without(&text, finds)
    }
}

impl Inner {
    /// What the key of an object says of its value, if that is wanted.
    fn named_by(&self, key: &str) -> Option<Named> {
        let is_wanted = self.detectors.contains(&Detector::ProviderKeys);
        is_wanted.then(|| Named::by_key(key)).flatten()
    }
}

/// Whether escapes in a document hide from our detectors what a reader sees: letters, digits and
/// signs that keys and numbers are made of, and letters that addresses have.
fn hides(json: &str) -> bool {
    let bytes = json.as_bytes();
    let hides_ascii = LATIN_ESCAPE.find_iter(bytes).any(|at| {
        let digits = json.get(at + 4..at + 6);
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        code.is_some_and(|code| matches!(code, b' '..=b'~') && !b"\"&'<>".contains(&code))
    });
    hides_ascii || (memchr(b'@', bytes).is_some() && ESCAPE.find(bytes).is_some())
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Length of the string that begins at this byte, with its quotes.
fn string_len(json: &str, at: usize) -> usize {
    let rest = json.as_bytes().get(at..).unwrap_or_default();
    rest.len() - after_string(rest.get(1..).unwrap_or_default()).len()
}

/// Length of the number that begins at this byte.
fn number_len(json: &str, at: usize) -> usize {
    let rest = json.as_bytes().get(at..).unwrap_or_default();
    let is_of_number = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E');
    rest.iter().take_while(is_of_number).count()
}

/// Whether the string that ends at this byte is the key of an object.
fn is_key(json: &str, end: usize) -> bool {
    let rest = json.as_bytes().get(end..).unwrap_or_default();
    rest.trim_ascii_start().first() == Some(&b':')
}
