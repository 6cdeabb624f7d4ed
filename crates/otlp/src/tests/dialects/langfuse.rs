//! Langfuse.

use super::*;

#[test]
fn the_type_of_an_observation_decides_first() {
    let kinds = [
        ("agent", StepKind::Agent),
        ("generation", StepKind::Llm),
        ("embedding", StepKind::Embedding),
        ("tool", StepKind::Tool),
        ("retriever", StepKind::Retrieval),
        ("chain", StepKind::Chain),
        ("guardrail", StepKind::Guardrail),
        ("evaluator", StepKind::Evaluator),
        ("event", StepKind::Other),
    ];
    assert_kinds("langfuse.observation.type", &kinds);
    let undecided = step_with([
        ("langfuse.observation.type", text("span")),
        ("openinference.span.kind", text("LLM")),
    ]);
    assert_eq!(undecided.kind, StepKind::Llm);
}

#[test]
fn disjoint_buckets_are_added_up() {
    let usage = r#"{"input":56,"input_cached_tokens":40,"input_cache_creation":4,"output":15,"output_reasoning_tokens":5,"total":120}"#;
    let step = step_with([("langfuse.observation.usage_details", text(usage))]);
    let (input, output) = (Some(100), Some(20));
    assert_eq!(
        counts(&step),
        [input, output, None, Some(40), Some(4), Some(5)]
    );
}

#[test]
fn buckets_of_providers_include_their_details() {
    let openai = r#"{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":40},"completion_tokens_details":{"reasoning_tokens":5}}"#;
    let responses = r#"{"input_tokens":100,"output_tokens":20,"total_tokens":120,"input_tokens_details":{"cached_tokens":40},"output_tokens_details":{"reasoning_tokens":5}}"#;
    for usage in [openai, responses] {
        let step = step_with([("langfuse.observation.usage_details", text(usage))]);
        let expected = [Some(100), Some(20), None, Some(40), None, Some(5)];
        assert_eq!(counts(&step), expected);
    }
    let anthropic = r#"{"input_tokens":56,"cache_read_input_tokens":40,"cache_creation_input_tokens":4,"output_tokens":20}"#;
    let step = step_with([("langfuse.observation.usage_details", text(anthropic))]);
    assert_eq!(
        counts(&step),
        [Some(100), Some(20), None, Some(40), Some(4), None]
    );
}

#[test]
fn the_cost_is_the_total_else_the_sum() {
    let cost = |json: &str| {
        dollars(&step_with([(
            "langfuse.observation.cost_details",
            text(json),
        )]))
    };
    assert_eq!(cost(r#"{"input":1,"output":2,"total":4}"#), Some(4.0));
    assert_eq!(cost(r#"{"input":1,"output":2}"#), Some(3.0));
    assert_eq!(cost("{}"), None);
}

#[test]
fn the_level_fails_a_step() {
    let step = step_with([
        ("langfuse.observation.level", text("ERROR")),
        ("langfuse.observation.status_message", text("boom")),
    ]);
    assert!(is_failed(&step));
    assert_eq!(step.error.unwrap().message.as_deref(), Some("boom"));
    let warning = step_with([("langfuse.observation.level", text("WARNING"))]);
    assert!(!is_failed(&warning));
}

#[test]
fn the_first_token_is_a_moment() {
    let at = "2023-11-14T22:13:20.250Z";
    for sent in [at.to_owned(), format!("\"{at}\"")] {
        let step = step_with([("langfuse.observation.completion_start_time", text(&sent))]);
        assert_eq!(step.first_token_us, Some(250_000), "{sent}");
    }
}

#[test]
fn what_is_said_of_the_trace_is_said_of_the_run() {
    let run = run_with([
        ("langfuse.session.id", text("s")),
        ("session.id", text("other")),
        ("langfuse.user.id", text("u")),
        ("langfuse.environment", text("staging")),
        ("langfuse.release", text("r")),
        ("langfuse.version", text("v")),
        ("langfuse.trace.name", text("n")),
        ("langfuse.trace.tags", text(r#"["a","b"]"#)),
        ("langfuse.trace.metadata.tenant", text("\"acme\"")),
        ("langfuse.trace.metadata.plain", text("words")),
        ("langfuse.trace.input", text("asked")),
        ("langfuse.trace.output", text(r#"{"a":1}"#)),
        ("langfuse.observation.input", text("step's")),
    ]);
    let fields = [
        (Field::SessionId, "s"),
        (Field::UserId, "u"),
        (Field::Environment, "staging"),
        (Field::Release, "r"),
        (Field::AgentVersion, "v"),
        (Field::AgentName, "n"),
    ];
    for (field, value) in fields {
        assert_eq!(run.claims.get(field), Some(value));
    }
    assert_eq!(run.claims.tags().collect::<Vec<_>>(), ["a", "b"]);
    let attributes: Vec<_> = run.claims.attributes().collect();
    assert_eq!(attributes, [("plain", "\"words\""), ("tenant", "\"acme\"")]);
    let of_run = |part| {
        let mut payloads = run.payloads.iter();
        let is_its = |payload: &&runwatch_core::payload::Payload| {
            payload.part == part && payload.owner == runwatch_core::payload::Owner::Run
        };
        payloads.find(is_its).map(|payload| payload.body.as_str())
    };
    assert_eq!(of_run(Part::Input), Some("asked"));
    assert_eq!(of_run(Part::Output), Some(r#"{"a":1}"#));
    assert!(run.claims.get(Field::Input).is_some());
}

#[test]
fn of_several_inputs_of_a_run_the_earliest_stays_in_any_order() {
    let span = |id: u8, start: u64, said: &str| Span {
        span_id: vec![id; 8],
        start_time_unix_nano: START_NANO + start,
        ..span_with([("langfuse.trace.input", text(said))])
    };
    let spans = [span(3, 0, "first"), span(4, 5_000, "second")];
    for order in [[0, 1], [1, 0]] {
        let run = run_of(order.map(|at: usize| spans[at].clone()).to_vec());
        let bodies = run.payloads.iter().filter(|of| of.part == Part::Input);
        let bodies: Vec<_> = bodies.map(|of| of.body.as_str()).collect();
        assert_eq!(bodies, ["first"]);
    }
}
