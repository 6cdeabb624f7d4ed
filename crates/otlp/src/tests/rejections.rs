//! One bad span never loses its neighbours.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValueList, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use runwatch_core::limits::{ITEMS_PER_REQUEST_MAX, NESTING_MAX, QUARANTINE_ITEM_BYTES_MAX};

use super::builders::*;
use crate::{DecodeError, Decoded, Format, decode_traces};

fn good(id: u8) -> Span {
    Span {
        span_id: vec![id; 8],
        ..span("good")
    }
}

/// Sends the span between two good ones and gives back the code it was rejected with.
fn rejection(bad: Span) -> (&'static str, String) {
    only_rejection(decode_protobuf(&request(vec![good(5), bad, good(6)])))
}

fn json_rejection(bad: &str) -> &'static str {
    let good = |id: &str| json_span("").replace("0202020202020202", id);
    let spans = [
        good("0505050505050505"),
        bad.to_owned(),
        good("0606060606060606"),
    ];
    only_rejection(decode_json(&json_body(&spans.join(",")))).0
}

fn only_rejection(mut decoded: Decoded) -> (&'static str, String) {
    assert_eq!(decoded.spans, 3);
    assert_eq!(
        decoded
            .parts
            .iter()
            .map(|part| part.steps.len())
            .sum::<usize>(),
        2
    );
    let [rejected] = &mut decoded.rejected[..] else {
        panic!("{:?}", decoded.rejected)
    };
    assert_eq!(rejected.index, 1);
    (rejected.code, std::mem::take(&mut rejected.id))
}

#[test]
fn ids_of_a_wrong_length_or_all_zero_are_rejected() {
    for trace_id in [vec![], vec![1; 15], vec![1; 17], vec![0; 16], vec![1; 300]] {
        assert_eq!(
            rejection(Span {
                trace_id,
                ..span("bad")
            })
            .0,
            "invalid_id"
        );
    }
    for span_id in [vec![], vec![2], vec![2; 7], vec![2; 16], vec![0; 8]] {
        assert_eq!(
            rejection(Span {
                span_id,
                ..span("bad")
            })
            .0,
            "invalid_id"
        );
    }
    let bad = Span {
        parent_span_id: vec![1; 7],
        ..span("bad")
    };
    assert_eq!(
        rejection(bad),
        (
            "invalid_id",
            format!("{}/{}", "01".repeat(16), "02".repeat(8))
        )
    );
}

#[test]
fn a_parent_of_zeros_is_no_parent() {
    for parent_span_id in [vec![], vec![0; 8]] {
        assert_eq!(
            step_of(Span {
                parent_span_id,
                ..span("root")
            })
            .parent,
            None
        );
    }
}

#[test]
fn json_ids_that_are_not_hex_are_rejected() {
    for id in ["0", "zz", "010101010101010101010101010101é"] {
        let bad = json_span("").replace(&"01".repeat(16), id);
        assert_eq!(json_rejection(&bad), "malformed");
    }
    assert_eq!(json_rejection("{}"), "invalid_id");
}

