//! What real exporters send that no specification asks for, and what hostile ones might.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValueList, any_value};
use runwatch_tests::actor::JSON;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::moments::seconds_ago_us;
use runwatch_tests::spans::{attribute, export, span, text};
use serde_json::{Value, json};

const TRACE: [u8; 16] = [0xab; 16];
const RUN: &str = "abababab-abab-abab-abab-abababababab";

fn times() -> (i64, i64) {
    (seconds_ago_us(9), seconds_ago_us(1))
}

/// Sends spans that are all taken.
async fn send_json(app: &TestApp, spans: &str) {
    let body = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#);
    let answer = app.agent().post("/v1/traces", JSON, body).await.expect(200);
    assert_eq!(answer.text(), "{}", "{spans}");
}

/// A span of JSON with this id, and further fields as text.
fn json_span(id: u64, fields: &str) -> String {
    let (start, end) = (seconds_ago_us(9) * 1_000, seconds_ago_us(1) * 1_000);
    format!(
        r#"{{"traceId":"{}","spanId":"{id:016x}","name":"step","startTimeUnixNano":"{start}","endTimeUnixNano":"{end}"{fields}}}"#,
        "ab".repeat(16)
    )
}

async fn step(app: &TestApp, id: u64) -> Value {
    app.analyst()
        .step(RUN, &format!("{id:016x}"))
        .await
        .expect(200)
        .json()
}

#[test]
fn the_spellings_of_json_that_exporters_use_are_understood() {
    let fields = [
        r#","attributes":[{"key":"n","value":{"intValue":"5"}}]"#,
        r#","attributes":[{"key":"n","value":{"intValue":5}}]"#,
        r#","attributes":[{"key":"n","value":{"doubleValue":5}}]"#,
        r#","attributes":[{"key":"n","value":{"doubleValue":"NaN"}}]"#,
        r#","attributes":[{"key":"n","value":{"doubleValue":null}}]"#,
        r#","attributes":[{"key":"n","value":{}}]"#,
        r#","attributes":[{"key":"n","value":null}]"#,
        r#","attributes":[{"key":"n"}]"#,
        r#","attributes":[{"key":"n","value":{"arrayValue":{}}}]"#,
        r#","attributes":[{"key":"n","value":{"kvlistValue":{}}}]"#,
        r#","attributes":[{"key":"n","value":{"bytesValue":"AAEC"}}]"#,
        r#","attributes":null,"events":null,"links":null,"traceState":null"#,
        r#","parentSpanId":"","parentSpanId2":1,"unknown":{"a":[1]}"#,
        r#","parentSpanId":null,"status":{}"#,
        r#","kind":3,"status":{"code":1},"flags":257"#,
        "",
    ];
    with_app(async |app| {
        let spans: Vec<String> = (1..)
            .zip(fields)
            .map(|(id, fields)| json_span(id, fields))
            .collect();
        send_json(app, &spans.join(",")).await;
        let run = app.analyst().run(RUN).await.expect(200).json();
        assert_eq!(run["totals"]["steps"], fields.len());
        for id in 1..=3 {
            assert_eq!(
                step(app, id).await["attributes"]["n"].as_f64(),
                Some(5.0),
                "span {id}"
            );
        }
    });
}

#[test]
fn ids_may_be_upper_case_and_times_numbers() {
    with_app(async |app| {
        let (start, end) = (seconds_ago_us(9) * 1_000, seconds_ago_us(1) * 1_000);
        let span = format!(
            r#"{{"traceId":"{}","spanId":"00000000000000AF","startTimeUnixNano":{start},"endTimeUnixNano":{end}}}"#,
            "AB".repeat(16)
        );
        send_json(app, &span).await;
        assert_eq!(step(app, 0xaf).await["duration_us"], 8_000_000);
    });
}

