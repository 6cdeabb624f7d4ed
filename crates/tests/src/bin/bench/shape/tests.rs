use std::collections::BTreeMap;

use super::*;

fn runs() -> Vec<Run> {
    let mut random = Random::new(1);
    let words = Words::new(&mut random);
    (0..50).map(|_| Run::draw(&mut random, &words)).collect()
}

#[test]
fn a_step_has_the_sizes_of_the_reference_measurements() {
    let runs = runs();
    let steps = || runs.iter().flat_map(|run| &run.steps);
    let mean = |bytes: fn(&Step) -> usize| steps().map(bytes).sum::<usize>() / steps().count();

    let attributes = mean(|step| {
        let attributes = step.attributes.iter().map(|(key, value)| (key, value));
        serde_json::to_string(&attributes.collect::<BTreeMap<_, _>>())
            .unwrap()
            .len()
    });
    let input = mean(|step| step.input.to_string().len());
    let output = mean(|step| step.output.to_string().len());

    assert!((600..670).contains(&attributes), "attributes: {attributes}");
    assert!((370..430).contains(&input), "input: {input}");
    assert!((370..430).contains(&output), "output: {output}");
}

#[test]
fn the_payloads_of_a_run_do_not_compress_better_than_four_to_one() {
    for run in runs() {
        let attributes = |step: &Step| step.attributes.iter().cloned().collect::<BTreeMap<_, _>>();
        let parts = run
            .steps
            .iter()
            .map(|step| json!([attributes(step), step.input, step.output]));
        let payloads = Value::from_iter(parts).to_string();
        let compressed = zstd::bulk::compress(payloads.as_bytes(), 1).unwrap();
        let ratio = payloads.len() as f64 / compressed.len() as f64;
        assert!((2.5..4.0).contains(&ratio), "{ratio}");
    }
}

#[test]
fn about_six_of_a_hundred_runs_fail_and_say_so_at_their_root() {
    let mut random = Random::new(2);
    let words = Words::new(&mut random);
    let runs: Vec<Run> = (0..1_000).map(|_| Run::draw(&mut random, &words)).collect();

    let failed = runs
        .iter()
        .filter(|run| run.steps[0].error.is_some())
        .count();

    assert!((40..80).contains(&failed), "{failed}");
    assert!(runs.iter().all(|run| run.steps.len() == STEPS));
}
