//! The same span more than once in a body.

use opentelemetry_proto::tonic::trace::v1::Span;
use runwatch_core::payload::{Owner, Part};

use super::builders::*;

fn unfinished() -> Span {
    Span {
        end_time_unix_nano: 0,
        ..span_with([("started", text("yes"))])
    }
}

#[test]
fn an_identical_copy_is_a_duplicate() {
    let decoded = decode_protobuf(&request(vec![span("s"), span("s")]));
    assert_eq!((decoded.spans, decoded.duplicates), (2, 1));
    assert_eq!(one_run(decoded).steps.len(), 1);
}

#[test]
fn a_copy_with_another_content_is_a_conflict() {
    let decoded = decode_protobuf(&request(vec![span("s"), span("t")]));
    assert_eq!(decoded.duplicates, 0);
    assert_eq!(decoded.parts[0].steps[0].name, "s");
    let rejected: Vec<_> = decoded
        .rejected
        .iter()
        .map(|one| (one.index, one.code))
        .collect();
    assert_eq!(rejected, [(1, "conflict")]);
}

#[test]
fn a_conflicting_copy_claims_nothing() {
    let said = |user: &str| span_with([("user.id", text(user))]);
    let decoded = decode_protobuf(&request(vec![said("b"), said("a")]));
    assert_eq!(
        decoded.parts[0]
            .claims
            .get(runwatch_core::claims::Field::UserId),
        Some("b")
    );
}

#[test]
fn an_unfinished_copy_yields_to_a_finished_one_in_either_order() {
    let finished = || span_with([("ended", text("yes"))]);
    for spans in [
        vec![unfinished(), finished()],
        vec![finished(), unfinished()],
    ] {
        let decoded = decode_protobuf(&request(spans));
        assert_eq!(decoded.duplicates, 1);
        let run = one_run(decoded);
        assert_eq!(run.steps.len(), 1);
        assert!(run.steps[0].is_finished());
        assert_eq!(run.steps[0].attributes, r#"{"ended":"yes"}"#);
    }
}

#[test]
fn payloads_of_a_replaced_copy_go_with_it() {
    let mut first = unfinished();
    first.attributes = key_values([("gen_ai.prompt", text("early"))]);
    let last = span_with([("gen_ai.prompt", text("late"))]);
    let run = run_of(vec![first, last]);
    assert_eq!(part(&run, Part::Input), Some("late"));
    assert!(
        run.payloads
            .iter()
            .all(|payload| payload.owner == Owner::Steps(vec![run.steps[0].id]))
    );
    assert_eq!(run.payloads.len(), 1);
}

#[test]
fn two_unfinished_copies_that_differ_are_a_conflict() {
    let other = Span {
        name: "other".into(),
        ..unfinished()
    };
    let decoded = decode_protobuf(&request(vec![unfinished(), other]));
    assert_eq!(decoded.rejected[0].code, "conflict");
}
