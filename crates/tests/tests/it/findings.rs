//! Findings: costly patterns that are seen in a run's steps.

use runwatch_tests::app::with_app;
use runwatch_tests::moments::{seconds_ago, without_times};
use serde_json::{Value, json};

const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";
const OTHER: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a12";

fn call(id: usize, order: u32, error: Option<&str>) -> Value {
    let ago = 100 - i64::try_from(id).unwrap();
    let mut step = json!({"step_id": format!("00000000000000{id:02x}"), "kind": "tool",
        "name": "search_policies", "started_at": seconds_ago(ago), "ended_at": seconds_ago(ago - 1),
        "input": {"order": order}});
    if let Some(message) = error {
        step["error"] = json!({"type": "timeout", "message": message});
    }
    step
}

fn run(id: &str, steps: &[Value]) -> Value {
    json!({"run_id": id, "agent_id": "support-bot", "status": "succeeded",
        "started_at": seconds_ago(100), "ended_at": seconds_ago(10), "steps": steps})
}

#[test]
fn a_run_tells_which_patterns_its_steps_show() {
    with_app(async |app| {
        let same: Vec<Value> = (1..=6).map(|id| call(id, 7, None)).collect();
        let different: Vec<Value> = (1..=6_u32).map(|id| call(id as usize, id, None)).collect();
        let both = json!([run(RUN, &same), run(OTHER, &different)]);
        app.agent().send_runs(&both).await.expect(200);
        let shown = app.analyst().run(RUN).await.expect(200).json();
        assert_eq!(shown["finding_kinds"], json!(["repeated_tool_call"]));
        insta::assert_json_snapshot!("of_run", without_times(shown["findings"].clone()));
        let other = app.analyst().run(OTHER).await.expect(200).json();
        assert_eq!(
            (&other["finding_kinds"], &other["findings"]),
            (&json!([]), &json!([]))
        );

        let found = app
            .analyst()
            .get("/v1/runs?finding=repeated_tool_call")
            .await;
        let found = found.expect(200).json();
        assert_eq!(found["runs"].as_array().unwrap().len(), 1);
        assert_eq!(found["runs"][0]["run_id"], RUN);
        let none = app.analyst().get("/v1/runs?finding=growing_context").await;
        assert_eq!(none.expect(200).json()["runs"], json!([]));
        let path = "/v1/export?what=runs&format=csv&columns=run_id,finding_kinds&finding=repeated_tool_call";
        let csv = app.analyst().get(path).await.expect(200).text();
        assert!(
            csv.contains("repeated_tool_call") && !csv.contains(OTHER),
            "{csv}"
        );
    });
}

#[test]
fn findings_come_and_go_as_steps_arrive_piece_by_piece() {
    with_app(async |app| {
        let kinds = async || {
            let run = app.analyst().run(RUN).await.expect(200).json();
            run["finding_kinds"].clone()
        };
        app.agent().send_runs(&run(RUN, &[])).await.expect(200);
        for id in 1..=5 {
            assert_eq!(kinds().await, json!([]));
            let failed = json!([call(id, u32::try_from(id).unwrap(), Some("too slow"))]);
            app.agent().add_steps(RUN, &failed).await.expect(200);
        }
        assert_eq!(kinds().await, json!(["retry_storm"]));
    });
}
