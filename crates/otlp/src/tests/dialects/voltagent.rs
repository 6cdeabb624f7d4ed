//! VoltAgent.

use super::*;

const SCOPE: &str = "@voltagent/core";

#[test]
fn the_type_of_a_span_goes_before_that_of_its_entity() {
    let run = run_by(
        SCOPE,
        span_with([("span.type", text("llm")), ("entity.type", text("agent"))]),
    );
    assert_eq!(run.steps[0].kind, StepKind::Llm);
    let root = run_by(
        SCOPE,
        span_with([("entity.type", text("agent")), ("entity.name", text("a"))]),
    );
    assert_eq!(root.steps[0].kind, StepKind::Agent);
    assert_eq!(root.steps[0].agent.as_deref(), Some("a"));
}

#[test]
fn messages_counts_and_the_conversation() {
    let run = run_with([
        ("voltagent.conversation_id", text("s")),
        ("llm.messages", text("[1]")),
        ("output", text("done")),
        ("usage.prompt_tokens", int(10)),
        ("usage.completion_tokens", int(4)),
    ]);
    assert_eq!(
        counts(&run.steps[0]),
        [Some(10), Some(4), None, None, None, None]
    );
    assert_eq!((input(&run), output(&run)), (Some("[1]"), Some("done")));
    assert_eq!(run.claims.get(Field::SessionId), Some("s"));
}

#[test]
fn its_bare_names_mean_nothing_elsewhere() {
    assert_bare_names_mean_nothing(&["input", "output", "entity.name", "usage.prompt_tokens"]);
}
