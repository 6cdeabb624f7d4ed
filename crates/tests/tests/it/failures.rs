//! `/v1/failures` and `/v1/failure-groups`: what went wrong, and how often.

use runwatch_tests::app::with_app;
use runwatch_tests::moments::{seconds_ago, without_times};
use serde_json::{Value, json};

/// A run whose only step failed with this message.
fn failed_run(agent: &str, message: &str) -> Value {
    json!({"agent_id": agent, "release": "7", "started_at": seconds_ago(20), "ended_at": seconds_ago(10),
        "status": "failed", "steps": [{"name": "lookup_order", "kind": "tool", "status": "failed",
        "started_at": seconds_ago(19), "ended_at": seconds_ago(11),
        "error": {"type": "TimeoutError", "message": message}}]})
}

#[test]
fn failures_that_differ_in_numbers_only_are_one_group() {
    with_app(async |app| {
        let runs: Vec<Value> = (0..5)
            .map(|n| failed_run("bot", &format!("order {n} timed out after {n} s")))
            .collect();
        app.agent().send_runs(&json!(runs)).await.expect(200);
        app.agent()
            .send_runs(&failed_run("other", "order 9 timed out after 3 s"))
            .await
            .expect(200);
        app.fold().await;
        let groups = app
            .analyst()
            .get("/v1/failure-groups?sort=count")
            .await
            .expect(200)
            .json();
        let mut shown = without_times(groups);
        for group in shown["failure_groups"]
            .as_array_mut()
            .expect("groups are listed")
        {
            assert_eq!(group["first_run_id"].as_str().unwrap().len(), 36);
            group["first_run_id"] = json!("[run]");
        }
        insta::assert_json_snapshot!("groups", shown);
    });
}

#[test]
fn failures_are_listed_for_the_project_and_for_the_run() {
    with_app(async |app| {
        let answer = app
            .agent()
            .send_runs(&failed_run("bot", "connection reset"))
            .await
            .json();
        let run = answer["run_ids"][0].as_str().unwrap().to_owned();
        app.agent()
            .send_runs(&failed_run("other", "no such order"))
            .await
            .expect(200);
        let all = app.analyst().get("/v1/failures").await.expect(200).json();
        assert_eq!(all["failures"].as_array().unwrap().len(), 2);
        let ours = app
            .analyst()
            .get("/v1/failures?agent=bot")
            .await
            .expect(200)
            .json();
        assert_eq!(ours["failures"].as_array().unwrap().len(), 1);
        assert_eq!(ours["failures"][0]["run_id"], json!(run));
        let of_run = app
            .analyst()
            .get(&format!("/v1/runs/{run}/failures"))
            .await
            .expect(200)
            .json();
        assert_eq!(of_run["failures"][0]["message"], "connection reset");
    });
}
