//! Genkit.

use super::*;

#[test]
fn subtypes_of_actions() {
    let kinds = [
        ("model", StepKind::Llm),
        ("embedder", StepKind::Embedding),
        ("tool", StepKind::Tool),
        ("retriever", StepKind::Retrieval),
        ("evaluator", StepKind::Evaluator),
        ("flow", StepKind::Chain),
    ];
    assert_kinds("genkit:metadata:subtype", &kinds);
    let root = step_with([("genkit:metadata:subtype", text("flow"))]);
    assert_eq!(root.kind, StepKind::Agent);
}

#[test]
fn a_model_has_its_name_and_counts() {
    let run = run_with([
        ("genkit:metadata:subtype", text("model")),
        ("genkit:name", text("googleai/gemini-2.5-flash")),
        ("genkit:input", text("\"hi\"")),
        (
            "genkit:output",
            text(r#"{"usage":{"inputTokens":10,"outputTokens":4,"thoughtsTokens":1}}"#),
        ),
        ("genkit:state", text("error")),
    ]);
    let step = &run.steps[0];
    assert_eq!(
        (step.model.as_deref(), step.provider.as_deref()),
        (Some("gemini-2.5-flash"), Some("googleai"))
    );
    assert_eq!(counts(step), [Some(10), Some(4), None, None, None, Some(1)]);
    assert_eq!(input(&run), Some("hi"));
    assert!(is_failed(step));
}
