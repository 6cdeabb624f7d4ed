//! `POST /v1/validate`: a dry run that stores nothing.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;
use reqwest::Method;
use runwatch_core::api_key::Scope;
use runwatch_tests::actor::{JSON, NDJSON, PROTOBUF};
use runwatch_tests::app::with_app;
use runwatch_tests::moments::seconds_ago_us;
use runwatch_tests::projects::OURS;
use runwatch_tests::spans::{export, span};
use serde_json::{Value, json};

const PATH: &str = "/v1/validate";
const TRACE: [u8; 16] = [0xab; 16];
const RUN: &str = "abababab-abab-abab-abab-abababababab";

fn now() -> (i64, i64) {
    (seconds_ago_us(9), seconds_ago_us(1))
}

/// An export of one call of a model, in JSON.
fn model_call() -> Value {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let mut export = serde_json::to_value(export("shop", vec![span(TRACE, 1, "chat", now())]))
        .expect("an export is JSON");
    let span = &mut export["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    span["attributes"] = json!([
        text("gen_ai.request.model", "gpt-4o"),
        text("gen_ai.response.model", "gpt-4o-2024-08-06"),
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1000"}},
        text("gen_ai.input.messages", "[{\"role\":\"user\"}]"),
        text("session.id", "s1"),
        text("app.channel", "web"),
        text("app.text", &"x".repeat(1_000)),
    ]);
    export
}

fn attribute<'a>(item: &'a Value, name: &str) -> &'a Value {
    let attributes = item["attributes"].as_array().expect("they are listed");
    let found = attributes
        .iter()
        .find(|attribute| attribute["name"] == name);
    found.unwrap_or_else(|| panic!("{name} in {item}"))
}

#[test]
fn a_span_is_described_with_what_became_of_its_attributes() {
    with_app(async |app| {
        let answer = app
            .agent()
            .post(PATH, JSON, model_call().to_string())
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&answer["form"], &answer["accepted"]),
            (&json!("otlp"), &json!(1))
        );
        let run = &answer["runs"][0];
        assert_eq!(
            (&run["run_id"], &run["is_run"], &run["session_id"]),
            (&json!(RUN), &json!(true), &json!("s1"))
        );
        assert_eq!(run["input_tokens"], 1_000);
        assert!(run["cost_usd"].as_f64().unwrap() > 0.0);

        let item = &answer["items"][0];
        let step = &item["steps"][0];
        assert_eq!(
            (&step["kind"], &step["model"]),
            (&json!("llm"), &json!("gpt-4o-2024-08-06"))
        );
        assert_eq!(step["input"], "[{\"role\":\"user\"}]");
        assert_eq!(step["attributes"], json!({"app.channel": "web"}));

        let model = attribute(item, "gen_ai.response.model");
        assert_eq!(
            (&model["fields"], &model["kept"]),
            (&json!(["model"]), &json!("field"))
        );
        let asked = attribute(item, "gen_ai.request.model");
        assert_eq!(asked["outranked_for"], "model");
        assert_eq!(asked["kept"], "payload");
        let session = attribute(item, "session.id");
        assert_eq!(session["fields"], json!(["run.session_id"]));
        assert_eq!(attribute(item, "app.channel")["kept"], "filterable");
        assert_eq!(attribute(item, "app.text")["kept"], "payload");
        assert_eq!(answer["not_understood"], json!(["app.channel", "app.text"]));
    });
}

#[test]
fn nothing_is_stored() {
    with_app(async |app| {
        let agent = app.agent();
        agent
            .post(PATH, JSON, model_call().to_string())
            .await
            .expect(200);
        let run = json!({"agent_id": "a", "run_id": RUN});
        agent.post(PATH, JSON, run.to_string()).await.expect(200);
        app.analyst().run(RUN).await.expect(404);
        app.fold().await;
        let usage = app.analyst().get("/v1/agents").await.expect(200).json();
        assert_eq!(usage["agents"].as_array().map_or(0, Vec::len), 0, "{usage}");
    });
}

