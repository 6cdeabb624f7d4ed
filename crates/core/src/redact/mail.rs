//! E-mail addresses: RFC 5322's unquoted ones as people write them, international letters (RFC 6531)
//! included.
//!
//! What only looks like one is left alone: `git@host`, which names no person; what stands in a URL
//! before its host; handles such as `@alice@example.social`; versions of packages, names of files,
//! and references of code such as `this@Outer.field`.

use std::ops::Range;

use memchr::memchr_iter;

use super::Detector;
use super::borders::whole_escapes;
use super::find::Find;

/// Characters before the `@`, at most (RFC 5321 §4.5.3.1.1).
const LOCAL_CHARS_MAX: usize = 64;
/// Bytes after the `@`, at most: 253 letters, and more of them if they are international.
const DOMAIN_BYTES_MAX: usize = 512;
/// Letters of a top-level domain, at most.
const TLD_LETTERS_MAX: usize = 24;
/// Letters of a top-level domain that has a parenthesis behind it, from which on it is a method.
const METHOD_LETTERS_MIN: usize = 5;
/// Bytes before an address in which the beginning of a URL is looked for.
const URL_BYTES_MAX: usize = 256;
/// What stands before an `@` and is nobody.
pub(super) const NOBODY: [&str; 6] = ["git", "hg", "return", "self", "super", "this"];
/// What hosts end with that have no mail (RFC 6762, RFC 9476), and what files end with.
pub(super) const NO_TLD: [&str; 28] = [
    "lan",
    "local",
    "localdomain",
    "localhost",
    "internal",
    "cpp",
    "class",
    "css",
    "csv",
    "exe",
    "gif",
    "htm",
    "html",
    "java",
    "jpeg",
    "jpg",
    "js",
    "json",
    "jsx",
    "lock",
    "log",
    "pdf",
    "png",
    "svg",
    "tsx",
    "txt",
    "webp",
    "yaml",
];

/// Adds the e-mail addresses of a text.
pub(super) fn find(text: &str, finds: &mut Vec<Find>) {
    for at in memchr_iter(b'@', text.as_bytes()) {
        finds.extend(around(text, at).map(|range| Find::new(range, Detector::EmailAddresses)));
    }
}

/// The address around an `@`.
fn around(text: &str, at: usize) -> Option<Range<usize>> {
    let (head, tail) = (text.get(..at)?, text.get(at + 1..)?);
    let next = tail.chars().next()?;
    if !next.is_alphanumeric() || !head.ends_with(is_of_local) {
        return None;
    }
    let end = at + 1 + domain(tail)?;
    let start = local_start(head)?;
    let range = whole_escapes(text.as_bytes(), start..end)?;
    let local = text.get(range.start..at)?;
    let start = at - local.trim_start_matches(is_trimmed).len();
    let before = text.get(..start)?;
    let is_handle = before.ends_with('@');
    let local = text.get(start..at)?;
    (!local.is_empty() && !is_handle && !NOBODY.contains(&local) && !is_in_url(before))
        .then_some(start..end)
}

/// Where what belongs to the address before its `@` begins.
fn local_start(head: &str) -> Option<usize> {
    let (mut start, mut last) = (head.len(), None);
    for (count, (at, char)) in head.char_indices().rev().enumerate() {
        let is_other_script = last.is_some_and(|last| is_ideographic(last) != is_ideographic(char));
        if !is_of_local(char) || is_other_script {
            break;
        }
        if count == LOCAL_CHARS_MAX {
            return None;
        }
        (start, last) = (at, Some(char));
    }
    Some(start)
}

fn is_of_local(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '.' | '_' | '%' | '+' | '-' | '\'')
}

/// What an address can have in it but does not begin with.
fn is_trimmed(char: char) -> bool {
    matches!(char, '.' | '%' | '+' | '-' | '\'')
}

/// Whether the script has no blanks between its words, so that an address in Latin letters stands
/// in the middle of them.
fn is_ideographic(char: char) -> bool {
    char >= '\u{2e80}'
}

/// Whether a URL has begun whose host is yet to come, as in `https://user:password@`.
fn is_in_url(before: &str) -> bool {
    let from = before.floor_char_boundary(before.len().saturating_sub(URL_BYTES_MAX));
    let near = before.get(from..).unwrap_or_default();
    let is_border = |char: char| char.is_whitespace() || matches!(char, '/' | '"' | '\'' | '<');
    near.rfind(is_border)
        .and_then(|border| near.get(..=border))
        .is_some_and(|url| url.ends_with("://"))
}

/// Length of the domain that a text begins with, up to the last label that can be a top-level one.
fn domain(tail: &str) -> Option<usize> {
    let is_of_domain = |char: char| char.is_alphanumeric() || matches!(char, '.' | '-');
    let len = tail.find(|char| !is_of_domain(char)).unwrap_or(tail.len());
    let whole = tail.get(..len).filter(|_| len <= DOMAIN_BYTES_MAX)?;
    let (mut at, mut best) = (0, None);
    for (index, label) in whole.split('.').enumerate() {
        if label.is_empty() || label.starts_with('-') {
            break;
        }
        if index > 0
            && let Some(len) = tld(label)
        {
            best = Some((at, at + len));
        }
        if label.ends_with('-') {
            break;
        }
        at += label.len() + 1;
    }
    let (last, end) = best?;
    let is_call = tail.get(end..)?.starts_with('(') && end - last >= METHOD_LETTERS_MIN;
    (!is_call && !is_code(whole, whole.get(last..end)?)).then_some(end)
}

/// Length of the top-level domain that a label begins with.
fn tld(label: &str) -> Option<usize> {
    if label.starts_with("xn--") {
        return label.is_ascii().then_some(label.len());
    }
    if label.starts_with(|char: char| !char.is_ascii()) {
        let is_one = label.chars().all(char::is_alphabetic) && label.chars().nth(1).is_some();
        return is_one.then_some(label.len());
    }
    let is_letter = |char: char| char.is_ascii_alphabetic();
    let len = label.find(|char| !is_letter(char)).unwrap_or(label.len());
    let goes_on = label
        .get(len..)?
        .starts_with(|char: char| char.is_ascii_digit());
    let letters = label.get(..len)?;
    let is_camel_case = letters.contains(|char: char| char.is_ascii_lowercase())
        && letters
            .get(1..)?
            .contains(|char: char| char.is_ascii_uppercase());
    ((2..=TLD_LETTERS_MAX).contains(&len) && !goes_on && !is_camel_case).then_some(len)
}

/// Whether the domain is the version of a package, the resolution of an image, the name of a file or
/// a field.
fn is_code(domain: &str, tld: &str) -> bool {
    let mut labels = domain.split('.');
    let first = labels.next().unwrap_or_default();
    let second = labels.next().unwrap_or_default();
    let is_number =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    let is_version = is_number(first) && second.starts_with(|char: char| char.is_ascii_digit());
    let is_resolution = first.strip_suffix('x').is_some_and(is_number);
    is_version
        || is_resolution
        || matches!(first, "self" | "this")
        || NO_TLD.iter().any(|no| no.eq_ignore_ascii_case(tld))
}
