use runwatch_core::hash::ContentKey;
use runwatch_core::run::RunPart;
use runwatch_otlp::decode_traces;

use super::*;
use crate::random::Random;
use crate::words::Words;
use crate::{copy_rows, native, otlp};

fn run() -> Run {
    let mut random = Random::new(1);
    let words = Words::new(&mut random);
    Run::draw(&mut random, &words)
}

fn identity(run: u128) -> Identity {
    Identity {
        run: Uuid::from_u128(run),
        step_seed: 77,
        started_at: Timestamp(1_795_000_000_000_000),
    }
}

fn sent(template: &Template, run: u128) -> Vec<u8> {
    let mut out = Vec::new();
    template.append(&identity(run), &mut out);
    out
}

fn decoded(body: &[u8]) -> Vec<RunPart> {
    let key = ContentKey::new(Uuid::from_u128(1));
    let decoded = decode_traces(body, runwatch_otlp::Format::Protobuf, key).unwrap();
    assert!(decoded.rejected.is_empty());
    decoded.parts
}

#[test]
fn every_id_and_time_of_an_otlp_run_is_replaced() {
    let template = Template::new(otlp::render(&run()), Format::Otlp, &run());
    // Of each step: trace, id, start, end, and the parent of all but the root.
    assert_eq!(template.places.len(), STEPS * 5 - 1);
    let body = sent(&template, 5);
    assert_eq!(body.len(), template.bytes().len());
    let placeholder = placeholder_step(0).to_be_bytes();
    assert!(memmem::find(&body, &placeholder[..6]).is_none());
}

#[test]
fn every_id_and_time_of_a_native_run_is_replaced() {
    let template = Template::new(native::render(&run()), Format::Native, &run());
    // Of each step: id, start, end, and the parent of all but the root; of the run: id, start, end.
    assert_eq!(template.places.len(), STEPS * 4 - 1 + 3);
    let body: serde_json::Value = serde_json::from_slice(&sent(&template, 5)).unwrap();
    assert_eq!(body["run_id"], "00000000-0000-0000-0000-000000000005");
    assert_eq!(body["started_at"], identity(5).started_at.to_rfc3339());
    assert_eq!(body["steps"][1]["parent_id"], body["steps"][0]["step_id"]);
}

#[test]
fn every_id_and_time_of_the_rows_is_replaced() {
    let template = Template::new(copy_rows::render(&run()), Format::Copy, &run());
    // Of each step: trace, run, id, start, and the parent of all but the root.
    assert_eq!(template.places.len(), STEPS * 5 - 1);
}

#[test]
fn a_run_is_decoded_as_what_it_was_drawn_as() {
    let run = run();
    let template = Template::new(otlp::render(&run), Format::Otlp, &run);
    let parts = decoded(&[sent(&template, 5), sent(&template, 6)].concat());
    assert_eq!(parts.len(), 2);
    for (part, id) in parts.iter().zip([5, 6]) {
        assert_eq!(part.run_id.0, Uuid::from_u128(id));
        assert_eq!(part.steps.len(), STEPS);
        let models = part
            .steps
            .iter()
            .filter(|step| step.usage.is_some())
            .count();
        assert_eq!(models, STEPS / 2);
        assert!(
            part.steps
                .iter()
                .all(|step| step.duration_us.is_some_and(|us| us > 0))
        );
    }
}
