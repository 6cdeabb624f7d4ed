//! Claude Code.

use super::*;

fn named<const N: usize>(name: &str, attributes: [(&str, AnyValue); N]) -> RunPart {
    run_of(vec![Span {
        name: name.to_owned(),
        ..span_with(attributes)
    }])
}

#[test]
fn kinds_with_and_without_the_prefix() {
    for (name, kind) in [
        ("interaction", StepKind::Agent),
        ("llm_request", StepKind::Llm),
        ("tool", StepKind::Tool),
        ("tool.execution", StepKind::Other),
    ] {
        let full = format!("claude_code.{name}");
        assert_eq!(step_with([("span.type", text(&full))]).kind, kind, "{full}");
        let short = named(&full, [("span.type", text(name))]);
        assert_eq!(short.steps[0].kind, kind, "{name}");
    }
    assert_eq!(
        step_with([("span.type", text("tool"))]).kind,
        StepKind::Other
    );
}

#[test]
fn its_input_leaves_out_the_cache_even_where_it_is_larger() {
    let run = named(
        "claude_code.llm_request",
        [
            ("model", text("claude")),
            ("input_tokens", int(100)),
            ("cache_read_tokens", int(40)),
            ("cache_creation_tokens", text("4")),
            ("output_tokens", int(20)),
            ("ttft_ms", int(250)),
            ("new_context", text("asked")),
            ("response.model_output", text("answered")),
        ],
    );
    let step = &run.steps[0];
    assert_eq!(
        counts(step),
        [Some(144), Some(20), None, Some(40), Some(4), None]
    );
    assert_eq!(step.model.as_deref(), Some("claude"));
    assert_eq!(step.first_token_us, Some(250_000));
    assert_eq!(
        (input(&run), output(&run)),
        (Some("asked"), Some("answered"))
    );
    assert!(
        part(&run, Part::Attributes)
            .unwrap()
            .contains(r#""input_tokens":100"#)
    );
}

#[test]
fn an_interaction_and_a_tool_have_their_contents() {
    let interaction = named(
        "claude_code.interaction",
        [
            ("user_prompt", text("hi")),
            ("new_context", text("context")),
        ],
    );
    assert_eq!(input(&interaction), Some("hi"));
    let run = run_of(vec![Span {
        name: "claude_code.tool".to_owned(),
        events: vec![event("tool.output", [("content", text("done"))])],
        ..span_with([
            ("tool_name", text("Bash")),
            ("full_command", text("ls")),
            ("success", text("false")),
            ("error", text("boom")),
        ])
    }]);
    assert_eq!(run.steps[0].tool.as_deref(), Some("Bash"));
    assert_eq!((input(&run), output(&run)), (Some("ls"), Some("done")));
    assert!(is_failed(&run.steps[0]));
    assert_eq!(
        run.steps[0].error.as_ref().unwrap().message.as_deref(),
        Some("boom")
    );
}

#[test]
fn redacted_content_says_nothing() {
    let run = named(
        "claude_code.interaction",
        [
            ("user_prompt", text("<REDACTED>")),
            ("new_context", text("context")),
        ],
    );
    assert_eq!(input(&run), Some("context"));
}

#[test]
fn its_bare_names_mean_nothing_elsewhere() {
    assert_bare_names_mean_nothing(&[
        "model",
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "user_prompt",
        "new_context",
        "tool_input",
        "tool_name",
        "cost_usd",
    ]);
}
