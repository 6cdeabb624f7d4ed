use serde_json::json;

use super::*;

#[test]
fn a_dry_run_is_readable() {
    let answer = json!({
        "form": "otlp",
        "accepted": 1,
        "duplicates": 1,
        "rejected": 1,
        "runs": [{
            "run_id": "abababab-abab-abab-abab-abababababab", "is_run": true, "agent_id": "writer",
            "status": "failed", "session_id": "s1", "user_id": null, "steps": 1, "failed_steps": 1,
            "input_tokens": 1200, "output_tokens": 30, "cost_usd": 0.0031,
        }],
        "items": [
            {
                "index": 0, "verdict": "accepted", "steps_total": null,
                "steps": [{
                    "kind": "llm", "name": "chat\u{1b}[31m", "status": "failed", "model": "gpt-4o",
                    "error": {"failure_type": "timeout", "message": "too slow"},
                }],
                "attributes": [
                    {"name": "gen_ai.response.model", "fields": ["model"], "understood": true, "kept": "field"},
                    {"name": "gen_ai.request.model", "fields": [], "outranked_for": "model", "understood": true, "kept": "payload"},
                    {"name": "app.channel", "fields": [], "understood": false, "kept": "filterable"},
                ],
            },
            {"index": 1, "verdict": "duplicate", "steps_total": null},
            {"index": 2, "verdict": "rejected", "steps_total": null, "rejections": [
                {"code": "invalid_id", "field": null, "message": "a span id has to be 8 bytes"},
            ]},
        ],
        "not_understood": ["app.channel"],
    });
    let validation = serde_json::from_value(answer).unwrap();
    insta::assert_snapshot!(text(&validation, Paint::Off, 110));
}
