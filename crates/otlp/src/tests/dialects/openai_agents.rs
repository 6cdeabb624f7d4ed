//! The OpenAI Agents SDK.

use super::*;

#[test]
fn the_error_inside_a_python_value_is_the_message() {
    for (sent, message) in [
        (
            "Error running tool: {'tool_name': 'boom', 'error': 'bad'}",
            "bad",
        ),
        (
            "Error running tool (non-fatal): {'tool_name': 'boom', 'error': \"it's bad\"}",
            "it's bad",
        ),
        (
            "{'message': 'Error running tool', 'data': {'tool_name': 'boom', 'error': 'a \\'b\\''}}",
            "a \\'b\\'",
        ),
        ("Error in agent run: {'error': 'late'}", "late"),
        (
            "Error running tool: 'error': ",
            "Error running tool: 'error':",
        ),
        ("no Python", "no Python"),
    ] {
        let run = run_of(vec![failed(span("s"), sent)]);
        let error = run.steps[0].error.as_ref().unwrap();
        assert_eq!(error.message.as_deref(), Some(message), "{sent}");
    }
}

#[test]
fn the_whole_message_is_kept() {
    let sent = "Error running tool: {'tool_name': 'boom', 'error': 'bad'}";
    let kept = part_of(failed(span("s"), sent), Part::Attributes);
    assert_eq!(
        kept,
        Some(format!("{{\"otel.status_description\":\"{sent}\"}}"))
    );
}

#[test]
fn a_type_that_says_nothing_is_none() {
    let span = span_with([("error.type", text("_OTHER"))]);
    assert_eq!(step_of(failed(span, "bad")).error.unwrap().kind, None);
}
