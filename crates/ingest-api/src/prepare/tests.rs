use runwatch_core::ids::RunId;
use runwatch_core::payload::{Encoding, Payload};
use runwatch_core::step::StepKind;
use uuid::Uuid;

use super::*;

fn payload(owner: Owner, length: usize) -> Payload {
    Payload {
        owner,
        part: Part::Input,
        encoding: Encoding::Text,
        body: "x".repeat(length),
    }
}

#[test]
fn what_is_longer_than_a_chunk_may_be_is_left_out_and_flagged() {
    let ids = [1, 2, 3].map(StepId::from_number);
    let step = |id| Step::new(id, StepKind::Llm, StepStatus::Succeeded, Timestamp(0));
    let of = |number: usize| Owner::Steps(vec![ids[number]]);
    let mut part = RunPart {
        steps: ids.map(step).to_vec(),
        payloads: vec![
            payload(of(0), 400),
            payload(of(1), 500),
            payload(of(2), 90),
            payload(Owner::Run, 100),
        ],
        ..RunPart::empty(RunId(Uuid::from_u128(1)))
    };
    fit_payloads(&mut part, 600);
    let kept: Vec<usize> = part.payloads.iter().map(|it| it.body.len()).collect();
    assert_eq!(kept, [100, 400, 90]);
    let flagged: Vec<bool> = (part.steps.iter())
        .map(|step| step.flags & flags::TRUNCATED != 0)
        .collect();
    assert_eq!(flagged, [false, true, false]);
}
