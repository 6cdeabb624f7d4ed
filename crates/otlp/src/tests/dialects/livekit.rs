//! LiveKit Agents.

use super::*;

#[test]
fn agents_tools_and_contents() {
    let agent = step_of(Span {
        name: "agent_session".to_owned(),
        ..span_with([("lk.agent_name", text("a"))])
    });
    assert_eq!(
        (agent.kind, agent.agent.as_deref()),
        (StepKind::Agent, Some("a"))
    );
    let run = run_with([
        ("lk.function_tool.name", text("f")),
        ("lk.function_tool.arguments", text("{}")),
        ("lk.function_tool.output", text("done")),
    ]);
    assert_eq!(
        (run.steps[0].kind, run.steps[0].tool.as_deref()),
        (StepKind::Tool, Some("f"))
    );
    assert_eq!((input(&run), output(&run)), (Some("{}"), Some("done")));
    let call = run_with([
        ("lk.chat_ctx", text("[1]")),
        ("lk.response.text", text("hi")),
        ("lk.response.ttft", double(0.25)),
    ]);
    assert_eq!((input(&call), output(&call)), (Some("[1]"), Some("hi")));
    assert_eq!(call.steps[0].first_token_us, Some(250_000));
}
