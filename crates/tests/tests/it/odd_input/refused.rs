//! Items that are refused, each with its code, alone and between good ones.

use std::fmt::Write;

use runwatch_tests::actor::{Actor, JSON, NDJSON};
use runwatch_tests::app::with_app;
use serde_json::Value;

/// Items that cannot be stored, by what is wrong with them.
#[expect(
    clippy::too_many_lines,
    reason = "it is one table, a row for each sort of bad item"
)]
fn bad_items() -> Vec<(&'static str, String)> {
    let nested = |levels: usize| {
        format!(
            r#"{{"agent_id":"a","attributes":{{"x":{}{}}}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    let with = |fields: &str| format!(r#"{{"agent_id":"a",{fields}}}"#);
    let step = |fields: &str| with(&format!(r#""steps":[{{{fields}}}]"#));
    vec![
        ("no document", "{".to_owned()),
        ("a number", "7".to_owned()),
        ("null", "null".to_owned()),
        ("a text", "\"a\"".to_owned()),
        ("a list", "[]".to_owned()),
        ("nothing in it", "{}".to_owned()),
        ("an unknown field", with(r#""agnet":1"#)),
        ("an unknown field of a step", step(r#""kin":"llm""#)),
        ("an agent that is a number", r#"{"agent_id":7}"#.to_owned()),
        ("an empty agent", r#"{"agent_id":" "}"#.to_owned()),
        ("the agent twice", with(r#""agent_id":"b""#)),
        ("another project", with(r#""project_id":"x""#)),
        ("an attribute twice", with(r#""attributes":{"a":1,"a":2}"#)),
        ("attributes that are a list", with(r#""attributes":[1]"#)),
        ("NUL in a key", with(r#""attributes":{"a\u0000":1}"#)),
        (
            "a key of 300 bytes",
            with(&format!(r#""attributes":{{"{}":1}}"#, "k".repeat(300))),
        ),
        ("a bad run id", with(r#""run_id":"7""#)),
        ("a bad step id", step(r#""step_id":"7""#)),
        (
            "a step id of zeros",
            step(r#""step_id":"0000000000000000""#),
        ),
        (
            "a step id twice",
            with(r#""steps":[{"step_id":"00000000000000a1"},{"step_id":"00000000000000a1"}]"#),
        ),
        ("an unknown kind", step(r#""kind":"llama""#)),
        ("an unknown status", with(r#""status":"done""#)),
        (
            "a status that nobody tells",
            with(r#""status":"abandoned""#),
        ),
        (
            "an unknown status of a step",
            step(r#""status":"timed_out""#),
        ),
        ("a time that is none", with(r#""started_at":"yesterday""#)),
        ("a time as a number", with(r#""started_at":1700000000"#)),
        (
            "an end before the start",
            with(r#""started_at":"2026-01-02T00:00:00Z","ended_at":"2026-01-01T00:00:00Z""#),
        ),
        ("tokens below zero", step(r#""usage":{"input_tokens":-1}"#)),
        (
            "more tokens than a step can have",
            step(r#""usage":{"input_tokens":2147483648}"#),
        ),
        (
            "the most tokens of 64 bits",
            step(r#""usage":{"input_tokens":9223372036854775807}"#),
        ),
        (
            "more tokens than 64 bits",
            step(r#""usage":{"input_tokens":9223372036854775808}"#),
        ),
        (
            "a fraction of a token",
            step(r#""usage":{"input_tokens":1.5}"#),
        ),
        ("tokens as a text", step(r#""usage":{"input_tokens":"1"}"#)),
        ("a cost below zero", step(r#""cost_usd":-0.01"#)),
        ("a cost beyond numbers", step(r#""cost_usd":1e400"#)),
        ("a cost of two million", step(r#""cost_usd":2e6"#)),
        (
            "a failure without a message",
            with(r#""failures":[{"type":"timeout"}]"#),
        ),
        (
            "a failure with a bad id",
            with(r#""failures":[{"message":"m","failure_id":"x"}]"#),
        ),
        ("65 levels", nested(63)),
        ("a hundred thousand levels", nested(100_000)),
        ("steps that are no list", with(r#""steps":{}"#)),
        ("a step that is null", with(r#""steps":[null]"#)),
    ]
}

/// How many runs can be read.
async fn stored(analyst: &Actor) -> usize {
    let page = analyst.get("/v1/runs?limit=1000").await.expect(200).json();
    page["runs"].as_array().expect("runs are listed").len()
}

#[test]
fn each_bad_item_is_refused_with_its_code() {
    with_app(async |app| {
        let mut said = String::new();
        for (what, item) in bad_items() {
            let answer = app
                .agent()
                .post("/v1/runs", NDJSON, item)
                .await
                .expect(400)
                .json();
            let rejected = answer["rejected"]
                .as_array()
                .unwrap_or_else(|| panic!("{what}: {answer}"));
            assert_eq!(rejected.len(), 1, "{what}: {answer}");
            let Value::Object(verdict) = &rejected[0] else {
                panic!("{what}: {answer}")
            };
            let text = |field: &str| {
                verdict
                    .get(field)
                    .and_then(Value::as_str)
                    .unwrap_or("-")
                    .to_owned()
            };
            let field = text("field").replace(&"k".repeat(300), "k…");
            writeln!(
                said,
                "{what}: {} {field}: {}",
                text("code"),
                text("message")
            )
            .unwrap();
        }
        insta::assert_snapshot!("codes", said);
        assert_eq!(stored(&app.analyst()).await, 0);
    });
}

#[test]
fn a_bad_item_never_loses_its_neighbours() {
    with_app(async |app| {
        let good = r#"{"agent_id":"good"}"#;
        let mut expected = 0;
        for (what, item) in bad_items() {
            let body = [good, &item, good].join("\n");
            let answer = app
                .agent()
                .post("/v1/runs", NDJSON, body)
                .await
                .expect(207)
                .json();
            assert_eq!(
                (&answer["accepted"], &answer["rejected"][0]["index"]),
                (&2.into(), &1.into()),
                "{what}"
            );
            expected += 2;
            if serde_json::from_str::<Value>(&item).is_ok() {
                let body = format!("[{good},{item},{good}]");
                let answer = app
                    .agent()
                    .post("/v1/runs", JSON, body)
                    .await
                    .expect(207)
                    .json();
                assert_eq!(
                    (&answer["accepted"], &answer["rejected"][0]["index"]),
                    (&2.into(), &1.into()),
                    "{what}"
                );
                expected += 2;
            }
        }
        assert_eq!(stored(&app.analyst()).await, expected);
    });
}

#[test]
fn a_body_that_is_no_document_at_all_is_refused_as_a_whole() {
    with_app(async |app| {
        let deep = "[".repeat(1_000_000);
        let bodies: [(&[u8], &str); 5] = [
            (&[0xff, 0xfe, 0x00], "invalid_utf8"),
            (b"[{\"agent_id\":\"a\"}", "not_json"),
            (b"[1,", "not_json"),
            (b"[}", "not_json"),
            (deep.as_bytes(), "not_json"),
        ];
        for (body, code) in bodies {
            let answer = app.agent().post("/v1/runs", JSON, body).await.expect(400);
            assert_eq!(answer.code(), code, "{:?}", &body[..body.len().min(20)]);
        }
    });
}

#[test]
fn more_items_than_one_request_may_have_are_refused_as_a_whole() {
    with_app(async |app| {
        let steps = vec!["{}"; 10_001].join(",");
        let runs = vec![r#"{"agent_id":"a"}"#; 10_001].join("\n");
        let one = format!(r#"{{"agent_id":"a","steps":[{steps}]}}"#);
        for body in [one, runs] {
            let answer = app.agent().post("/v1/runs", NDJSON, body).await.expect(413);
            assert_eq!(
                (answer.code().as_str(), &answer.json()["limit"]),
                ("too_many_items", &10_000.into())
            );
        }
        assert_eq!(stored(&app.analyst()).await, 0);
    });
}
