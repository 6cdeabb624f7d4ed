use runwatch_core::ids::RunId;
use runwatch_core::payload::Payload;
use runwatch_core::step::{Step, StepKind, StepStatus};
use runwatch_core::time::Timestamp;

use super::*;

fn step(number: u64) -> Step {
    let id = StepId::from_number(number);
    Step {
        duration_us: Some(1),
        content_hash: -7 - number.cast_signed(),
        ..Step::new(id, StepKind::Llm, StepStatus::Succeeded, Timestamp(0))
    }
}

fn payload(owner: Owner, part: Part, body: &str) -> Payload {
    Payload {
        owner,
        part,
        encoding: Encoding::Text,
        body: body.to_owned(),
    }
}

fn run() -> RunPart {
    let [one, two] = [1, 2].map(StepId::from_number);
    RunPart {
        steps: vec![step(1), step(2)],
        payloads: vec![
            payload(Owner::Run, Part::Input, "question"),
            payload(Owner::Steps(vec![one, two]), Part::Resource, "shared"),
            payload(Owner::Steps(vec![two]), Part::Output, "answer"),
        ],
        ..RunPart::empty(RunId(Uuid::from_u128(1)))
    }
}

fn key() -> ContentKey {
    ContentKey::new(Uuid::from_u128(5))
}

fn bodies(parts: &[StoredPart]) -> Vec<&str> {
    parts.iter().map(|part| part.body.as_str()).collect()
}

#[test]
fn a_chunk_gives_each_step_and_the_run_their_own_parts() {
    let chunk = chunk(key(), &run()).unwrap();
    let of = |step: Step| {
        parts_of_step(
            &chunk.steps,
            &chunk.body,
            (step.id, short_hash(step.content_hash)),
        )
        .unwrap()
    };
    assert_eq!(bodies(&of(step(1))), ["shared"]);
    assert_eq!(bodies(&of(step(2))), ["shared", "answer"]);
    assert_eq!(bodies(&parts_of_run(&chunk.body).unwrap()), ["question"]);
}

#[test]
fn parts_of_a_replaced_copy_are_not_shown() {
    let chunk = chunk(key(), &run()).unwrap();
    let other_copy = (StepId::from_number(2), short_hash(99));
    assert_eq!(
        parts_of_step(&chunk.steps, &chunk.body, other_copy).unwrap(),
        []
    );
}

#[test]
fn a_chunk_without_a_step_is_the_chunk_of_the_rest() {
    let whole = chunk(key(), &run()).unwrap();
    let mut rest = run();
    rest.steps.remove(1);
    rest.payloads.pop();
    let dropped = HashSet::from([StepId::from_number(2)]);
    assert_eq!(
        whole.without(key(), &dropped, &[]).unwrap(),
        chunk(key(), &rest)
    );
}

#[test]
fn broken_bytes_are_an_error_and_no_panic() {
    let chunk = chunk(key(), &run()).unwrap();
    for cut in 0..chunk.body.len() {
        assert!(parts_of_run(&chunk.body[..cut]).is_err());
    }
    assert!(listed_steps(&chunk.steps[..5]).is_err());
}
