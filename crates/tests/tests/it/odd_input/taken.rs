//! Odd data that is stored all the same, and said to be odd.

use futures_util::StreamExt;
use runwatch_tests::actor::JSON;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::database::texts;
use serde_json::{Value, json};

const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";
const STEP: &str = "00000000000000a1";

/// Sends a run with one step of these fields, as text, and reads the step.
async fn step(app: &TestApp, fields: &str) -> Value {
    let run =
        format!(r#"{{"agent_id":"a","run_id":"{RUN}","steps":[{{"step_id":"{STEP}",{fields}}}]}}"#);
    app.agent().post("/v1/runs", JSON, run).await.expect(200);
    let step = app.analyst().step(RUN, STEP).await.expect(200).json();
    app.db().clear().await;
    step
}

#[test]
fn text_that_postgres_cannot_keep_is_replaced_and_said_to_be() {
    with_app(async |app| {
        for (odd, readable) in [
            (r"a\u0000b", "a\u{fffd}b"),
            (r"a\ud800b", "a\u{fffd}b"),
            (r"\udc00", "\u{fffd}"),
            (r"\ud83d\ude00", "\u{1f600}"),
            ("𝄞\u{202e}", "𝄞\u{202e}"),
        ] {
            for field in ["name", "model", "capability"] {
                let step = step(app, &format!(r#""{field}":"{odd}""#)).await;
                assert_eq!(step[field], readable, "{field} {odd}");
            }
            // Payloads are bytes: they keep NUL as it was sent, but half a character is no text.
            let kept = if odd.contains("u0000") {
                "a\0b"
            } else {
                readable
            };
            let fields = format!(r#""input":"{odd}","output":{{"k":["{odd}"]}}"#);
            let step = step(app, &fields).await;
            assert_eq!(
                (&step["input"], &step["output"]["k"][0]),
                (&json!(kept), &json!(kept))
            );
            let was_changed = kept.contains('\u{fffd}');
            assert_eq!(
                has_flag(&step, "sanitized"),
                was_changed,
                "{odd}: {}",
                step["flags"]
            );
        }
    });
}

fn has_flag(step: &Value, flag: &str) -> bool {
    step["flags"]
        .as_array()
        .expect("a step has flags")
        .contains(&json!(flag))
}

#[test]
fn numbers_that_no_column_holds_are_kept_as_they_were_written() {
    with_app(async |app| {
        let digits = "9".repeat(500);
        for number in [
            "-0",
            "1e-400",
            "1e400",
            "0.1",
            "12345678901234567890",
            &digits,
        ] {
            let path = format!("/v1/runs/{RUN}/steps/{STEP}");
            let run = format!(
                r#"{{"agent_id":"a","run_id":"{RUN}","steps":[{{"step_id":"{STEP}","input":{number}}}]}}"#
            );
            app.agent().post("/v1/runs", JSON, run).await.expect(200);
            let text = app.analyst().get(&path).await.expect(200).text();
            assert!(text.contains(&format!("\"input\":{number},")), "{text}");
            app.db().clear().await;
        }
    });
}

#[test]
fn numbers_that_json_does_not_have_become_null() {
    with_app(async |app| {
        for number in ["NaN", "Infinity", "-Infinity"] {
            let step = step(app, &format!(r#""input":{{"n":{number}}}"#)).await;
            assert_eq!(step["input"]["n"], Value::Null, "{number}");
            assert!(has_flag(&step, "sanitized"), "{number}: {}", step["flags"]);
        }
    });
}

#[test]
fn names_of_any_length_are_taken_and_cut_at_their_limit() {
    with_app(async |app| {
        for length in [1, 254, 255, 256, 2_704, 8_192, 1_000_000] {
            let name = "é".repeat(length / 2) + if length % 2 == 1 { "x" } else { "" };
            let step = step(
                app,
                &format!(r#""name":"{name}","model":"{name}","kind":"llm""#),
            )
            .await;
            let kept = step["name"].as_str().unwrap();
            assert!(kept.len() <= 255 && name.starts_with(kept), "{length}");
            assert_eq!(has_flag(&step, "truncated"), length > 255, "{length}");
        }
    });
}

#[test]
fn a_value_that_is_too_long_is_cut_and_said_to_be() {
    with_app(async |app| {
        let long = "x".repeat(3 << 20);
        let step = step(app, &format!(r#""input":"{long}""#)).await;
        let kept = step["input"].as_str().unwrap();
        assert!(
            kept.len() <= 1 << 20 && kept.len() > 1_000_000,
            "{}",
            kept.len()
        );
        assert!(has_flag(&step, "truncated"), "{}", step["flags"]);
    });
}

#[test]
fn times_that_cannot_be_believed_become_the_time_of_receipt_and_make_no_partition() {
    with_app(async |app| {
        let admin = app.db().admin().await;
        let partitions = "SELECT count(*)::text FROM pg_class WHERE relispartition";
        let before = texts(&admin, partitions).await;
        let moments = [
            "0001-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2020-02-29T12:00:00+14:00",
        ];
        for moment in moments {
            let step = step(
                app,
                &format!(r#""started_at":"{moment}","ended_at":"{moment}""#),
            )
            .await;
            assert!(has_flag(&step, "clock"), "{moment}: {}", step["flags"]);
            let (kept, told) = (
                step["started_at"].as_str().unwrap(),
                moment.split('T').next().unwrap(),
            );
            assert!(!kept.starts_with(told), "{moment}");
        }
        assert_eq!(before, texts(&admin, partitions).await);
    });
}

#[test]
fn many_senders_of_the_same_ids_make_one_copy_of_each() {
    with_app(async |app| {
        let agent = app.agent();
        let run = |n: u128| {
            json!({"run_id": uuid::Uuid::from_u128(n + 1), "agent_id": "a", "started_at": "2020-01-01T00:00:00Z",
            "steps": [{"step_id": STEP, "name": format!("step {n}")}]})
        };
        // Eight senders, each with all of them in another order and in other batches.
        let batches = (0..8_u128).flat_map(|sender| {
            let order: Vec<u128> = (0..100)
                .map(|n| (n * (2 * sender + 3) + sender) % 101)
                .filter(|n| *n < 100)
                .collect();
            let size = 5 + usize::try_from(sender).expect("it is small");
            order
                .chunks(size)
                .map(|chunk| chunk.to_vec())
                .collect::<Vec<_>>()
        });
        futures_util::stream::iter(batches)
            .for_each_concurrent(8, |batch| {
                let runs: Vec<Value> = batch.into_iter().map(run).collect();
                let agent = &agent;
                async move {
                    agent.send_runs(&json!(runs)).await.expect(200);
                }
            })
            .await;
        let admin = app.db().admin().await;
        for table in ["agent_runs", "agent_steps"] {
            assert_eq!(
                texts(&admin, &format!("SELECT count(*)::text FROM {table}")).await,
                ["100"]
            );
        }
    });
}
