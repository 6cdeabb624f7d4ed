//! Pydantic AI.

use super::*;

const SCOPE: &str = "pydantic-ai";

#[test]
fn older_names_of_details_and_the_cost() {
    let step = step_with([
        ("gen_ai.usage.input_tokens", int(100)),
        ("gen_ai.usage.output_tokens", int(20)),
        ("gen_ai.usage.details.cache_read_tokens", int(64)),
        ("gen_ai.usage.details.cache_write_tokens", int(4)),
        ("gen_ai.usage.details.reasoning_tokens", int(5)),
        ("operation.cost", double(0.25)),
    ]);
    assert_eq!(
        counts(&step),
        [Some(100), Some(20), None, Some(64), Some(4), Some(5)]
    );
    assert_eq!(dollars(&step), Some(0.25));
}

#[test]
fn the_root_has_the_conversation_and_the_result() {
    let run = run_by(
        SCOPE,
        span_with([
            ("agent_name", text("a")),
            ("model_name", text("m")),
            ("final_result", text("done")),
            ("pydantic_ai.all_messages", text("[1]")),
            ("metadata", text(r#"{"tenant":"acme"}"#)),
        ]),
    );
    assert_eq!(run.steps[0].agent.as_deref(), Some("a"));
    assert_eq!(run.steps[0].model, None);
    assert_eq!((input(&run), output(&run)), (Some("[1]"), Some("done")));
    assert_eq!(
        run.claims.attributes().collect::<Vec<_>>(),
        [("tenant", "\"acme\"")]
    );
}

#[test]
fn older_tools_and_events() {
    let tool = run_by(
        SCOPE,
        span_with([
            ("tool_arguments", text("{}")),
            ("tool_response", text("done")),
        ]),
    );
    assert_eq!((input(&tool), output(&tool)), (Some("{}"), Some("done")));
    let events = r#"[{"event.name":"gen_ai.user.message","content":"hi"},{"event.name":"gen_ai.choice","message":"ho"}]"#;
    let call = run_by(SCOPE, span_with([("events", text(events))]));
    assert_eq!(
        input(&call),
        Some(r#"[{"event.name":"gen_ai.user.message","content":"hi"}]"#)
    );
    assert_eq!(
        output(&call),
        Some(r#"[{"event.name":"gen_ai.choice","message":"ho"}]"#)
    );
}

#[test]
fn its_bare_names_mean_nothing_elsewhere() {
    assert_bare_names_mean_nothing(&[
        "agent_name",
        "model_name",
        "final_result",
        "tool_arguments",
        "tool_response",
        "events",
        "metadata",
    ]);
}
