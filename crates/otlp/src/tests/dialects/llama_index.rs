//! LlamaIndex.

use super::*;

#[test]
fn the_first_token_is_an_event() {
    let mut first = event("First Token Stream Event", []);
    first.time_unix_nano = START_NANO + 250_000_000;
    let step = step_of(Span {
        events: vec![first],
        ..span("s")
    });
    assert_eq!(step.first_token_us, Some(250_000));
    let run = run_with([("workflow.session_id", text("s"))]);
    assert_eq!(run.claims.get(Field::SessionId), Some("s"));
}

#[test]
fn a_model_that_is_not_known_is_none() {
    assert_eq!(step_with([("llm.model_name", text("unknown"))]).model, None);
}
