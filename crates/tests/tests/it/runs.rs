//! `/v1/runs`: sent whole or piece by piece, read back, found again.

use reqwest::Method;
use runwatch_tests::actor::{JSON, NDJSON};
use runwatch_tests::app::with_app;
use runwatch_tests::moments::{seconds_ago, without_times};
use serde_json::{Value, json};

const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";

/// The run of the API's description, an hour old.
fn example() -> Value {
    json!({
        "run_id": RUN,
        "agent_id": "support-bot", "agent_type": "customer_support", "agent_version": "2.3.1",
        "workflow_id": "refunds", "session_id": "s-81", "user_id": "u-17",
        "environment": "production", "release": "2026.11.3", "tags": ["eu"],
        "status": "failed", "started_at": seconds_ago(3_604), "ended_at": seconds_ago(3_600),
        "input": {"question": "…"}, "output": null, "attributes": {"channel": "chat"},
        "steps": [
            {"step_id": "00000000000000a1", "parent_id": null, "name": "plan", "kind": "llm",
             "status": "succeeded", "started_at": seconds_ago(3_604), "ended_at": seconds_ago(3_602),
             "model": "gpt-4o", "provider": "openai", "seq": 0, "capability": "planning",
             "usage": {"input_tokens": 812, "output_tokens": 96, "cached_input_tokens": 640,
                       "reasoning_tokens": 32},
             "cost_usd": 0.0031, "input": [], "output": {}, "attributes": {"temperature": 0.2}},
            {"name": "lookup_order", "kind": "tool", "parent_id": "00000000000000a1",
             "input": {"order": 7}, "status": "failed",
             "error": {"type": "timeout", "code": "504", "message": "upstream timed out"}},
        ],
        "failures": [{"type": "tool_error", "code": "E42", "message": "order service unavailable",
                      "step_id": "00000000000000a1"}],
    })
}

#[test]
fn a_run_is_read_back_with_what_was_derived() {
    with_app(async |app| {
        let sent = example();
        let answer = app.agent().send_runs(&sent).await.expect(200);
        insta::assert_json_snapshot!("sent", answer.json());
        let run = app.analyst().run(RUN).await.expect(200).json();
        assert_eq!(run["started_at"], time(&sent["started_at"]));
        assert_eq!(run["ended_at"], time(&sent["ended_at"]));
        insta::assert_json_snapshot!("run", without_times(run));
        let steps = app.analyst().steps(RUN).await.expect(200).json();
        insta::assert_json_snapshot!("steps", without_times(steps));
        let step = app
            .analyst()
            .step(RUN, "00000000000000a1")
            .await
            .expect(200)
            .json();
        insta::assert_json_snapshot!("step", without_times(step));
        let timeline = app
            .analyst()
            .get(&format!("/v1/runs/{RUN}/timeline"))
            .await
            .expect(200);
        insta::assert_json_snapshot!("timeline", without_times(timeline.json()));
    });
}

/// A time as it was told is the time that is given back, however either is written.
fn time(told: &Value) -> Value {
    let told = told.as_str().expect("a time is told as text");
    let time = runwatch_core::time::Timestamp::parse_rfc3339(told).expect("it is a time");
    json!(time.to_rfc3339())
}

#[test]
fn a_run_can_be_told_piece_by_piece_while_it_runs() {
    with_app(async |app| {
        let (agent, analyst) = (app.agent(), app.analyst());
        let state = async || {
            let run = analyst.run(RUN).await.expect(200).json();
            json!([
                run["status"],
                run["totals"]["steps"],
                run["provisional"],
                run["agent_id"]
            ])
        };
        agent.send_heartbeat(RUN).await.expect(204);
        assert_eq!(state().await, json!(["running", 0, false, null]));
        let head = json!({"run_id": RUN, "agent_id": "support-bot", "input": "hi"});
        agent.send_runs(&head).await.expect(200);
        let step = json!({"step_id": "00000000000000a1", "name": "plan", "kind": "llm",
            "started_at": seconds_ago(5)});
        agent.add_steps(RUN, &step).await.expect(200);
        assert_eq!(state().await, json!(["running", 1, false, "support-bot"]));
        let mut ended = step.clone();
        ended["ended_at"] = json!(seconds_ago(3));
        agent
            .add_steps(
                RUN,
                &json!([ended, {"step_id": "00000000000000a2", "kind": "tool"}]),
            )
            .await
            .expect(200);
        agent
            .add_failures(RUN, &json!({"message": "the order is gone"}))
            .await
            .expect(200);
        agent
            .change_run(RUN, &json!({"status": "succeeded", "output": [1]}))
            .await
            .expect(200);
        assert_eq!(state().await, json!(["succeeded", 2, false, "support-bot"]));
        let run = analyst.run(RUN).await.json();
        assert_eq!((&run["input"], &run["output"]), (&json!("hi"), &json!([1])));
        assert_eq!(run["failures"][0]["message"], "the order is gone");
    });
}

