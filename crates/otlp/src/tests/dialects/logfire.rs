//! Logfire.

use super::*;

#[test]
fn the_message_names_a_step_whose_name_is_a_template() {
    let named = |name: &str| {
        let span = Span {
            name: name.to_owned(),
            ..span_with([("logfire.msg", text("order 7"))])
        };
        step_of(span).name
    };
    assert_eq!(named("order {id}"), "order 7");
    assert_eq!(named("chat gpt"), "chat gpt");
}

#[test]
fn calls_of_clients_have_their_request_and_response() {
    let span = || {
        span_with([
            ("request_data", text(r#"{"model":"m","messages":[1]}"#)),
            (
                "response_data",
                text(r#"{"message":2,"usage":{"prompt_tokens":7,"completion_tokens":3}}"#),
            ),
            ("logfire.tags", text(r#"["a"]"#)),
        ])
    };
    let run = run_by("logfire.openai", span());
    assert_eq!(run.steps[0].model.as_deref(), Some("m"));
    assert_eq!(
        (run.steps[0].usage.input, run.steps[0].usage.output),
        (Some(7), Some(3))
    );
    assert_eq!(input(&run), Some(r#"{"model":"m","messages":[1]}"#));
    assert!(output(&run).is_some());
    assert_eq!(run.claims.tags().collect::<Vec<_>>(), ["a"]);
    assert_eq!(input(&run_by("other", span())), None);
}

/// A marker of a start: a child of the span that it marks.
fn pending() -> Span {
    Span {
        span_id: vec![9; 8],
        parent_span_id: vec![2; 8],
        end_time_unix_nano: START_NANO,
        ..span_with([
            ("logfire.span_type", text("pending_span")),
            ("logfire.pending_parent_id", text("0707070707070707")),
        ])
    }
}

#[test]
fn a_marker_of_a_start_is_the_span_while_it_runs() {
    let run = run_of(vec![pending()]);
    let step = &run.steps[0];
    assert_eq!((step.id.as_bytes(), step.duration_us), (&[2; 8][..], None));
    assert_eq!(step.parent.unwrap().as_bytes(), [7; 8]);
    assert_eq!(step.status, StepStatus::Running);
}

#[test]
fn the_finished_span_replaces_its_marker_in_any_order() {
    let finished = || Span {
        parent_span_id: vec![7; 8],
        ..span("s")
    };
    for spans in [vec![pending(), finished()], vec![finished(), pending()]] {
        let decoded = decode_protobuf(&request(spans));
        assert_eq!((decoded.spans, decoded.duplicates), (2, 1));
        let run = one_run(decoded);
        assert_eq!(run.steps.len(), 1);
        assert!(run.steps[0].is_finished());
    }
}

#[test]
fn a_marker_of_a_root_has_no_parent() {
    let mut root = pending();
    root.attributes = key_values([
        ("logfire.span_type", text("pending_span")),
        ("logfire.pending_parent_id", text("0000000000000000")),
    ]);
    assert_eq!(step_of(root).parent, None);
}
