//! Private keys as PEM (RFC 7468) and as armour of `OpenPGP`, which is alike (RFC 9580 §6.2).

/// Bytes of the line that says what it is, at most.
const LABEL_LEN_MAX: usize = 64;
/// Bytes of base64 after which a key is one though its end is missing, because the text was cut.
const CUT_LEN_MIN: usize = 40;

/// Length of the private key that begins in front of this text with `-----BEGIN`.
pub(super) fn len(rest: &[u8]) -> Option<usize> {
    let label = label_len(rest)?;
    let body = rest.get(label..)?;
    let mut at = 0;
    while let Some(len) = unit_len(body.get(at..)?, true) {
        if let Some(end) = body.get(at..)?.strip_prefix(b"-----END")
            && let Some(len) = label_len(end)
        {
            return Some(label + at + b"-----END".len() + len);
        }
        if body.get(at..)?.starts_with(b"-----BEGIN") {
            break;
        }
        at += len;
    }
    let mut cut = 0;
    while let Some(len) = unit_len(body.get(cut..)?, false) {
        cut += len;
    }
    (cut >= CUT_LEN_MIN).then_some(label + cut)
}

/// Length of what stands after `-----BEGIN` or `-----END`, if it speaks of a private key.
fn label_len(rest: &[u8]) -> Option<usize> {
    let near = rest.get(..rest.len().min(LABEL_LEN_MAX))?;
    let len = memchr::memmem::find(near, b"-----")?;
    let label = near.get(..len)?;
    let is_label = label
        .iter()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ');
    let is_private = label.ends_with(b" PRIVATE KEY") || label.ends_with(b" PRIVATE KEY BLOCK");
    (is_label && is_private).then_some(len + b"-----".len())
}

/// Length of the next character of a key's body: of base64, between its lines, and if wanted of the
/// lines in front of it. Escapes are one character.
fn unit_len(rest: &[u8], with_headers: bool) -> Option<usize> {
    match rest {
        [
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' | b'\n' | b'\r',
            ..,
        ] => Some(1),
        [b' ' | b'\t' | b':' | b',' | b'-' | b'.' | b'(' | b')', ..] if with_headers => Some(1),
        [b'\\', ..] => {
            let backslashes = rest.iter().take_while(|byte| **byte == b'\\').count();
            match rest.get(backslashes..)? {
                [b'n' | b'r' | b't' | b'/', ..] => Some(backslashes + 1),
                [b'u', b'0', b'0', b'0', b'a' | b'd' | b'A' | b'D', ..] => Some(backslashes + 5),
                _ => None,
            }
        }
        _ => None,
    }
}
