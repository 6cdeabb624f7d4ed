//! OpenInference.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use runwatch_core::claims::Field;
use runwatch_core::limits::FLATTENED_LIST_MAX;
use runwatch_core::money::NanoUsd;
use runwatch_core::payload::Part;
use runwatch_core::run::RunPart;
use runwatch_core::step::StepKind;
use runwatch_core::usage::TokenUsage;

use super::builders::*;

fn run_with<const N: usize>(attributes: [(&str, AnyValue); N]) -> RunPart {
    run_of(vec![span_with(attributes)])
}

#[test]
fn the_span_kind_decides_in_any_case_before_the_operation() {
    let kind = |name: &str| {
        let attributes = [
            ("openinference.span.kind", text(name)),
            ("gen_ai.operation.name", text("chat")),
        ];
        step_of(span_with(attributes)).kind
    };
    for (name, expected) in [
        ("AGENT", StepKind::Agent),
        ("llm", StepKind::Llm),
        ("Tool", StepKind::Tool),
        ("RETRIEVER", StepKind::Retrieval),
        ("EMBEDDING", StepKind::Embedding),
        ("CHAIN", StepKind::Chain),
        ("GUARDRAIL", StepKind::Guardrail),
        ("EVALUATOR", StepKind::Evaluator),
        ("RERANKER", StepKind::Reranker),
        ("PROMPT", StepKind::Chain),
        ("DECISION", StepKind::Llm),
        ("UNKNOWN", StepKind::Llm),
    ] {
        assert_eq!(kind(name), expected, "{name}");
    }
}

#[test]
fn messages_on_a_chain_do_not_make_it_a_model_call() {
    let run = run_with([("llm.input_messages.0.message.role", text("user"))]);
    assert_eq!(run.steps[0].kind, StepKind::Other);
    assert_eq!(
        run_with([("llm.model_name", text("m"))]).steps[0].kind,
        StepKind::Llm
    );
}

#[test]
fn tokens_models_and_costs_are_read() {
    let run = run_with([
        ("llm.model_name", text("asked")),
        ("llm.response.model_name", text("answered")),
        ("llm.provider", text("openai")),
        ("llm.system", text("azure")),
        ("llm.token_count.prompt", int(11)),
        ("llm.token_count.completion", int(7)),
        ("llm.token_count.total", int(18)),
        ("llm.token_count.prompt_details.cache_read", int(3)),
        ("llm.token_count.prompt_details.cache_write", int(1)),
        ("llm.token_count.completion_details.reasoning", int(2)),
        ("llm.cost.total", double(0.5)),
    ]);
    let step = &run.steps[0];
    assert_eq!(
        (step.model.as_deref(), step.provider.as_deref()),
        (Some("answered"), Some("openai"))
    );
    let usage = TokenUsage {
        input: Some(11),
        output: Some(7),
        cached: Some(3),
        cache_write: Some(1),
        reasoning: Some(2),
        total: None,
    };
    assert_eq!(
        (step.usage, step.reported_cost),
        (usage, Some(NanoUsd(500_000_000)))
    );
    let kept = r#"{"llm.model_name":"asked","llm.system":"azure","llm.token_count.total":18}"#;
    assert_eq!(part(&run, Part::Attributes), Some(kept));
}

