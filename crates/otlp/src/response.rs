//! The answers of an OTLP endpoint, in the format of the request
//! (opentelemetry-proto 1.11, `docs/specification.md`).

use runwatch_core::json::push_string;
use runwatch_core::text::cut;

use crate::Format;

/// Bytes of a message in an answer: far below the 4 MiB that a client has to read.
const MESSAGE_BYTES_MAX: usize = 4096;
/// Name of the message that says when to come back (`google/rpc/error_details.proto`).
const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";
/// Tag of a varint field: wire type 0.
const VARINT: u8 = 0;
/// Tag of a field with a length: wire type 2.
const BYTES: u8 = 2;

/// `ExportTraceServiceResponse` when all was taken: partial success has to be unset.
pub fn success(format: Format) -> Vec<u8> {
    match format {
        Format::Protobuf => Vec::new(),
        Format::Json => b"{}".to_vec(),
    }
}

/// `ExportTraceServiceResponse` when some spans were rejected; with none it is a warning.
pub fn partial(format: Format, rejected: u64, message: &str) -> Vec<u8> {
    let message = cut(message, MESSAGE_BYTES_MAX);
    match format {
        Format::Protobuf => {
            let mut partial = Vec::new();
            push_number(&mut partial, 1, rejected);
            push_bytes(&mut partial, 2, message.as_bytes());
            let mut out = Vec::new();
            push_bytes(&mut out, 1, &partial);
            out
        }
        Format::Json => {
            let mut out = format!("{{\"partialSuccess\":{{\"rejectedSpans\":\"{rejected}\"");
            out.push_str(",\"errorMessage\":");
            push_string(&mut out, message);
            out.push_str("}}");
            out.into_bytes()
        }
    }
}

/// `google.rpc.Status`, the body of every error; `code` is gRPC's. With the seconds after which to
/// come back it holds a `google.rpc.RetryInfo`.
pub fn status(format: Format, code: i32, message: &str, retry_after: Option<u32>) -> Vec<u8> {
    let message = cut(message, MESSAGE_BYTES_MAX);
    match format {
        Format::Protobuf => {
            let mut out = Vec::new();
            push_number(&mut out, 1, i64::from(code).cast_unsigned());
            push_bytes(&mut out, 2, message.as_bytes());
            if let Some(seconds) = retry_after {
                let mut any = Vec::new();
                push_bytes(&mut any, 1, RETRY_INFO.as_bytes());
                push_bytes(&mut any, 2, &retry_info(seconds));
                push_bytes(&mut out, 3, &any);
            }
            out
        }
        Format::Json => {
            let mut out = format!("{{\"code\":{code},\"message\":");
            push_string(&mut out, message);
            if let Some(seconds) = retry_after {
                out.push_str(&format!(
                    ",\"details\":[{{\"@type\":\"{RETRY_INFO}\",\"retryDelay\":\"{seconds}s\"}}]"
                ));
            }
            out.push('}');
            out.into_bytes()
        }
    }
}

/// `google.rpc.RetryInfo`: a `google.protobuf.Duration` in its first field.
pub fn retry_info(seconds: u32) -> Vec<u8> {
    let (mut duration, mut out) = (Vec::new(), Vec::new());
    push_number(&mut duration, 1, u64::from(seconds));
    push_bytes(&mut out, 1, &duration);
    out
}

/// Zero is what an absent number means.
fn push_number(out: &mut Vec<u8>, field: u8, number: u64) {
    if number != 0 {
        out.push(field << 3 | VARINT);
        push_varint(out, number);
    }
}

fn push_bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    if !bytes.is_empty() {
        out.push(field << 3 | BYTES);
        push_varint(out, bytes.len() as u64);
        out.extend_from_slice(bytes);
    }
}

fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}
