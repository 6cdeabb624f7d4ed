//! Which words of a message vary from one failure to the next.

/// What stands for variable parts.
const PLACEHOLDERS: [&str; 9] = [
    "<num>", "<time>", "<uuid>", "<hex>", "<id>", "<host>", "<email>", "<path>", "<str>",
];

/// Bytes of a word that is kept; longer ones are content.
const WORD_BYTES_MAX: usize = 100;
/// Prefixes of ids that providers make: whatever follows is random.
const ID_PREFIXES: [&str; 12] = [
    "req", "chatcmpl", "msg", "toolu", "resp", "asst", "org", "proj", "sk", "call", "run", "thread",
];
/// Of these, the ones that names of functions begin with too: what follows must hold a digit.
const NAME_PREFIXES: [&str; 3] = ["call", "run", "thread"];
/// Bytes of what follows such a prefix, and of other parts of a word that look random.
const RANDOM_BYTES_MIN: usize = 8;
/// Digits of a part of a word that is a number nobody chose; eight may be a date.
const SERIAL_DIGITS_MIN: usize = 10;
/// Bytes of a word in the alphabet of base64 that is no name any more.
const BASE64_BYTES_MIN: usize = 32;
/// Bytes of a file name's extension.
const EXTENSION_BYTES_MAX: usize = 5;
/// Extensions of source files, which a line number may follow.
const SOURCE_EXTENSIONS: [&str; 14] = [
    "py", "js", "mjs", "cjs", "ts", "tsx", "jsx", "rs", "go", "java", "rb", "php", "c", "cs",
];

/// How many bytes at the start of a text are one word; none if it begins with something else.
pub(super) fn length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = 0;
    // Only an address or a path goes on with a query.
    let mut is_url = text.starts_with('/');
    while let Some(&byte) = bytes.get(at) {
        let placeholder = if byte == b'<' {
            placeholder_length(tail(text, at))
        } else {
            0
        };
        if placeholder > 0 {
            at += placeholder;
        } else if byte.is_ascii_alphanumeric()
            || b"_-.:/@%+~$#*".contains(&byte)
            || (byte == b',' && at > 0 && is_digit(at - 1) && is_digit(at + 1))
            || (is_url && b"?=&;!".contains(&byte))
            || (byte == b'\\' && at > 1 && has_drive(bytes))
        {
            at += 1;
            is_url |= bytes.get(..at).is_some_and(|read| read.ends_with(b"://"));
        } else {
            break;
        }
    }
    at
}