#[test]
fn an_export_may_be_protobuf_or_json_plain_or_gzip() {
    with_app(async |app| {
        let export = export("shop", vec![span(TRACE, 1, "step", now())]);
        let json = serde_json::to_vec(&export).expect("an export is JSON");
        for (kind, body) in [(PROTOBUF, export.encode_to_vec()), (JSON, json)] {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&body).expect("a buffer takes everything");
            let gzip = encoder.finish().expect("a buffer takes everything");
            for (encoding, body) in [("identity", body), ("gzip", gzip)] {
                let agent = app.agent();
                let request = agent
                    .request(Method::POST, PATH)
                    .header("content-type", kind)
                    .header("content-encoding", encoding);
                let answer = agent.call(request.body(body)).await.expect(200).json();
                assert_eq!(answer["form"], "otlp", "{kind} {encoding}");
                assert_eq!(answer["items"][0]["steps"][0]["name"], "step");
            }
        }
    });
}

#[test]
fn runs_may_be_one_an_array_or_lines() {
    with_app(async |app| {
        let run = json!({
            "agent_id": "writer",
            "steps": [{"kind": "llm", "model": "gpt-4o", "usage": {"input_tokens": 5}, "input": "hi"}],
            "input": {"resourceSpans": 1},
        });
        let bodies = [
            (JSON, run.to_string(), 1),
            (JSON, json!([run, run]).to_string(), 2),
            (NDJSON, format!("{run}\n\n{run}\n"), 2),
        ];
        for (kind, body, count) in bodies {
            let answer = app.agent().post(PATH, kind, body).await.expect(200).json();
            assert_eq!(
                (&answer["form"], &answer["accepted"]),
                (&json!("native"), &json!(count))
            );
            let step = &answer["items"][count - 1]["steps"][0];
            assert_eq!(
                (&step["kind"], &step["input"]),
                (&json!("llm"), &json!("\"hi\""))
            );
            assert_eq!(answer["runs"][0]["agent_id"], "writer");
        }
    });
}

#[test]
fn what_would_be_refused_says_why_and_where() {
    with_app(async |app| {
        let runs = json!([
            {"agent_id": "a"},
            {"agent": "mistyped"},
            {"agent_id": "a", "steps": [{}, {"usage": {"input_tokens": -1}}]},
        ]);
        let answer = app
            .agent()
            .post(PATH, JSON, runs.to_string())
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&answer["accepted"], &answer["rejected"]),
            (&json!(1), &json!(2))
        );
        let reason = |at: usize| answer["items"][at]["rejections"][0].clone();
        assert_eq!(reason(1)["code"], "unknown_field");
        assert_eq!(reason(2)["code"], "out_of_range");
        assert_eq!(reason(2)["field"], "steps[1].usage.input_tokens");

        let mut spans = model_call();
        spans["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["spanId"] = json!("01");
        let answer = app
            .agent()
            .post(PATH, JSON, spans.to_string())
            .await
            .expect(200)
            .json();
        assert_eq!(answer["items"][0]["verdict"], "rejected");
        assert_eq!(answer["items"][0]["rejections"][0]["code"], "invalid_id");
    });
}

#[test]
fn steps_and_failures_may_be_tried_by_themselves() {
    with_app(async |app| {
        let agent = app.agent();
        let step = json!({"step_id": "00000000000000a1", "kind": "tool", "name": "search"});
        let answer = agent
            .post("/v1/validate?item=step", JSON, step.to_string())
            .await;
        let answer = answer.expect(200).json();
        assert_eq!(answer["items"][0]["steps"][0]["name"], "search");
        let failure = json!({"message": "rate limit exceeded", "code": "429"});
        let answer = agent
            .post("/v1/validate?item=failure", JSON, failure.to_string())
            .await;
        let answer = answer.expect(200).json();
        assert_eq!(answer["runs"][0]["failures"], json!(["rate_limit"]));
        let unknown = agent.post("/v1/validate?item=goat", JSON, "{}").await;
        unknown.expect(400);
    });
}