#[test]
fn spans_without_a_valid_id_are_rejected_and_their_neighbours_kept() {
    with_app(async |app| {
        let good = span(TRACE, 1, "good", times());
        let mut bad = Vec::new();
        for (trace, id) in [(15, 8), (0, 8), (17, 8), (16, 7), (16, 0), (16, 9)] {
            let mut span = good.clone();
            (span.trace_id, span.span_id) = (vec![7; trace], vec![7; id]);
            bad.push(span);
        }
        let mut zeros = good.clone();
        zeros.trace_id = vec![0; 16];
        bad.push(zeros);
        let rejected = bad.len();
        bad.insert(3, good);
        let answer = app
            .agent()
            .send_traces_json(&json!(export("shop", bad)))
            .await
            .expect(200)
            .json();
        assert_eq!(
            answer["partialSuccess"]["rejectedSpans"],
            rejected.to_string()
        );
        assert_eq!(
            app.analyst().run(RUN).await.expect(200).json()["totals"]["steps"],
            1
        );
    });
}

#[test]
fn odd_times_are_taken_and_said_to_be_odd() {
    with_app(async |app| {
        let (start, end) = times();
        let spans = vec![
            span(TRACE, 1, "ends before it starts", (end, start)),
            span(TRACE, 2, "long ago", (1, 2)),
            span(
                TRACE,
                3,
                "in the far future",
                (9_000_000_000_000_000, 9_000_000_000_000_001),
            ),
            span(TRACE, 4, "not ended", (start, 0)),
        ];
        app.agent()
            .send_traces(&export("shop", spans))
            .await
            .expect(200);
        for id in 1..=3 {
            assert!(
                step(app, id).await["flags"].to_string().contains("clock"),
                "span {id}"
            );
        }
        let running = step(app, 4).await;
        assert_eq!(
            (&running["status"], &running["ended_at"]),
            (&json!("running"), &Value::Null)
        );
    });
}

#[test]
fn text_that_postgres_cannot_keep_is_replaced_and_said_to_be() {
    with_app(async |app| {
        let nul = r#","attributes":[{"key":"a","value":{"stringValue":"b\u0000c"}}]"#;
        let half = r#","attributes":[{"key":"a","value":{"stringValue":"b\ud83dc"}}]"#;
        send_json(
            app,
            &[json_span(1, nul), json_span(2, half), json_span(3, "")].join(","),
        )
        .await;
        for id in [1, 2] {
            let step = step(app, id).await;
            assert_eq!(step["attributes"]["a"], "b\u{fffd}c", "span {id}");
            assert!(
                step["flags"].to_string().contains("sanitized"),
                "span {id}: {}",
                step["flags"]
            );
        }
        assert_eq!(step(app, 3).await["flags"], json!([]));
    });
}

#[test]
fn large_spans_are_taken() {
    with_app(async |app| {
        let mut large = span(TRACE, 1, "a megabyte", times());
        large.attributes = vec![attribute("input.value", text(&"x ".repeat(500_000)))];
        let mut wide = span(TRACE, 2, "many attributes", times());
        wide.attributes = (0..1_000)
            .map(|n| attribute(&format!("key.{n}"), text("value")))
            .collect();
        app.agent()
            .send_traces(&export("shop", vec![large, wide]))
            .await
            .expect(200);
        let input = step(app, 1).await["input"].to_string();
        assert_eq!(input.len(), 1_000_000 + 2);
        assert_eq!(
            step(app, 2).await["attributes"].as_object().unwrap().len(),
            1_000
        );
    });
}

#[test]
fn five_thousand_spans_are_one_request() {
    with_app(async |app| {
        let spans = (1..=5_000)
            .map(|id| span(TRACE, id, "step", times()))
            .collect();
        app.agent()
            .send_traces(&export("shop", spans))
            .await
            .expect(200);
        assert_eq!(
            app.analyst().run(RUN).await.expect(200).json()["totals"]["steps"],
            5_000
        );
    });
}

#[test]
fn values_nested_too_deeply_are_rejected_alone() {
    with_app(async |app| {
        let mut nested = text("core");
        for _ in 0..200 {
            let values = vec![attribute("k", nested)];
            nested = AnyValue {
                value: Some(any_value::Value::KvlistValue(KeyValueList { values })),
            };
        }
        let mut deep = span(TRACE, 1, "deep", times());
        deep.attributes = vec![attribute("deep", nested)];
        let both = export("shop", vec![deep, span(TRACE, 2, "flat", times())]);
        let answer = app
            .agent()
            .send_traces_json(&json!(both))
            .await
            .expect(200)
            .json();
        assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1");
        app.agent().send_traces(&both).await.expect(200);
        assert_eq!(
            app.analyst().run(RUN).await.expect(200).json()["totals"]["steps"],
            1
        );
    });
}
