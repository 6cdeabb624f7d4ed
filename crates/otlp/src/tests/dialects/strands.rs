//! Strands Agents.

use super::*;

#[test]
fn the_status_of_a_tool_fails_its_step() {
    let status = |status: &str| is_failed(&step_with([("gen_ai.tool.status", text(status))]));
    assert!(status("error"));
    assert!(!status("success"));
}

#[test]
fn cycles_and_the_first_token() {
    let kinds = [
        ("execute_event_loop_cycle", StepKind::Chain),
        ("invoke_swarm", StepKind::Chain),
    ];
    assert_kinds("gen_ai.operation.name", &kinds);
    let wait = || span_with([("gen_ai.server.time_to_first_token", int(250))]);
    let run = run_by("strands.telemetry.tracer", wait());
    assert_eq!(run.steps[0].first_token_us, Some(250_000));
}

#[test]
fn each_event_of_details_adds_its_part() {
    let details = |key: &str, json: &str| {
        event(
            "gen_ai.client.inference.operation.details",
            [(key, text(json))],
        )
    };
    let run = run_of(vec![Span {
        events: vec![
            details(
                "gen_ai.system_instructions",
                r#"[{"type":"text","content":"help"}]"#,
            ),
            details("gen_ai.input.messages", "[1]"),
            details("gen_ai.input.messages", "[2]"),
            details("gen_ai.output.messages", "[3]"),
        ],
        ..span("chat")
    }]);
    let messages = r#"[{"role":"system","parts":[{"type":"text","content":"help"}]},1,2]"#;
    assert_eq!((input(&run), output(&run)), (Some(messages), Some("[3]")));
}
