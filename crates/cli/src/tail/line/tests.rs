use serde_json::json;

use super::*;

fn event(kind: &str, data: &Value) -> Event {
    Event {
        kind: kind.to_owned(),
        id: None,
        data: data.to_string(),
    }
}

fn run(status: &str, steps: i64, failures: &[&str]) -> Event {
    let data = json!({
        "run_id": "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11", "status": status, "agent_id": "support-bot",
        "agent_version": "2.3.1", "started_at": "2026-11-20T10:00:00Z", "duration_us": 4_200_000,
        "last_received_at": "2026-11-20T10:00:04.5Z", "totals": {"steps": steps},
        "cost_usd": 0.0031, "failure_types": failures,
    });
    event("run", &data)
}

#[test]
fn runs_and_their_steps_are_lines() {
    let mut lines = Lines::new(Paint::Off);
    let events = [
        run("running", 1, &[]),
        event(
            "step",
            &json!({"kind": "llm", "name": "plan", "status": "succeeded", "duration_us": 1_200_000,
            "model": "gpt-4o", "tokens": {"input_tokens": 812, "output_tokens": 96}, "cost_usd": 0.0031}),
        ),
        event(
            "step",
            &json!({"kind": "tool", "name": "lookup\u{1b}[2J", "status": "failed", "tokens": null,
            "error": {"type": "timeout", "message": "upstream timed out"}}),
        ),
        event(
            "step",
            &json!({"kind": "tool", "name": "wait", "status": "running", "tokens": 908, "error": "odd"}),
        ),
        run("failed", 4, &["timeout"]),
    ];
    let text: Vec<String> = events.iter().filter_map(|event| lines.of(event)).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn a_run_is_said_again_only_when_it_changes() {
    let mut lines = Lines::new(Paint::Off);
    let events = [
        run("running", 1, &[]),
        run("running", 2, &[]),
        run("running", 3, &["timeout"]),
        run("succeeded", 3, &["timeout"]),
    ];
    let said: Vec<bool> = events
        .iter()
        .map(|event| lines.of(event).is_some())
        .collect();
    assert_eq!(said, [true, false, true, true]);
}

#[test]
fn what_is_not_known_is_passed_over() {
    let mut lines = Lines::new(Paint::Off);
    assert_eq!(lines.of(&event("alert", &json!({}))), None);
    let broken = Event {
        data: "{".to_owned(),
        ..run("running", 1, &[])
    };
    assert_eq!(lines.of(&broken), None);
}
