//! Answers, read by an independent decoder.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use crate::Format::{Json, Protobuf};
use crate::response::{partial, status, success};

#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

#[test]
fn success_leaves_partial_success_unset() {
    assert_eq!(success(Protobuf), b"");
    assert_eq!(success(Json), b"{}");
}

#[test]
fn partial_success_tells_how_many_and_why() {
    for (rejected, message) in [(2, "bad \"id\""), (0, "a warning"), (i64::MAX, "")] {
        let body = partial(Protobuf, rejected.cast_unsigned(), message);
        let response = ExportTraceServiceResponse::decode(&*body).unwrap();
        let partial = response.partial_success.unwrap();
        assert_eq!(
            (partial.rejected_spans, partial.error_message.as_str()),
            (rejected, message)
        );
    }
    let body = String::from_utf8(partial(Json, 2, "bad \"id\"")).unwrap();
    let expected = r#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"bad \"id\""}}"#;
    assert_eq!(body, expected);
}

#[test]
fn a_status_carries_code_and_message() {
    for code in [0, 3, 14, -1] {
        let body = status(Protobuf, code, "the database is away", None);
        let read = RpcStatus::decode(&*body).unwrap();
        assert_eq!(
            (read.code, read.message.as_str()),
            (code, "the database is away")
        );
    }
    let body = String::from_utf8(status(Json, 14, "a\nb", None)).unwrap();
    assert_eq!(body, r#"{"code":14,"message":"a\nb"}"#);
}

#[test]
fn long_messages_are_cut_at_a_character() {
    let long = "é".repeat(1 << 20);
    assert!(status(Protobuf, 3, &long, None).len() < 5_000);
    let body = String::from_utf8(partial(Json, 1, &long)).unwrap();
    assert!(body.len() < 5_000 && body.contains('é'));
}