#[test]
fn what_is_promised_of_a_recorded_body_is_what_is_stored() {
    with_app(async |app| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/otlp");
        for name in ["strands-latest-028", "pydantic-ai-000", "vercel-ai7-036"] {
            let body = std::fs::read(folder.join(format!("{name}_v1_traces.body")));
            let body = body.expect("the body is there");
            let kind = if body.starts_with(b"{") {
                JSON
            } else {
                PROTOBUF
            };
            let promised = app
                .agent()
                .post(PATH, kind, body.clone())
                .await
                .expect(200)
                .json();
            app.agent().post("/v1/traces", kind, body).await.expect(200);
            let runs = promised["runs"].as_array().unwrap();
            assert!(!runs.is_empty(), "{name}");
            for run in runs {
                let id = run["run_id"].as_str().unwrap();
                let stored = app.analyst().run(id).await.expect(200).json();
                for field in ["agent_id", "status", "session_id", "user_id"] {
                    assert_eq!(run[field], stored[field], "{name} {field}");
                }
                for field in ["steps", "input_tokens", "output_tokens"] {
                    assert_eq!(run[field], stored["totals"][field], "{name} {field}");
                }
            }
        }
    });
}

#[test]
fn the_answer_is_bounded_and_counts_everything() {
    with_app(async |app| {
        let run = json!({"agent_id": "a", "steps": vec![json!({"kind": "tool"}); 30]});
        let answer = app
            .agent()
            .post(PATH, JSON, json!(vec![run; 150]).to_string())
            .await
            .expect(200)
            .json();
        assert_eq!(answer["accepted"], 150);
        for list in ["items", "runs"] {
            assert_eq!(answer[list].as_array().unwrap().len(), 100, "{list}");
        }
        let item = &answer["items"][0];
        assert_eq!(item["steps"].as_array().unwrap().len(), 20);
        assert_eq!(item["steps_total"], 30);
        let long = json!({"agent_id": "a", "steps": [{"input": "x".repeat(100_000)}]});
        let answer = app
            .agent()
            .post(PATH, JSON, long.to_string())
            .await
            .expect(200)
            .json();
        let shown = answer["items"][0]["steps"][0]["input"].as_str().unwrap();
        assert_eq!(shown.len(), 500);
    });
}

#[test]
fn whoever_may_send_or_read_may_try() {
    with_app(async |app| {
        let body = json!({"agent_id": "a"}).to_string();
        for actor in [app.agent(), app.analyst()] {
            actor.post(PATH, JSON, body.clone()).await.expect(200);
        }
        let nobody = app.nobody().post(PATH, JSON, body.clone()).await;
        assert_eq!(nobody.expect(401).code(), "unauthenticated");
        let alerts = app
            .agent()
            .with_key_text(&OURS.key(Scope::Alerts).to_text());
        let refused = alerts.post(PATH, JSON, body).await;
        assert_eq!(refused.expect(403).code(), "missing_scope");
    });
}

#[test]
fn bodies_that_are_none_are_refused() {
    with_app(async |app| {
        let agent = app.agent();
        for (kind, body, status) in [
            (PROTOBUF, "\u{1}\u{2}\u{3}", 400),
            (JSON, "[1", 400),
            (JSON, "{\"resourceSpans\":7}", 400),
            ("text/plain", "{}", 415),
        ] {
            let answer = agent.post(PATH, kind, body).await.expect(status);
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json")
            );
        }
        let empty = agent.post(PATH, JSON, "").await.expect(200).json();
        assert_eq!(
            (&empty["accepted"], &empty["rejected"]),
            (&json!(0), &json!(1))
        );
    });
}