#[test]
fn flattened_messages_are_put_together_where_there_is_no_value() {
    let run = run_with([
        ("llm.input_messages.10.message.content", text("last")),
        ("llm.input_messages.0.message.role", text("user")),
        (
            "llm.input_messages.0.message.contents.0.message_content.text",
            text("hi"),
        ),
        (
            "llm.input_messages.2.message.tool_calls.0.tool_call.id",
            text("c1"),
        ),
        (
            "llm.input_messages.2.message.tool_calls.0.tool_call.function.name",
            text("f"),
        ),
        ("llm.output_messages.0.message.role", text("assistant")),
    ]);
    let input = concat!(
        r#"[{"contents":[{"text":"hi"}],"role":"user"},"#,
        r#"{"tool_calls":[{"function":{"name":"f"},"id":"c1"}]},{"content":"last"}]"#
    );
    assert_eq!(part(&run, Part::Input), Some(input));
    assert_eq!(part(&run, Part::Output), Some(r#"[{"role":"assistant"}]"#));
    assert_eq!(part(&run, Part::Attributes), None);
}

#[test]
fn a_value_goes_before_flattened_messages_which_stay_attributes() {
    let run = run_with([
        ("input.value", text(r#"{"q":1}"#)),
        ("llm.input_messages.0.message.role", text("user")),
    ]);
    assert_eq!(part(&run, Part::Input), Some(r#"{"q":1}"#));
    let kept = r#"{"llm.input_messages.0.message.role":"user"}"#;
    assert_eq!(part(&run, Part::Attributes), Some(kept));
}

#[test]
fn an_index_out_of_bounds_or_a_path_that_is_taken_stays_an_attribute() {
    let at_limit = format!("llm.input_messages.{FLATTENED_LIST_MAX}.message.role");
    let past_limit = format!("llm.input_messages.{}.message.role", FLATTENED_LIST_MAX + 1);
    let run = run_with([
        (&at_limit, text("user")),
        (&past_limit, text("hostile")),
        ("llm.input_messages.7.message.role", text("a")),
        ("llm.input_messages.7.message.role.x", text("taken")),
        ("llm.input_messages.x", text("no index")),
    ]);
    assert_eq!(
        part(&run, Part::Input),
        Some(r#"[{"role":"a"},{"role":"user"}]"#)
    );
    let kept = part(&run, Part::Attributes).unwrap();
    for value in ["hostile", "taken", "no index"] {
        assert!(kept.contains(value), "{kept}");
    }
}

#[test]
fn documents_are_the_output_of_a_retrieval() {
    let run = run_with([
        ("retrieval.documents.0.document.content", text("one")),
        ("retrieval.documents.1.document.score", double(0.5)),
    ]);
    assert_eq!(
        part(&run, Part::Output),
        Some(r#"[{"content":"one"},{"score":0.5}]"#)
    );
}

#[test]
fn of_two_flattened_lists_the_first_of_the_row_is_taken() {
    let run = run_with([
        ("llm.output_messages.0.message.role", text("assistant")),
        ("retrieval.documents.0.document.content", text("one")),
    ]);
    assert_eq!(part(&run, Part::Output), Some(r#"[{"role":"assistant"}]"#));
    assert!(part(&run, Part::Attributes).unwrap().contains("one"));
}

#[test]
fn metadata_and_tags_are_said_of_the_run() {
    let run = run_with([
        ("openinference.span.kind", text("CHAIN")),
        (
            "metadata",
            text(r#"{"thread_id":"t1","step":1,"nested":{"a":[1]},"langgraph_node":"one"}"#),
        ),
        ("tag.tags", text(r#"["a","b"]"#)),
        ("agent.id", text("a1")),
        ("llm.user", text("u1")),
    ]);
    let attributes: Vec<_> = run.claims.attributes().collect();
    assert_eq!(
        attributes,
        [
            ("nested", r#"{"a":[1]}"#),
            ("step", "1"),
            ("thread_id", "\"t1\"")
        ]
    );
    assert_eq!(run.claims.tags().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(run.claims.get(Field::AgentId), Some("a1"));
    assert_eq!(run.claims.get(Field::UserId), Some("u1"));
    assert!(part(&run, Part::Attributes).unwrap().contains("thread_id"));
}

#[test]
fn the_name_of_an_agent_is_its_steps_own() {
    let run = run_with([
        ("agent.name", text("writer")),
        ("openinference.span.kind", text("AGENT")),
    ]);
    assert_eq!(run.steps[0].agent.as_deref(), Some("writer"));
    assert_eq!(run.claims.get(Field::AgentName), None);
}
