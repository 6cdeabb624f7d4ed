//! What a file holds, by its beginning and, where that does not tell, its name.

#[cfg(test)]
mod tests;

use std::path::Path;

use serde::de::IgnoredAny;

/// First bytes of gzip (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Names of files with one JSON object a line.
const LINES: [&str; 2] = [".ndjson", ".jsonl"];

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";

/// How a file is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) content_type: &'static str,
    pub(super) is_gzip: bool,
}

/// Guesses what a file holds.
pub(super) fn kind(file: &Path, body: &[u8]) -> Kind {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let is_gzip = body.starts_with(&GZIP);
    let content_type = match is_gzip {
        _ if LINES.iter().any(|lines| name.contains(lines)) => NDJSON,
        true if name.contains(".json") => JSON,
        true => PROTOBUF,
        false => by_beginning(body),
    };
    Kind {
        content_type,
        is_gzip,
    }
}

fn by_beginning(body: &[u8]) -> &'static str {
    let is_json = |text: &[u8]| serde_json::from_slice::<IgnoredAny>(text).is_ok();
    let text = body.trim_ascii_start();
    let first = text.split(|byte| *byte == b'\n').next();
    match text {
        [] => JSON,
        _ if is_json(body) => JSON,
        [b'{', ..] if first.is_some_and(is_json) => NDJSON,
        // An export in protobuf begins with a line feed, and a length that may be any letter.
        [b'{' | b'[', ..] if !body.starts_with(b"\n") => JSON,
        _ => PROTOBUF,
    }
}
