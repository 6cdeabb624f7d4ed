//! Tokens of JOSE: JWS (RFC 7515), and with it JWTs, in three parts, JWE (RFC 7516) in five.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::borders::begins_word;
use super::keys::Chars;

/// Characters of a header: `{"alg":""}` has ten bytes.
const HEADER_LEN_MIN: usize = 12;
/// Characters of a header, at most.
const HEADER_LEN_MAX: usize = 8_192;
/// Characters of a word that stands before a token and belongs to it, at most.
const PREFIX_LEN_MAX: usize = 24;

/// Length of the token that begins at this byte.
pub(super) fn len(bytes: &[u8], start: usize) -> Option<usize> {
    if !begins_word(bytes, start) && !has_prefix(bytes.get(..start)?) {
        return None;
    }
    let token = bytes.get(start..)?;
    let header = Chars::Url.count(token);
    if !is_header(token.get(..header)?) {
        return None;
    }
    let (mut lens, mut at) = ([0; 4], header);
    let mut parts = 0;
    for len in &mut lens {
        if token.get(at) != Some(&b'.') {
            break;
        }
        *len = Chars::Url.count(token.get(at + 1..)?);
        at += 1 + *len;
        parts += 1;
    }
    let end_of = |parts: usize| -> usize {
        header + lens.iter().take(parts).map(|len| 1 + len).sum::<usize>()
    };
    match lens {
        // The second part of a JWE is empty if its key was agreed upon.
        [_, iv, text, tag] if parts == 4 && iv > 0 && text > 0 && tag > 0 => Some(end_of(4)),
        [payload, 0, ..] if payload > 0 && parts >= 1 => unsigned(token, header, payload),
        [payload, signature, ..] if payload > 0 && signature > 0 => Some(end_of(2)),
        _ => None,
    }
}

/// Whether a short word with `_` at its end stands before, such as `ghs_1234_`.
fn has_prefix(head: &[u8]) -> bool {
    let letters = head.iter().rev().take(PREFIX_LEN_MAX + 1);
    let len = letters.take_while(|byte| Chars::Url.has(**byte)).count();
    head.ends_with(b"_") && len <= PREFIX_LEN_MAX
}

/// Length of a token that nobody signed, if what follows the header is claims: the point behind them
/// may be the end of a sentence, and the second part a piece of a longer text.
fn unsigned(token: &[u8], header: usize, payload: usize) -> Option<usize> {
    let claims = token.get(header + 1..)?.starts_with(b"eyJ");
    claims.then_some(header + 1 + payload)
}

/// Whether the part is an object.
fn is_header(part: &[u8]) -> bool {
    (HEADER_LEN_MIN..=HEADER_LEN_MAX).contains(&part.len())
        && URL_SAFE_NO_PAD.decode(part).is_ok_and(|header| {
            let header = header.trim_ascii();
            header.starts_with(b"{") && header.ends_with(b"}")
        })
}