/// Whether a text begins with the drive of a path, as in `C:\Users`.
fn has_drive(bytes: &[u8]) -> bool {
    matches!(bytes, [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic())
}

/// Whether a text begins with a letter, a digit, an underscore or a placeholder, once its first word
/// is replaced.
pub(super) fn starts(text: &str) -> bool {
    let word = replaced(head(text, length(text)));
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    word.as_bytes().first().is_some_and(is_letter) || placeholder_length(&word) > 0
}

/// What may stand before a number and varies with it.
fn is_sign(c: char) -> bool {
    matches!(c, '-' | '+' | '~' | '$' | '#' | '.')
}

/// The word without the signs around it.
pub(super) fn trimmed(word: &str) -> &str {
    split(word).1
}

/// The signs before a word, the word, and the signs after it.
fn split(word: &str) -> (&str, &str, &str) {
    let is_before = |c| {
        matches!(
            c,
            '-' | '.' | ':' | '+' | '#' | '%' | '@' | '$' | '~' | ',' | '*'
        )
    };
    let is_after = |c| "-.:+#@~/$,?=&;!*\\".contains(c);
    let is_path = ["./", "../", "~/"]
        .iter()
        .any(|start| word.starts_with(start));
    let start = if is_path {
        word
    } else {
        word.trim_start_matches(is_before)
    };
    let inner = start.trim_end_matches(is_after);
    let before = word.len() - start.len();
    (head(word, before), inner, tail(word, before + inner.len()))
}

/// The word, or what stands for it. A short word that holds a placeholder is left alone.
pub(super) fn replaced(word: &str) -> String {
    let (before, inner, after) = split(word);
    let inner = if inner.is_empty() || inner.contains('<') {
        inner.to_owned()
    } else {
        whole(inner).unwrap_or_else(|| by_parts(inner))
    };
    let is_signed = inner == "<num>" && before.chars().all(is_sign);
    let before = if is_signed { "" } else { before };
    let written = format!("{before}{inner}{after}");
    if written.len() > WORD_BYTES_MAX {
        "<str>".to_owned()
    } else {
        written
    }
}

/// The word with what stands for each of its parts between colons.
fn by_parts(word: &str) -> String {
    let parts: Vec<&str> = word
        .split(':')
        .map(|part| simple(part).unwrap_or(part))
        .collect();
    parts.join(":")
}

/// What stands for a word in which a colon has a meaning, or for a simple one.
fn whole(word: &str) -> Option<String> {
    if let Some((scheme, rest)) = word.split_once("://") {
        return Some(url(scheme, rest));
    }
    if !word.contains(':') {
        return simple(word).map(str::to_owned);
    }
    let placeholder = if is_time(word) {
        "<time>"
    } else if is_path(word) {
        "<path>"
    } else if is_host(word) {
        "<host>"
    } else if is_number(word) {
        "<num>"
    } else {
        return None;
    };
    Some(placeholder.to_owned())
}

/// What stands for a word without a colon.
fn simple(word: &str) -> Option<&'static str> {
    if is_uuid(word) {
        Some("<uuid>")
    } else if is_time(word) {
        Some("<time>")
    } else if is_ipv4(word) {
        Some("<host>")
    } else if is_number(word) {
        Some("<num>")
    } else if is_hex(word) {
        Some("<hex>")
    } else if is_email(word) {
        Some("<email>")
    } else if is_path(word) {
        Some("<path>")
    } else if is_id(word) {
        Some("<id>")
    } else {
        None
    }
}

/// The scheme and the host stay; a user's name, a port, the path and the query do not.
fn url(scheme: &str, rest: &str) -> String {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = (head(rest, end), tail(rest, end));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = if is_ipv4(host) || host.contains(':') {
        "<host>"
    } else {
        host
    };
    let path = if path.len() > 1 { "/<path>" } else { path };
    format!("{scheme}://{host}{path}")
}