#[test]
fn runs_can_be_sent_one_a_line() {
    with_app(async |app| {
        let lines = "{\"agent_id\":\"a\"}\n\n  {\"agent_id\":\"b\"}\r\n{\"agent_id\":\"c\"}";
        let answer = app
            .agent()
            .post("/v1/runs", NDJSON, lines)
            .await
            .expect(200)
            .json();
        assert_eq!(answer["accepted"], 3);
        assert_eq!(answer["run_ids"].as_array().unwrap().len(), 3);
        assert_eq!(
            app.analyst().get("/v1/runs").await.json()["runs"]
                .as_array()
                .unwrap()
                .len(),
            3
        );
    });
}

#[test]
fn sending_a_run_again_changes_nothing() {
    with_app(async |app| {
        let sent = example();
        app.agent().send_runs(&sent).await.expect(200);
        let before = app.analyst().run(RUN).await.json();
        let again = app.agent().send_runs(&sent).await.expect(200).json();
        assert_eq!(
            (&again["accepted"], &again["duplicates"]),
            (&json!(0), &json!(1))
        );
        let mut after = app.analyst().run(RUN).await.json();
        after["last_received_at"] = before["last_received_at"].clone();
        assert_eq!(before, after);
    });
}

#[test]
fn what_contradicts_is_refused_and_changes_nothing() {
    with_app(async |app| {
        app.agent().send_runs(&example()).await.expect(200);
        let before = app.analyst().run(RUN).await.json();
        let mut other_agent = example();
        other_agent["agent_id"] = json!("another-bot");
        let answer = app.agent().send_runs(&other_agent).await.expect(400).json();
        insta::assert_json_snapshot!("contradicting_run", answer);
        let other_step = json!({"step_id": "00000000000000a1", "name": "another plan"});
        let answer = app
            .agent()
            .add_steps(RUN, &other_step)
            .await
            .expect(400)
            .json();
        insta::assert_json_snapshot!("contradicting_step", answer);
        assert_eq!(
            app.analyst().step(RUN, "00000000000000a1").await.json()["name"],
            "plan"
        );
        let after = app.analyst().run(RUN).await.json();
        assert_eq!(before["totals"], after["totals"]);
        assert_eq!(before["agent_id"], after["agent_id"]);
    });
}

