//! The escapes of JSON strings.

use memchr::memchr;

/// Appends the text with its escapes resolved. Half a surrogate pair, which writers leave that cut
/// text by UTF-16 units, becomes U+FFFD; what is no escape stays as it is.
pub(super) fn unescape(text: &str, into: &mut String) {
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        let (plain, escape) = rest.split_at(at);
        into.push_str(plain);
        rest = one(escape.get(1..).unwrap_or_default(), into);
    }
    into.push_str(rest);
}

/// Resolves the escape behind a backslash; gives what follows it.
fn one<'a>(escape: &'a str, into: &mut String) -> &'a str {
    let mut chars = escape.chars();
    let char = match chars.next() {
        Some(same @ ('"' | '\\' | '/')) => same,
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') if let Some((char, rest)) = unicode(chars.as_str()) => {
            into.push(char);
            return rest;
        }
        _ => {
            into.push('\\');
            return escape;
        }
    };
    into.push(char);
    chars.as_str()
}

/// The char of the one or two escapes behind `\u`, and what follows; none if there are no four digits.
fn unicode(text: &str) -> Option<(char, &str)> {
    let (unit, rest) = hex(text)?;
    if let Some(char) = char::from_u32(unit) {
        return Some((char, rest));
    }
    let pair = rest
        .strip_prefix("\\u")
        .and_then(hex)
        .filter(|(low, _)| unit < 0xDC00 && (0xDC00..0xE000).contains(low));
    Some(match pair {
        Some((low, rest)) => {
            let code = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            (char::from_u32(code).expect("two halves are a char"), rest)
        }
        None => (char::REPLACEMENT_CHARACTER, rest),
    })
}

/// The number of four hexadecimal digits, and what follows them.
fn hex(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let digits = digits.bytes().try_fold(0, |number, byte| {
        Some(number << 4 | char::from(byte).to_digit(16)?)
    })?;
    Some((digits, rest))
}