fn is_uuid(word: &str) -> bool {
    let lengths = word.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// `2026-11-21`, with or without a time after it, or `08:16:40`.
fn is_time(word: &str) -> bool {
    let has_shape = |shape: &str| {
        word.len() >= shape.len()
            && word
                .bytes()
                .zip(shape.bytes())
                .all(|(byte, wanted)| match wanted {
                    b'0' => byte.is_ascii_digit(),
                    sign => byte == sign,
                })
    };
    let after_date = word.as_bytes().get(10);
    (has_shape("0000-00-00") && matches!(after_date, None | Some(b'T' | b't' | b':' | b'_')))
        || has_shape("00:00:00")
}

fn is_ipv4(word: &str) -> bool {
    let is_part = |part: &str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    word.split('.').count() == 4 && word.split('.').all(is_part)
}

/// An address with or without a port, or a name with one.
fn is_host(word: &str) -> bool {
    let is_ipv6 = word.matches(':').count() > 2
        && word
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b':');
    let Some((host, port)) = word.rsplit_once(':') else {
        return false;
    };
    let is_port = (2..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    is_ipv6 || (is_port && is_name && (host.contains('.') || port.len() > 3))
}

/// Digits with signs between them and units of up to three letters: `1,024`, `59.9s`, `2m59.56s`,
/// `1.0GiB`, `12/30`, `50%`.
fn is_number(word: &str) -> bool {
    let mut letters = 0;
    let fits = |byte: u8| {
        letters = if byte.is_ascii_alphabetic() {
            letters + 1
        } else {
            0
        };
        letters <= 3 && (byte.is_ascii_alphanumeric() || b".,:_-/%+".contains(&byte))
    };
    word.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && !word.starts_with("0x")
        && word.bytes().all(fits)
        && !(is_hex(word) && word.len() >= RANDOM_BYTES_MIN)
}

/// `0x7f3a`, or at least eight hexadecimal digits with a digit and a letter among them.
fn is_hex(word: &str) -> bool {
    let all_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(digits) = word.strip_prefix("0x") {
        return !digits.is_empty() && all_hex(digits);
    }
    word.len() >= RANDOM_BYTES_MIN
        && all_hex(word)
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn is_email(word: &str) -> bool {
    word.split_once('@').is_some_and(|(user, host)| {
        let parts = host.split('.');
        !user.is_empty()
            && parts.clone().count() > 1
            && parts
                .clone()
                .all(|part| !part.is_empty() && !part.contains(['/', '@']))
    })
}

/// An absolute path, one from here or home, a relative one to a file with an extension, or a source
/// file with a line number.
fn is_path(word: &str) -> bool {
    let is_rooted = ["/", "./", "../", "~/"]
        .iter()
        .any(|start| word.starts_with(start));
    if is_rooted || has_drive(word.as_bytes()) {
        return true;
    }
    let (file, line) = word.split_once(':').unwrap_or((word, ""));
    let Some((_, extension)) = file.rsplit_once('.') else {
        return false;
    };
    if line.starts_with(|c: char| c.is_ascii_digit()) && SOURCE_EXTENSIONS.contains(&extension) {
        return true;
    }
    line.is_empty()
        && word.contains('/')
        && (1..=EXTENSION_BYTES_MAX).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !extension.starts_with(|c: char| c.is_ascii_digit())
}

/// A known prefix of ids with something random after it, a part that looks random, or a secret
/// whose middle was starred out.
fn is_id(word: &str) -> bool {
    let has_digit = |text: &str| text.bytes().any(|byte| byte.is_ascii_digit());
    let is_prefixed = word.split_once(['_', '-']).is_some_and(|(prefix, rest)| {
        rest.len() >= RANDOM_BYTES_MIN
            && ID_PREFIXES.contains(&prefix)
            && (has_digit(rest) || !NAME_PREFIXES.contains(&prefix))
    });
    let is_base64 = word.len() >= BASE64_BYTES_MIN
        && has_digit(word)
        && word.bytes().any(|byte| byte.is_ascii_uppercase())
        && word.bytes().any(|byte| byte.is_ascii_lowercase())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/_-".contains(&byte));
    let mut parts = word.split(|c: char| !c.is_ascii_alphanumeric());
    is_prefixed || is_base64 || word.contains("**") || parts.any(is_random)
}

/// Hexadecimal, a long number, or letters and digits in turns, which words and versions are not.
fn is_random(part: &str) -> bool {
    let bytes = part.as_bytes();
    let is_turn = |pair: &&[u8]| pair[0].is_ascii_digit() != pair[1].is_ascii_digit();
    let turns = bytes.windows(2).filter(is_turn).count();
    is_hex(part)
        || (part.len() >= SERIAL_DIGITS_MIN && bytes.iter().all(u8::is_ascii_digit))
        || (part.len() >= RANDOM_BYTES_MIN && turns >= 3)
}

/// How long the placeholder at the start of a text is, if one stands there.
fn placeholder_length(text: &str) -> usize {
    let at_start = PLACEHOLDERS
        .iter()
        .find(|placeholder| text.starts_with(**placeholder));
    at_start.map_or(0, |placeholder| placeholder.len())
}

fn head(text: &str, end: usize) -> &str {
    text.get(..end).unwrap_or_default()
}

fn tail(text: &str, start: usize) -> &str {
    text.get(start..).unwrap_or_default()
}
