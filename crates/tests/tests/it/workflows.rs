//! `/v1/workflows`: the runs of the same recipe together, and its steps.

use runwatch_tests::app::with_app;
use runwatch_tests::moments::{seconds_ago, without_times};
use serde_json::{Value, json};

fn run(workflow: &str, agent: &str, status: &str) -> Value {
    let step = |seq: i64, capability: &str, status: &str| {
        json!({"name": format!("{capability} it"), "kind": "tool", "seq": seq, "capability": capability,
            "status": status, "started_at": seconds_ago(60), "ended_at": seconds_ago(59)})
    };
    let mut last = step(1, "refund", status);
    if status == "failed" {
        last["error"] = json!({"message": "no such order"});
    }
    json!({"agent_id": agent, "workflow_id": workflow, "status": status,
        "started_at": seconds_ago(60), "ended_at": seconds_ago(56),
        "steps": [last, step(0, "check", "succeeded"), {"name": "untold", "kind": "other",
            "started_at": seconds_ago(60), "ended_at": seconds_ago(59)}]})
}

#[test]
fn a_workflow_says_what_its_runs_and_steps_come_to() {
    with_app(async |app| {
        let running = json!({"agent_id": "support-bot", "workflow_id": "refunds",
            "started_at": seconds_ago(30)});
        let runs = json!([
            run("refunds", "support-bot", "succeeded"),
            run("refunds", "billing-bot", "failed"),
            run("returns", "support-bot", "succeeded"),
            running,
            {"agent_id": "loner", "status": "succeeded"},
        ]);
        app.agent().send_runs(&runs).await.expect(200);
        let analyst = app.analyst();
        let all = analyst.get("/v1/workflows").await.expect(200).json();
        insta::assert_json_snapshot!("workflows", without_times(all));
        let one = analyst
            .get("/v1/workflows?workflow_id=refunds")
            .await
            .expect(200)
            .json();
        insta::assert_json_snapshot!("workflow", without_times(one));
        for path in [
            "/v1/workflows?workflow_id=other".to_owned(),
            format!("/v1/workflows?to={}", seconds_ago(61)),
        ] {
            let nothing = analyst.get(&path).await.expect(200).json();
            assert_eq!(nothing["workflows"], json!([]), "{path}");
        }
        let theirs = app.stranger().get("/v1/workflows").await.expect(200).json();
        assert_eq!(theirs["workflows"], json!([]));
    });
}
