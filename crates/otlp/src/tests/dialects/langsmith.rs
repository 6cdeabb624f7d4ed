//! LangSmith.

use super::*;

#[test]
fn its_own_kind_goes_before_its_operation_names() {
    let kinds = [
        ("llm", StepKind::Llm),
        ("tool", StepKind::Tool),
        ("chain", StepKind::Chain),
        ("retriever", StepKind::Retrieval),
        ("embedding", StepKind::Embedding),
        ("prompt", StepKind::Chain),
        ("parser", StepKind::Chain),
    ];
    assert_kinds("langsmith.span.kind", &kinds);
    let retriever = step_with([
        ("langsmith.span.kind", text("retriever")),
        ("gen_ai.operation.name", text("embeddings")),
    ]);
    assert_eq!(retriever.kind, StepKind::Retrieval);
    assert_kinds("gen_ai.operation.name", &[("parser", StepKind::Chain)]);
}

#[test]
fn metadata_says_what_the_conventions_leave_out() {
    let run = run_with([
        ("gen_ai.system", text("langchain")),
        ("gen_ai.usage.input_tokens", int(11)),
        ("langsmith.metadata.ls_provider", text("openai")),
        ("langsmith.metadata.ls_model_name", text("m")),
        (
            "langsmith.metadata.usage_metadata",
            text(
                r#"{"input_tokens":11,"output_tokens":7,"input_token_details":{"cache_read":3,"cache_creation":1},"output_token_details":{"reasoning":2}}"#,
            ),
        ),
        ("langsmith.metadata.session_id", text("s")),
        ("langsmith.metadata.thread_id", text("t")),
        ("langsmith.metadata.user_id", text("u")),
        ("langsmith.metadata.tenant", text("acme")),
        ("langsmith.metadata.LANGSMITH_PROJECT", text("secret")),
        ("langsmith.metadata.langgraph_node", text("n")),
        ("langsmith.span.tags", text("graph:step:1, a, b")),
        ("langsmith.trace.name", text("root's")),
        ("langsmith.trace.session_name", text("proj")),
    ]);
    let step = &run.steps[0];
    assert_eq!(
        (step.model.as_deref(), step.provider.as_deref()),
        (Some("m"), Some("openai"))
    );
    assert_eq!(
        counts(step),
        [Some(11), Some(7), None, Some(3), Some(1), Some(2)]
    );
    assert_eq!(run.claims.get(Field::SessionId), Some("s"));
    assert_eq!(run.claims.get(Field::UserId), Some("u"));
    assert_eq!(run.claims.get(Field::AgentName), Some("root's"));
    assert_eq!(run.claims.tags().collect::<Vec<_>>(), ["a", "b"]);
    let attributes: Vec<_> = run.claims.attributes().collect();
    assert_eq!(
        attributes,
        [("langsmith.project", "\"proj\""), ("tenant", "\"acme\"")]
    );
}

#[test]
fn whole_prompts_and_completions_are_the_bodies() {
    let run = run_with([
        ("gen_ai.prompt", text(r#"{"q":1}"#)),
        ("gen_ai.completion", text(r#"{"a":2}"#)),
    ]);
    assert_eq!(
        (input(&run), output(&run)),
        (Some(r#"{"q":1}"#), Some(r#"{"a":2}"#))
    );
}
