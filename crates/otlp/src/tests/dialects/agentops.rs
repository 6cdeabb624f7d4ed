//! AgentOps.

use super::*;

#[test]
fn kinds_of_spans_and_of_requests() {
    let kinds = [
        ("agent", StepKind::Agent),
        ("task", StepKind::Chain),
        ("tool", StepKind::Tool),
        ("llm", StepKind::Llm),
        ("workflow", StepKind::Chain),
        ("session", StepKind::Chain),
        ("operation", StepKind::Chain),
        ("guardrail", StepKind::Guardrail),
        ("http", StepKind::Http),
    ];
    assert_kinds("agentops.span.kind", &kinds);
    let requests = [("chat", StepKind::Llm), ("embedding", StepKind::Embedding)];
    assert_kinds("gen_ai.request.type", &requests);
}

#[test]
fn names_and_contents_of_entities() {
    let run = run_with([
        ("agentops.span.kind", text("tool")),
        ("operation.name", text("search")),
        ("agentops.tool.input", text("asked")),
        ("agentops.tool.output", text("answered")),
        ("agentops.tags", text(r#"["a"]"#)),
        ("gen_ai.usage.total_cost", double(0.5)),
    ]);
    assert_eq!(run.steps[0].name, "search");
    assert_eq!(
        (input(&run), output(&run)),
        (Some("asked"), Some("answered"))
    );
    assert_eq!(dollars(&run.steps[0]), Some(0.5));
    assert_eq!(run.claims.tags().collect::<Vec<_>>(), ["a"]);
    assert_eq!(step_with([("operation.name", text("GET /"))]).name, "span");
}

#[test]
fn errors_and_ends() {
    let step = step_of(failed(
        span_with([
            ("error.type", text("Timeout")),
            ("error.message", text("too slow")),
        ]),
        "",
    ));
    let error = step.error.unwrap();
    assert_eq!(
        (error.kind.as_deref(), error.message.as_deref()),
        (Some("Timeout"), Some("too slow"))
    );
    assert!(is_failed(&step_with([(
        "agentops.session.end_state",
        text("Fail")
    )])));
    assert!(!is_failed(&step_with([(
        "agentops.session.end_state",
        text("Success")
    )])));
}

#[test]
fn parameters_are_arguments_only_in_its_own_spans() {
    let span = || span_with([("tool.parameters", text("{}")), ("tool.call.id", text("c"))]);
    let run = run_by("agentops.instrumentation.openai", span());
    assert_eq!(
        (input(&run), run.steps[0].kind),
        (Some("{}"), StepKind::Tool)
    );
    assert_eq!(input(&run_of(vec![span()])), None);
}
