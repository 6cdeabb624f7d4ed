//! The forms that an export may have, and the form of the answer.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use reqwest::Method;
use runwatch_tests::actor::{JSON, PROTOBUF};
use runwatch_tests::app::with_app;
use runwatch_tests::moments::seconds_ago_us;
use runwatch_tests::raw::exchange;
use runwatch_tests::spans::{export, span};
use serde_json::{Value, json};

const TRACE: [u8; 16] = [0xab; 16];
const RUN: &str = "abababab-abab-abab-abab-abababababab";

fn one_span(id: u64) -> ExportTraceServiceRequest {
    export(
        "shop",
        vec![span(
            TRACE,
            id,
            "step",
            (seconds_ago_us(9), seconds_ago_us(1)),
        )],
    )
}

fn as_json(export: &ExportTraceServiceRequest) -> Vec<u8> {
    serde_json::to_vec(export).expect("an export is JSON")
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).expect("a buffer takes everything");
    encoder.finish().expect("a buffer takes everything")
}

#[test]
fn an_export_is_taken_as_protobuf_and_json_plain_and_gzip() {
    with_app(async |app| {
        let agent = app.agent();
        let bodies = [
            (PROTOBUF, None, one_span(1).encode_to_vec()),
            (PROTOBUF, Some("gzip"), gzip(&one_span(2).encode_to_vec())),
            (JSON, None, as_json(&one_span(3))),
            (JSON, Some("gzip"), gzip(&as_json(&one_span(4)))),
            (
                "application/json; charset=utf-8",
                None,
                as_json(&one_span(5)),
            ),
        ];
        for (kind, encoding, body) in bodies {
            let mut request = agent
                .request(Method::POST, "/v1/traces")
                .header("content-type", kind);
            if let Some(encoding) = encoding {
                request = request.header("content-encoding", encoding);
            }
            let answer = agent.call(request.body(body)).await.expect(200);
            let empty: &[u8] = if kind == PROTOBUF { b"" } else { b"{}" };
            assert_eq!(answer.body, empty, "{kind} {encoding:?}");
            assert_eq!(answer.header("content-type"), kind.split(';').next());
        }
        assert_eq!(
            app.analyst().run(RUN).await.expect(200).json()["totals"]["steps"],
            5
        );
    });
}

#[test]
fn json_may_come_in_chunks_without_a_length() {
    with_app(async |app| {
        let agent = app.agent();
        let body = as_json(&one_span(1));
        let mut request = format!(
            "POST /v1/traces HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
            agent.key_text().unwrap()
        )
        .into_bytes();
        for chunk in body.chunks(100) {
            request.extend(format!("{:x}\r\n", chunk.len()).bytes());
            request.extend(chunk);
            request.extend(b"\r\n");
        }
        request.extend(b"0\r\n\r\n");
        let answer = exchange(agent.ingest_address(), &request).await;
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n{}"),
            "{answer}"
        );
        assert_eq!(
            app.analyst().run(RUN).await.expect(200).json()["totals"]["steps"],
            1
        );
    });
}

#[test]
fn an_export_without_spans_is_a_success() {
    with_app(async |app| {
        let bodies = [
            "{}",
            r#"{"resourceSpans":[]}"#,
            r#"{"resourceSpans":[{}]}"#,
            r#"{"resourceSpans":[{"scopeSpans":[]}]}"#,
            r#"{"resourceSpans":[{"scopeSpans":[{}]}]}"#,
            r#"{"resourceSpans":[{"scopeSpans":[{"spans":[]}]}]}"#,
            r#"{"resourceSpans":null}"#,
        ];
        for body in bodies {
            let answer = app.agent().post("/v1/traces", JSON, body).await.expect(200);
            assert_eq!(answer.text(), "{}", "{body}");
        }
        app.agent()
            .send_traces(&ExportTraceServiceRequest::default())
            .await
            .expect(200);
        app.agent()
            .send_traces(&export("shop", Vec::new()))
            .await
            .expect(200);
    });
}

#[test]
fn what_is_rejected_of_an_export_is_counted_in_the_form_of_the_request() {
    with_app(async |app| {
        let times = (seconds_ago_us(9), seconds_ago_us(1));
        let mut bad = span(TRACE, 2, "bad", times);
        bad.span_id = vec![0; 8];
        let mixed = export(
            "shop",
            vec![span(TRACE, 1, "good", times), bad.clone(), bad],
        );
        let answer = app.agent().send_traces(&mixed).await.expect(200);
        let partial = ExportTraceServiceResponse::decode(&*answer.body)
            .unwrap()
            .partial_success
            .unwrap();
        assert_eq!(partial.rejected_spans, 2);
        assert!(
            partial.error_message.contains("invalid_id"),
            "{}",
            partial.error_message
        );
        let answer = app
            .agent()
            .post("/v1/traces", JSON, as_json(&mixed))
            .await
            .expect(200)
            .json();
        // A 64-bit number is a string in the JSON of protobuf.
        assert_eq!(answer["partialSuccess"]["rejectedSpans"], "2");
        assert_eq!(
            app.analyst().run(RUN).await.expect(200).json()["totals"]["steps"],
            1
        );
    });
}

#[test]
fn an_export_sent_twice_is_stored_once_whatever_its_form() {
    with_app(async |app| {
        let whole = export(
            "shop",
            (1..=20)
                .map(|id| span(TRACE, id, "step", (seconds_ago_us(9), seconds_ago_us(1))))
                .collect(),
        );
        app.agent().send_traces(&whole).await.expect(200);
        let answer = app
            .agent()
            .post("/v1/traces", JSON, as_json(&whole))
            .await
            .expect(200);
        assert_eq!(answer.text(), "{}");
        app.agent().send_traces(&whole).await.expect(200);
        assert_eq!(
            app.analyst().run(RUN).await.expect(200).json()["totals"]["steps"],
            20
        );
    });
}

#[test]
fn children_may_come_before_their_parents() {
    with_app(async |app| {
        let times = (seconds_ago_us(9), seconds_ago_us(1));
        let mut child = span(TRACE, 2, "child", times);
        child.parent_span_id = 1_u64.to_be_bytes().to_vec();
        app.agent()
            .send_traces(&export("shop", vec![child]))
            .await
            .expect(200);
        assert_eq!(
            app.analyst().run(RUN).await.expect(200).json()["provisional"],
            true
        );
        let root = span(TRACE, 1, "root", times);
        app.agent()
            .send_traces(&export("shop", vec![root]))
            .await
            .expect(200);
        let run: Value = app.analyst().run(RUN).await.expect(200).json();
        assert_eq!(
            json!([run["provisional"], run["totals"]["steps"]]),
            json!([false, 2])
        );
    });
}
