//! The Model Context Protocol.

use super::*;

#[test]
fn methods_and_resources() {
    let kinds = [
        ("tools/call", StepKind::Tool),
        ("tools/list", StepKind::Other),
        ("initialize", StepKind::Other),
    ];
    assert_kinds("mcp.method.name", &kinds);
    let run = run_with([
        ("mcp.method.name", text("resources/read")),
        ("mcp.resource.uri", text("file:///a")),
    ]);
    assert_eq!(input(&run), Some("file:///a"));
    assert!(run.steps[0].attributes.contains("resources/read"));
}

#[test]
fn an_error_of_a_tool() {
    let span = span_with([
        ("error.type", text("tool_error")),
        ("rpc.response.status_code", text("-32000")),
    ]);
    let error = step_of(failed(span, "")).error.unwrap();
    assert_eq!(
        (error.kind.as_deref(), error.code.as_deref()),
        (Some("tool_error"), Some("-32000"))
    );
}
