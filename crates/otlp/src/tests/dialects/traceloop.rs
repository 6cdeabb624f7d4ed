//! OpenLLMetry.

use super::*;

#[test]
fn kinds_of_spans_and_of_requests() {
    let kinds = [
        ("workflow", StepKind::Chain),
        ("task", StepKind::Chain),
        ("agent", StepKind::Agent),
        ("tool", StepKind::Tool),
        ("unknown", StepKind::Other),
    ];
    assert_kinds("traceloop.span.kind", &kinds);
    let requests = [
        ("chat", StepKind::Llm),
        ("completion", StepKind::Llm),
        ("embedding", StepKind::Embedding),
        ("rerank", StepKind::Reranker),
    ];
    assert_kinds("llm.request.type", &requests);
    assert_kinds(
        "gen_ai.operation.name",
        &[("execute_task", StepKind::Chain)],
    );
}

#[test]
fn an_entity_names_its_step() {
    let entity = |kind: &str| {
        step_with([
            ("traceloop.span.kind", text(kind)),
            ("traceloop.entity.name", text("e")),
        ])
    };
    assert_eq!(entity("tool").tool.as_deref(), Some("e"));
    assert_eq!(entity("agent").agent.as_deref(), Some("e"));
    assert_eq!(entity("workflow").name, "e");
    let call = step_with([("traceloop.entity.name", text("caller"))]);
    assert_eq!(call.name, "span");
}

#[test]
fn flattened_messages_become_lists() {
    let run = run_with([
        ("gen_ai.prompt.0.role", text("user")),
        ("gen_ai.prompt.0.content", text("hi")),
        ("gen_ai.prompt.1.tool_calls.0.name", text("f")),
        ("gen_ai.completion.0.content", text("ho")),
        ("gen_ai.completion.0.finish_reason", text("stop")),
    ]);
    let messages = r#"[{"content":"hi","role":"user"},{"tool_calls":[{"name":"f"}]}]"#;
    assert_eq!(input(&run), Some(messages));
    assert_eq!(
        output(&run),
        Some(r#"[{"content":"ho","finish_reason":"stop"}]"#)
    );
    assert_eq!(part(&run, Part::Attributes), None);
}

#[test]
fn a_hostile_index_stays_an_attribute() {
    let run = run_with([("gen_ai.prompt.99999999.role", text("user"))]);
    assert_eq!(input(&run), None);
    assert!(part(&run, Part::Attributes).unwrap().contains("99999999"));
}

#[test]
fn the_topmost_workflow_has_the_runs_input_and_output() {
    let workflow = |path: &str| {
        let run = run_with([
            ("traceloop.span.kind", text("workflow")),
            ("traceloop.entity.path", text(path)),
            (
                "traceloop.entity.input",
                text(
                    r#"{"inputs":1,"tags":["vip","graph:step:1"],"metadata":{"user_id":"u","tenant":"acme","ls_provider":"x"}}"#,
                ),
            ),
        ]);
        let user = run.claims.get(Field::UserId).map(str::to_owned);
        let tags: Vec<String> = run.claims.tags().map(str::to_owned).collect();
        (run.claims.get(Field::Input).is_some(), user, tags)
    };
    let (of_run, user, tags) = workflow("");
    assert!(of_run);
    assert_eq!((user.as_deref(), tags), (Some("u"), vec!["vip".to_owned()]));
    assert_eq!(workflow("outer"), (false, None, vec![]));
}

#[test]
fn associations_are_said_of_the_run() {
    let run = run_with([
        ("traceloop.association.properties.session_id", text("s")),
        ("traceloop.association.properties.thread_id", text("t")),
        ("traceloop.association.properties.user_id", text("u")),
        ("traceloop.association.properties.tenant", text("acme")),
        ("traceloop.association.properties.langgraph_step", int(1)),
        (
            "traceloop.association.properties.ls_model_name",
            text("gpt-4o"),
        ),
        (
            "traceloop.association.properties.ls_provider",
            text("openai"),
        ),
        ("gen_ai.request.model", text("unknown")),
        ("gen_ai.provider.name", text("langchain")),
        ("traceloop.entity.version", int(2)),
        ("traceloop.workflow.name", text("w")),
    ]);
    assert_eq!(run.claims.get(Field::SessionId), Some("s"));
    assert_eq!(run.claims.get(Field::UserId), Some("u"));
    assert_eq!(run.claims.get(Field::AgentVersion), Some("2"));
    assert_eq!(run.claims.get(Field::AgentName), Some("w"));
    let attributes: Vec<_> = run.claims.attributes().collect();
    assert_eq!(attributes, [("tenant", "\"acme\"")]);
    assert_eq!(run.steps[0].model.as_deref(), Some("gpt-4o"));
    assert_eq!(run.steps[0].provider.as_deref(), Some("openai"));
}

#[test]
fn older_counts_and_the_status_of_a_task() {
    let step = step_with([
        ("llm.usage.total_tokens", int(9)),
        ("gen_ai.usage.reasoning_tokens", int(2)),
        ("gen_ai.task.status", text("failure")),
    ]);
    assert_eq!(counts(&step), [None, None, Some(9), None, None, Some(2)]);
    assert!(is_failed(&step));
}

#[test]
fn its_instrumentation_of_the_model_context_protocol() {
    let run = run_with([
        ("mcp.request.argument", text("asked")),
        ("mcp.response.value", text("answered")),
    ]);
    assert_eq!(
        (input(&run), output(&run)),
        (Some("asked"), Some("answered"))
    );
}
