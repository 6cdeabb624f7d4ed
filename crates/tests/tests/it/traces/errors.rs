//! Errors of OTLP: their statuses, and their bodies in the form of the request.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;
use reqwest::Method;
use runwatch_tests::actor::{JSON, PROTOBUF};
use runwatch_tests::answer::Answer;
use runwatch_tests::app::with_app;
use runwatch_tests::raw::exchange;

/// `google.rpc.Status`, as far as it is used.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// The answer is a status with a message, in this form.
#[track_caller]
fn is_status(answer: &Answer, kind: &str, grpc_code: i32) {
    assert_eq!(
        answer.header("content-type"),
        Some(kind),
        "{}",
        answer.text()
    );
    let (code, message) = match kind {
        PROTOBUF => {
            let status = RpcStatus::decode(&*answer.body).expect("the body is a status");
            (i64::from(status.code), status.message)
        }
        _ => {
            let status = answer.json();
            let message = status["message"].as_str().expect("a status has a message");
            (
                status["code"].as_i64().expect("a status has a code"),
                message.to_owned(),
            )
        }
    };
    assert_eq!(code, i64::from(grpc_code), "{message}");
    assert!(!message.is_empty());
}

fn zeros_as_gzip(bytes: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(&vec![0; bytes])
        .expect("a buffer takes everything");
    encoder.finish().expect("a buffer takes everything")
}

#[test]
fn a_body_that_cannot_be_read_is_answered_400_in_its_form() {
    with_app(async |app| {
        let truncated = [&[0x0a, 0x7f][..], &[1; 20]].concat();
        for (kind, body) in [
            (PROTOBUF, truncated),
            (JSON, b"{\"resourceSpans\":[".to_vec()),
            (JSON, b"[]".to_vec()),
            (JSON, vec![0xff, 0xfe]),
        ] {
            let answer = app.agent().post("/v1/traces", kind, body).await.expect(400);
            is_status(&answer, kind, 3);
        }
        for kind in [PROTOBUF, JSON] {
            let agent = app.agent();
            let request = agent
                .request(Method::POST, "/v1/traces")
                .header("content-type", kind);
            let answer = agent
                .call(request.header("content-encoding", "gzip").body("no gzip"))
                .await;
            is_status(&answer.expect(400), kind, 3);
        }
    });
}

#[test]
fn a_body_that_is_too_large_is_answered_413_before_and_after_decompression() {
    with_app(async |app| {
        let agent = app.agent();
        let send = async |body: Vec<u8>, encoding: &str| {
            let request = agent
                .request(Method::POST, "/v1/traces")
                .header("content-type", PROTOBUF);
            agent
                .call(request.header("content-encoding", encoding).body(body))
                .await
        };
        is_status(
            &send(zeros_as_gzip(80 << 20), "gzip").await.expect(413),
            PROTOBUF,
            8,
        );
        // The length that is told is enough to refuse; not a byte of the body is waited for.
        let request = format!(
            "POST /v1/traces HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            agent.key_text().unwrap(),
            65 << 20
        );
        let answer = exchange(agent.ingest_address(), request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        // And what comes without one is refused as soon as it is too much.
        let mut request = format!(
            "POST /v1/traces HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
            agent.key_text().unwrap(),
        )
        .into_bytes();
        let chunk = vec![b' '; 1 << 20];
        for _ in 0..18 {
            request.extend(format!("{:x}\r\n", chunk.len()).bytes());
            request.extend(&chunk);
            request.extend(b"\r\n");
        }
        request.extend(b"0\r\n\r\n");
        let answer = exchange(agent.ingest_address(), &request).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    });
}

#[test]
fn another_kind_or_encoding_of_body_is_answered_415() {
    with_app(async |app| {
        let agent = app.agent();
        for kind in ["text/plain", "application/grpc", "application/x-thrift", ""] {
            is_status(
                &agent.post("/v1/traces", kind, "x").await.expect(415),
                JSON,
                12,
            );
        }
        let request = agent
            .request(Method::POST, "/v1/traces")
            .header("content-type", PROTOBUF);
        let answer = agent
            .call(request.header("content-encoding", "zstd").body("x"))
            .await;
        is_status(&answer.expect(415), PROTOBUF, 12);
    });
}

#[test]
fn no_key_is_answered_401_and_a_key_without_the_right_403() {
    with_app(async |app| {
        for kind in [PROTOBUF, JSON] {
            is_status(
                &app.nobody().post("/v1/traces", kind, "").await.expect(401),
                kind,
                16,
            );
            is_status(
                &app.analyst().post("/v1/traces", kind, "").await.expect(403),
                kind,
                7,
            );
        }
    });
}

#[test]
fn reading_traces_is_answered_405() {
    with_app(async |app| {
        let agent = app.agent();
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = agent
                .call(agent.request_to_ingest(method, "/v1/traces"))
                .await
                .expect(405);
            assert_eq!(answer.header("allow"), Some("POST"));
        }
    });
}
