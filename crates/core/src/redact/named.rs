//! Secrets that look like any other random text and are known by the name beside them only.

use super::keys::Chars;

/// What the name says about the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// The secret half of an access key of AWS: 40 characters of base64.
    Aws,
    /// The key of a storage account of Azure: 64 bytes in base64.
    Azure,
    /// A key, secret or token of Twilio: 32 characters, perhaps `SK` before them.
    Twilio,
}

/// What a key of an object may have in it, and what its value then is.
const NAMES: [(&str, Named); 7] = [
    ("accesskey", Named::Aws),
    ("access_key", Named::Aws),
    ("access-key", Named::Aws),
    ("accountkey", Named::Azure),
    ("account_key", Named::Azure),
    ("account-key", Named::Azure),
    ("twilio_", Named::Twilio),
];
/// Bytes between a name and its value, at most: quotes, blanks, an equals sign or colon.
const BETWEEN_MAX: usize = 24;
/// Letters that may follow a name which is a beginning only.
const NAME_REST_MAX: usize = 40;

impl Named {
    /// What the key of an object says of its value.
    pub(super) fn by_key(key: &str) -> Option<Self> {
        let key = key.to_ascii_lowercase();
        let found = NAMES.iter().find(|(name, _)| key.contains(name));
        found.map(|(_, named)| *named)
    }

    /// Where the secret is after its name: how many bytes stand between them, and its length.
    pub(super) fn after_name(self, rest: &[u8]) -> Option<(usize, usize)> {
        let name_rest = match self {
            Self::Twilio => Chars::Word.count(rest.get(..NAME_REST_MAX).unwrap_or(rest)),
            Self::Aws | Self::Azure => 0,
        };
        let after = rest.get(name_rest..)?;
        let between = between_len(after);
        let len = self.len(after.get(between..)?)?;
        (1..=BETWEEN_MAX)
            .contains(&between)
            .then_some((name_rest + between, len))
    }

    /// Length of the secret that a text begins with.
    pub(super) fn len(self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Aws => {
                let (count, len) = base64_len(text);
                (count == 40).then_some(len)
            }
            Self::Azure => {
                let (count, len) = base64_len(text);
                let padding = text
                    .get(len..)?
                    .iter()
                    .take(2)
                    .take_while(|byte| **byte == b'=');
                (84..=88).contains(&count).then_some(len + padding.count())
            }
            Self::Twilio => {
                let prefix = if text.starts_with(b"SK") { 2 } else { 0 };
                let len = Chars::Alnum.count(text);
                (len == 32 || len == 32 + prefix).then_some(len)
            }
        }
    }
}

/// How many bytes of quotes, blanks and signs a text begins with; they may be escaped.
fn between_len(text: &[u8]) -> usize {
    let mut len = 0;
    loop {
        len += match text.get(len..) {
            Some([b'\\', b'u', b'0', b'0', _, _, ..]) => 6,
            Some(
                [
                    b' ' | b'\t' | b'"' | b'\'' | b'`' | b'=' | b':' | b'>' | b',' | b'\\',
                    ..,
                ],
            ) => 1,
            _ => return len,
        }
    }
}

/// How many characters of base64 a text begins with, and how many bytes they are: slashes may be
/// escaped.
pub(super) fn base64_len(text: &[u8]) -> (usize, usize) {
    let (mut count, mut len) = (0, 0);
    loop {
        let rest = text.get(len..).unwrap_or_default();
        len += match rest {
            [b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/', ..] => 1,
            [b'\\', ..] => {
                let backslashes = rest.iter().take_while(|byte| **byte == b'\\').count();
                match rest.get(backslashes) {
                    Some(b'/') => backslashes + 1,
                    _ => return (count, len),
                }
            }
            _ => return (count, len),
        };
        count += 1;
    }
}
