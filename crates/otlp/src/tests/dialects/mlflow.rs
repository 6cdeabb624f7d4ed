//! MLflow.

use super::*;

#[test]
fn types_stand_in_quotes() {
    let kinds = [
        ("\"LLM\"", StepKind::Llm),
        ("\"CHAT_MODEL\"", StepKind::Llm),
        ("AGENT", StepKind::Agent),
        ("\"TOOL\"", StepKind::Tool),
        ("\"RETRIEVER\"", StepKind::Retrieval),
        ("\"EMBEDDING\"", StepKind::Embedding),
        ("\"RERANKER\"", StepKind::Reranker),
        ("\"GUARDRAIL\"", StepKind::Guardrail),
        ("\"EVALUATOR\"", StepKind::Evaluator),
        ("\"WORKFLOW\"", StepKind::Chain),
        ("\"PARSER\"", StepKind::Chain),
        ("\"MEMORY\"", StepKind::Db),
        ("\"UNKNOWN\"", StepKind::Other),
    ];
    assert_kinds("mlflow.spanType", &kinds);
}

#[test]
fn all_fields() {
    let run = run_with([
        ("mlflow.spanInputs", text(r#"{"q":1}"#)),
        ("mlflow.spanOutputs", text("\"done\"")),
        ("mlflow.llm.model", text("\"m\"")),
        ("mlflow.llm.provider", text("\"p\"")),
        (
            "mlflow.chat.tokenUsage",
            text(
                r#"{"input_tokens":10,"output_tokens":4,"total_tokens":14,"cache_read_input_tokens":3,"cache_creation_input_tokens":null}"#,
            ),
        ),
        (
            "mlflow.llm.cost",
            text(r#"{"input_cost":1,"total_cost":3}"#),
        ),
        ("mlflow.trace.session", text("\"s\"")),
        ("mlflow.trace.user", text("u")),
        ("mlflow.traceTag.team", text("\"blue\"")),
    ]);
    let step = &run.steps[0];
    assert_eq!(
        (step.model.as_deref(), step.provider.as_deref()),
        (Some("m"), Some("p"))
    );
    assert_eq!(counts(step), [Some(10), Some(4), None, Some(3), None, None]);
    assert_eq!(step.flags, 0);
    assert_eq!(dollars(step), Some(3.0));
    assert_eq!(
        (input(&run), output(&run)),
        (Some(r#"{"q":1}"#), Some("done"))
    );
    assert_eq!(run.claims.get(Field::SessionId), Some("s"));
    assert_eq!(run.claims.get(Field::UserId), Some("u"));
    assert_eq!(run.claims.tags().collect::<Vec<_>>(), ["team=blue"]);
}
