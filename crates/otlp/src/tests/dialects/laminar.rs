//! Laminar.

use super::*;

#[test]
fn types_contents_and_associations() {
    let kinds = [
        ("LLM", StepKind::Llm),
        ("TOOL", StepKind::Tool),
        ("EXECUTOR", StepKind::Agent),
        ("EVALUATOR", StepKind::Evaluator),
        ("DEFAULT", StepKind::Chain),
    ];
    assert_kinds("lmnr.span.type", &kinds);
    let run = run_with([
        ("lmnr.span.input", text("asked")),
        ("lmnr.span.output", text("answered")),
        ("lmnr.association.properties.session_id", text("s")),
        ("lmnr.association.properties.user_id", text("u")),
        ("lmnr.association.properties.metadata.tenant", text("acme")),
    ]);
    assert_eq!(
        (input(&run), output(&run)),
        (Some("asked"), Some("answered"))
    );
    assert_eq!(run.claims.get(Field::SessionId), Some("s"));
    assert_eq!(run.claims.get(Field::UserId), Some("u"));
    assert_eq!(
        run.claims.attributes().collect::<Vec<_>>(),
        [("tenant", "\"acme\"")]
    );
}
