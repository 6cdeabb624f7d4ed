//! Runs with more steps than ingest sums up itself: the worker does it while more arrives.

use std::cell::Cell;

use runwatch_core::limits::STEPS_SUMMARIZED_AT_INGEST_MAX;
use runwatch_store::ingest::Writer;
use runwatch_tests::actor::JSON;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::moments::seconds_ago;
use serde_json::{Value, json};

const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";
/// Steps that are sent at a time, and how often, so that the last third is more than ingest sums up.
const BATCH: i64 = 2_500;
const BATCHES: i64 = STEPS_SUMMARIZED_AT_INGEST_MAX / BATCH * 3 / 2;

/// The steps of a batch, all alike but for their ids; each tenth fails.
fn batch(number: i64) -> Value {
    let (started_at, ended_at) = (seconds_ago(90), seconds_ago(80));
    let ids = (0..BATCH).map(|at| number * BATCH + at + 1);
    ids.map(|id| {
        let mut step = json!({"step_id": format!("{id:016x}"), "name": "ask", "kind": "llm", "model": "m",
            "status": "succeeded", "started_at": started_at, "ended_at": ended_at,
            "usage": {"input_tokens": 7, "output_tokens": 3}});
        if id % 10 == 0 {
            step["status"] = json!("failed");
            step["error"] = json!({"type": "timeout", "message": "upstream timed out"});
        }
        step
    })
    .collect()
}

async fn send(app: &TestApp, batch: &Value) {
    let path = format!("/v1/runs/{RUN}/steps");
    app.agent()
        .post(&path, JSON, batch.to_string())
        .await
        .expect(200);
}

async fn totals_are_exact(app: &TestApp) {
    let steps = BATCH * BATCHES;
    let run = app.analyst().run(RUN).await.expect(200).json();
    assert_eq!(run["status"], "succeeded");
    let totals = &run["totals"];
    assert_eq!(totals["steps"], steps);
    assert_eq!(totals["failed_steps"], steps / 10);
    assert_eq!(totals["input_tokens"], steps * 7);
    assert_eq!(run["failure_types"], json!(["timeout"]));
    let path = "/v1/usage?bucket=all&group_by=kind";
    let usage = app.analyst().get(path).await.expect(200).json();
    let of = |kind: &str| {
        let mut rows = usage["rows"].as_array().unwrap().iter();
        let row = rows.find(|row| row["group"]["kind"] == kind);
        row.cloned().unwrap_or_default()
    };
    assert_eq!(of("llm")["steps"]["count"], steps, "{usage}");
    assert_eq!(of("llm")["steps"]["failed"], steps / 10, "{usage}");
    assert_eq!(of("llm")["tokens"]["output"], steps * 3, "{usage}");
    assert_eq!(of("run")["runs"]["count"], 1, "{usage}");
}

#[test]
fn a_run_of_very_many_steps_is_summed_up_exactly_while_more_arrives() {
    with_app(async |app| {
        let head = json!({"run_id": RUN, "agent_id": "marathon", "status": "succeeded",
            "started_at": seconds_ago(95), "ended_at": seconds_ago(1)});
        app.agent().send_runs(&head).await.expect(200);
        let batches: Vec<Value> = (0..BATCHES).map(batch).collect();
        let mut worker = Writer::connect(&app.db().url("runwatch_worker"))
            .await
            .unwrap();
        let is_sent = Cell::new(false);
        let sending = async {
            for batch in &batches {
                send(app, batch).await;
            }
            // Nothing of it is new.
            send(app, &batches[0]).await;
            send(app, &batches[batches.len() - 1]).await;
            is_sent.set(true);
        };
        let summing_up = async {
            while !is_sent.get() {
                worker.recount_next(&[]).await.unwrap();
            }
        };
        tokio::join!(sending, summing_up);
        app.fold().await;
        totals_are_exact(app).await;
        app.fold().await;
        totals_are_exact(app).await;
    });
}

#[test]
fn a_run_that_goes_on_while_it_is_summed_up_is_left_to_be_summed_up_again() {
    with_app(async |app| {
        let head = json!({"run_id": RUN, "agent_id": "marathon"});
        app.agent().send_runs(&head).await.expect(200);
        for number in 0..BATCHES {
            send(app, &batch(number)).await;
        }
        let mut worker = Writer::connect(&app.db().url("runwatch_worker"))
            .await
            .unwrap();
        let done = worker.recount_next(&[]).await.unwrap().unwrap();
        assert!(!done.again);
        assert_eq!(worker.recount_next(&[]).await.unwrap(), None);
        send(app, &batch(BATCHES)).await;
        // Who rests is left alone.
        assert_eq!(worker.recount_next(&[done.run.0]).await.unwrap(), None);
        assert!(worker.recount_next(&[]).await.unwrap().is_some());
    });
}

#[test]
fn a_large_run_that_nothing_is_heard_of_is_closed_as_it_is_summed_up() {
    with_app(async |app| {
        let run = json!({"run_id": RUN, "agent_id": "crawler", "status": "running"});
        app.agent().send_runs(&run).await.expect(200);
        for number in 0..BATCHES {
            send(app, &batch(number)).await;
        }
        app.fold().await;
        let status = async || {
            let run = app.analyst().run(RUN).await.expect(200).json();
            run["status"].clone()
        };
        assert_eq!(status().await, "running");
        let admin = app.db().admin().await;
        let quiet = "UPDATE agent_runs SET last_received_at = rw_now() - interval '25 hours'";
        admin.batch_execute(quiet).await.unwrap();
        let url = app.db().url("runwatch_worker");
        let mut writer = Writer::connect(&url).await.unwrap();
        assert!(writer.abandon_next().await.unwrap());
        assert!(!writer.abandon_next().await.unwrap(), "it is closed once");
        app.fold().await;
        assert_eq!(status().await, "abandoned");
    });
}