#[test]
fn an_idempotency_key_makes_sending_again_safe_without_ids() {
    with_app(async |app| {
        let agent = app.agent();
        let send = async |body: &str| {
            let request = agent
                .request(Method::POST, "/v1/runs")
                .header("content-type", JSON);
            agent
                .call(
                    request
                        .header("idempotency-key", "order-7")
                        .body(body.to_owned()),
                )
                .await
        };
        let body =
            json!([{"agent_id": "a", "steps": [{"name": "s"}]}, {"agent_id": "b"}]).to_string();
        let first = send(&body).await.expect(200).json();
        let second = send(&body).await.expect(200).json();
        assert_eq!(first["run_ids"], second["run_ids"]);
        assert_eq!(
            (&first["accepted"], &second["accepted"]),
            (&json!(2), &json!(0))
        );
        let other = send(r#"{"agent_id":"c"}"#).await.expect(422);
        assert_eq!(other.code(), "idempotency_key_reused");
        assert_eq!(
            app.analyst().get("/v1/runs").await.json()["runs"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
    });
}

#[test]
fn a_finished_run_that_has_not_changed_is_not_sent_again() {
    with_app(async |app| {
        app.agent().send_runs(&example()).await.expect(200);
        let analyst = app.analyst();
        let answer = analyst.run(RUN).await.expect(200);
        let tag = answer.header("etag").unwrap().to_owned();
        let ask = async || {
            let request = analyst.request(Method::GET, &format!("/v1/runs/{RUN}"));
            analyst.call(request.header("if-none-match", &tag)).await
        };
        assert_eq!(ask().await.expect(304).body, Vec::<u8>::new());
        app.agent()
            .change_run(RUN, &json!({"tags": ["late"]}))
            .await
            .expect(200);
        assert_eq!(
            ask().await.expect(200).json()["tags"],
            json!(["eu", "late"])
        );
    });
}

#[test]
fn pages_of_a_list_hold_every_run_once() {
    with_app(async |app| {
        let runs: Vec<Value> = (0..25)
            .map(|n| json!({"agent_id": "a", "started_at": seconds_ago(60 - n / 3)}))
            .collect();
        app.agent().send_runs(&json!(runs)).await.expect(200);
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app
                .analyst()
                .get(&format!("/v1/runs?limit=4{cursor}"))
                .await
                .expect(200)
                .json();
            let ids = page["runs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|run| run["run_id"].clone());
            seen.extend(ids);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 25);
        seen.sort_by_key(Value::to_string);
        seen.dedup();
        assert_eq!(seen.len(), 25);
    });
}

#[test]
fn each_filter_finds_the_run_and_its_opposite_does_not() {
    let found = [
        "agent=support-bot",
        "agent_version=2.3.1",
        "agent_type=customer_support",
        "status=failed",
        "status=failed&status=succeeded",
        "failure_type=tool_error",
        "environment=production",
        "release=2026.11.3",
        "session_id=s-81",
        "user_id=u-17",
        "tag=eu",
        "model=gpt-4o",
        "tool=lookup_order",
        "workflow_id=refunds",
        "attribute.channel=chat",
        "min_duration_ms=4000",
        "max_duration_ms=4000",
        "min_cost_usd=0.003",
        "max_cost_usd=0.004",
        "min_tokens=908",
        "max_tokens=908",
        "stalled=false",
        "sort=cost&order=asc",
        "sort=tokens",
        "sort=duration",
    ];
    let not_found = [
        "agent=other",
        "agent_version=2",
        "agent_type=x",
        "status=succeeded",
        "failure_type=refusal",
        "environment=staging",
        "release=1",
        "session_id=s",
        "user_id=u",
        "tag=us",
        "model=gpt",
        "tool=lookup",
        "workflow_id=r",
        "attribute.channel=mail",
        "attribute.other=chat",
        "min_duration_ms=4001",
        "max_duration_ms=3999",
        "min_cost_usd=0.004",
        "max_cost_usd=0.003",
        "min_tokens=909",
        "max_tokens=907",
        "stalled=true",
    ];
    with_app(async |app| {
        app.agent().send_runs(&example()).await.expect(200);
        let count = async |filter: &str| {
            let answer = app
                .analyst()
                .get(&format!("/v1/runs?{filter}"))
                .await
                .expect(200)
                .json();
            answer["runs"].as_array().unwrap().len()
        };
        for filter in found {
            assert_eq!(count(filter).await, 1, "{filter}");
        }
        for filter in not_found {
            assert_eq!(count(filter).await, 0, "{filter}");
        }
    });
}

#[test]
fn a_parameter_that_is_unknown_or_wrong_is_named() {
    with_app(async |app| {
        for (query, field) in [
            ("agnet=a", "agnet"),
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=x", "limit"),
            ("status=broken", "status"),
            ("cursor=abc", "cursor"),
            ("started_after=now", "started_after"),
            ("sort=name", "sort"),
            ("agent=a&agent=b", "agent"),
            ("min_cost_usd=-1", "min_cost_usd"),
        ] {
            let answer = app
                .analyst()
                .get(&format!("/v1/runs?{query}"))
                .await
                .expect(400);
            assert_eq!(answer.code(), "invalid_parameter", "{query}");
            assert_eq!(answer.json()["field"], field, "{query}");
        }
    });
}
