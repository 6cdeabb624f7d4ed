use serde_json::json;

use super::*;

const VIEW: View = View {
    paint: Paint::Off,
    width: 110,
    steps_max: 100,
};

fn run() -> Run {
    let run = json!({
        "run_id": "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11", "status": "failed",
        "started_at": "2026-11-20T10:00:00Z", "duration_us": 4_200_000, "stalled": false,
        "agent_id": "support-bot", "agent_version": "2.3.1", "agent_type": "customer_support",
        "session_id": "s-81", "user_id": "u-17", "environment": "production", "release": "2026.11.3",
        "tags": ["eu", "chat"], "models": ["gpt-4o"], "tools": ["lookup_order"],
        "totals": {"steps": 4, "failed_steps": 1, "input_tokens": 12_812, "output_tokens": 96,
            "cached_input_tokens": 640, "reasoning_tokens": 32},
        "cost_usd": 0.0331, "input": {"question": "Wo ist meine Bestellung?\u{1b}[2J"}, "output": null,
        "failures": [
            {"step_id": "0000000000000003", "step_name": "lookup_order", "type": "timeout",
             "code": "504", "message": "upstream timed out"},
            {"step_id": null, "step_name": "", "type": "budget", "code": null,
             "message": "the run spent more than it may"},
        ],
    });
    serde_json::from_value(run).unwrap()
}

fn timeline() -> Timeline {
    let timeline = json!({"steps": 4, "nodes": [
        {"step_id": "0000000000000001", "depth": 0, "kind": "agent", "name": "support-bot",
         "status": "failed", "started_us": 0, "duration_us": 4_200_000},
        {"step_id": "0000000000000002", "depth": 1, "kind": "llm", "name": "plan", "model": "gpt-4o",
         "status": "succeeded", "started_us": 0, "duration_us": 1_200_000, "input_tokens": 12_812,
         "output_tokens": 96, "cost_usd": 0.0331},
        {"step_id": "0000000000000003", "depth": 1, "kind": "tool", "name": "lookup_order",
         "status": "failed", "started_us": 1_200_000, "duration_us": 3_000_000, "error_type": "TimeoutError"},
        {"step_id": "0000000000000004", "depth": 1, "kind": "tool", "name": "返金を依頼する",
         "status": "running", "started_us": 1_300_000, "duration_us": null},
    ]});
    serde_json::from_value(timeline).unwrap()
}

#[test]
fn a_run_is_shown_with_its_steps_and_failures() {
    insta::assert_snapshot!(text(&run(), &timeline(), VIEW));
}

#[test]
fn a_large_run_is_bounded_and_says_how_much_is_left_out() {
    let timeline = Timeline {
        steps: 4_912,
        ..timeline()
    };
    let view = View {
        steps_max: 2,
        ..VIEW
    };
    let text = text(&run(), &timeline, view);
    assert!(text.contains("… 4,910 more steps"), "{text}");
    assert!(!text.contains("✗ tool lookup_order"), "{text}");
    let failures = text.split("Failures\n").nth(1).unwrap();
    assert!(
        failures.contains("timeout (504): lookup_order: upstream timed out"),
        "{text}"
    );
}

#[test]
fn lines_stay_within_the_terminal() {
    let mut timeline = timeline();
    timeline.nodes[2].name = "ein_sehr_langer_name_".repeat(10);
    timeline.nodes[2].depth = 4_000;
    let text = text(&run(), &timeline, VIEW);
    for line in text.lines() {
        assert!(terminal::shown_width(line) <= VIEW.width, "{line}");
    }
}

#[test]
fn a_run_of_which_little_is_known_is_shown_too() {
    let run = Run {
        run_id: "r".to_owned(),
        status: "running".to_owned(),
        stalled: true,
        ..Run::default()
    };
    let text = text(&run, &Timeline::default(), VIEW);
    assert!(
        text.starts_with("Run r  stalled  (it runs, but nothing was received"),
        "{text}"
    );
    assert!(!text.contains("Steps"), "{text}");
}

#[test]
fn json_is_the_run_with_its_timeline() {
    let text = with_timeline(json!({"run_id": "r"}), json!({"nodes": []})).unwrap();
    assert_eq!(text, r#"{"run_id":"r","timeline":{"nodes":[]}}"#);
}