#[test]
fn a_key_with_nul_is_rejected() {
    assert_eq!(rejection(span_with([("a\0b", int(1))])).0, "invalid_key");
    let bad = Span {
        events: vec![event("e", [("\0", int(1))])],
        ..span("bad")
    };
    assert_eq!(rejection(bad).0, "invalid_key");
    let bad = json_span(r#""attributes":[{"key":"a\ud800","value":{"intValue":1}}]"#);
    assert_eq!(json_rejection(&bad), "invalid_key");
}

#[test]
fn text_that_is_not_utf8_rejects_its_span_only() {
    let bad = span("name-to-break").encode_to_vec();
    let mut body = request(vec![good(5), span("name-to-break"), good(6)]).encode_to_vec();
    let at = body
        .windows(bad.len())
        .position(|window| window == bad)
        .unwrap();
    let name = body[at..]
        .windows(4)
        .position(|window| window == b"name")
        .unwrap();
    body[at + name] = 0xff;
    let decoded = decode_traces(&body, Format::Protobuf, key()).unwrap();
    assert_eq!(decoded.rejected[0].body, body[at..at + bad.len()]);
    let ids = format!("{}/{}", "01".repeat(16), "02".repeat(8));
    assert_eq!(only_rejection(decoded), ("invalid_utf8", ids));
}

#[test]
fn log_records_sent_as_spans_are_rejected() {
    let mut body = request(vec![good(5), span("bad"), good(6)]).encode_to_vec();
    let bad = span("bad").encode_to_vec();
    let at = body
        .windows(bad.len())
        .position(|window| window == bad)
        .unwrap();
    // Field 1 of a log record is a fixed64, where a span has its trace id.
    body[at] = 1 << 3 | 1;
    let decoded = decode_traces(&body, Format::Protobuf, key()).unwrap();
    assert_eq!(only_rejection(decoded).0, "malformed");
}

#[test]
fn json_spans_of_a_wrong_shape_are_rejected_alone() {
    for bad in [
        r#""attributes":{"key":"value"}"#,
        r#""attributes":[{"key":1}]"#,
        r#""attributes":[{"key":"a","value":"x"}]"#,
        r#""attributes":[{"key":"a","value":{"intValue":"x"}}]"#,
        r#""attributes":[{"key":"a","value":{"bytesValue":"*"}}]"#,
        r#""kind":"SPAN_KIND_CLIENT""#,
        r#""status":{"code":"STATUS_CODE_ERROR"}"#,
        r#""startTimeUnixNano":-1"#,
        r#""startTimeUnixNano":"yesterday""#,
        r#""name":5"#,
    ] {
        assert_eq!(json_rejection(&json_span(bad)), "malformed", "{bad}");
    }
    assert_eq!(json_rejection("5"), "malformed");
    assert_eq!(json_rejection("null"), "malformed");
}

fn nested(depth: usize) -> AnyValue {
    let mut value = text("deep");
    for _ in 0..depth {
        let values = key_values([("k", value)]);
        value = AnyValue {
            value: Some(any_value::Value::KvlistValue(KeyValueList { values })),
        };
    }
    value
}

#[test]
fn values_nested_up_to_the_limit_are_kept_and_deeper_ones_rejected() {
    let at_limit = request(vec![span_with([("a", nested(NESTING_MAX))])]);
    let run = one_run(decode_protobuf(&at_limit));
    let body = serde_json::to_string(&at_limit).unwrap();
    assert_eq!(
        format!("{run:?}"),
        format!("{:?}", one_run(decode_json(&body)))
    );

    assert_eq!(
        rejection(span_with([("a", nested(NESTING_MAX + 1))])).0,
        "nesting"
    );
    let deeper = request(vec![
        good(5),
        span_with([("a", nested(NESTING_MAX + 1))]),
        good(6),
    ]);
    let decoded = decode_json(&serde_json::to_string(&deeper).unwrap());
    assert_eq!(only_rejection(decoded).0, "nesting");
}

#[test]
fn hostile_depth_is_refused_without_recursion() {
    let open = r#"{"arrayValue":{"values":["#.repeat(200_000);
    let bad = json_span(&format!(r#""attributes":[{{"key":"a","value":{open}"#));
    let body = json_body(&bad);
    assert!(matches!(
        decode_traces(body.as_bytes(), Format::Json, key()),
        Err(DecodeError::Malformed(_))
    ));
    let close = "]}}".repeat(200_000);
    let bad = format!(r#""attributes":[{{"key":"a","value":{open}{close}}}]"#);
    assert_eq!(json_rejection(&json_span(&bad)), "nesting");

    let mut deep = Vec::new();
    for _ in 0..2_000 {
        // An `AnyValue` that is an `ArrayValue`, as the one value of an `ArrayValue`.
        for field in [5 << 3 | 2, 1 << 3 | 2] {
            let mut outer = vec![field];
            prost::encoding::encode_varint(deep.len() as u64, &mut outer);
            outer.append(&mut deep);
            deep = outer;
        }
    }
    let marker = "x".repeat(deep.len());
    let mut body = request(vec![span_with([("a", text(&marker))])]).encode_to_vec();
    let at = body
        .windows(8)
        .position(|window| window == b"xxxxxxxx")
        .unwrap();
    body[at..at + deep.len()].copy_from_slice(&deep);
    // The string becomes an array: the field number in the tag before its length.
    let tag = body[..at]
        .iter()
        .rposition(|byte| *byte == 1 << 3 | 2)
        .unwrap();
    body[tag] = 5 << 3 | 2;
    let decoded = decode_traces(&body, Format::Protobuf, key()).unwrap();
    assert_eq!(decoded.rejected[0].code, "nesting");
}

#[test]
fn a_rejected_span_is_kept_up_to_the_limit_of_the_quarantine() {
    let bad = Span {
        trace_id: Vec::new(),
        ..span(&"n".repeat(QUARANTINE_ITEM_BYTES_MAX))
    };
    let decoded = decode_protobuf(&request(vec![bad.clone()]));
    let sent = bad.encode_to_vec();
    assert_eq!(decoded.rejected[0].body, sent[..QUARANTINE_ITEM_BYTES_MAX]);
}

#[test]
fn as_many_spans_as_a_request_may_hold_are_taken_and_no_more() {
    let spans = |count: usize| {
        let id = |number: usize| (number as u64 + 1).to_be_bytes().to_vec();
        (0..count)
            .map(|number| Span {
                span_id: id(number),
                ..span("s")
            })
            .collect::<Vec<_>>()
    };
    let decoded = decode_protobuf(&request(spans(ITEMS_PER_REQUEST_MAX)));
    assert_eq!(decoded.parts[0].steps.len(), ITEMS_PER_REQUEST_MAX);
    let body = request(spans(ITEMS_PER_REQUEST_MAX + 1)).encode_to_vec();
    let error = decode_traces(&body, Format::Protobuf, key()).unwrap_err();
    assert!(matches!(error, DecodeError::TooManyItems));
}

#[test]
fn bodies_that_are_no_exports_are_errors() {
    for body in [
        "[",
        "[]",
        "5",
        "nonsense",
        r#"{"resourceSpans":5}"#,
        r#"{"a":1"#,
    ] {
        let error = decode_traces(body.as_bytes(), Format::Json, key()).unwrap_err();
        assert!(
            matches!(error, DecodeError::Malformed(_)),
            "{body}: {error}"
        );
    }
    let not_utf8 = decode_traces(b"{\"a\":\"\xff\"}", Format::Json, key());
    assert!(matches!(not_utf8, Err(DecodeError::Malformed(_))));
    for body in [&b"\x0a\x05abc"[..], b"\xff", b"\x0b", b"\x00\x00", b"hello"] {
        let error = decode_traces(body, Format::Protobuf, key()).unwrap_err();
        assert!(
            matches!(error, DecodeError::Malformed(_)),
            "{body:?}: {error}"
        );
    }
}
