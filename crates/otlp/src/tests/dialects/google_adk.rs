//! Google's Agent Development Kit.

use super::*;

#[test]
fn content_and_session() {
    let run = run_with([
        ("gcp.vertex.agent.llm_request", text(r#"{"contents":[]}"#)),
        ("gcp.vertex.agent.llm_response", text(r#"{"content":1}"#)),
        ("gcp.vertex.agent.session_id", text("s")),
    ]);
    assert_eq!(
        (input(&run), output(&run)),
        (Some(r#"{"contents":[]}"#), Some(r#"{"content":1}"#))
    );
    assert_eq!(run.claims.get(Field::SessionId), Some("s"));
}

#[test]
fn content_that_is_withheld_says_nothing() {
    let run = run_with([
        ("gcp.vertex.agent.llm_request", text("{}")),
        ("gcp.vertex.agent.tool_call_args", text(r#"{"x":1}"#)),
        ("gcp.vertex.agent.llm_response", text("{}")),
        ("gcp.vertex.agent.tool_response", text("done")),
    ]);
    assert_eq!(
        (input(&run), output(&run)),
        (Some(r#"{"x":1}"#), Some("done"))
    );
}
