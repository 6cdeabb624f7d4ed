use super::*;
use crate::findings::{Detail, FindingKind};

fn failures(numbers: impl IntoIterator<Item = u64>) -> Vec<Step> {
    let numbers = numbers.into_iter();
    numbers.map(|at| failed(call(at, "gpt-4o"))).collect()
}

fn recovered(steps: &[Step]) -> bool {
    match finding(steps).unwrap().detail {
        Detail::RetryStorm { recovered, .. } => recovered,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_fifth_failure_in_a_row_makes_a_storm() {
    assert_eq!(finding(&failures(1..=4)), None);
    let found = finding(&failures(1..=5)).unwrap();
    assert_eq!(found.kind(), FindingKind::RetryStorm);
    assert_eq!((found.count, found.steps.as_slice()), (5, &*ids(1..=5)));
    assert_eq!(found.subject.as_deref(), Some("gpt-4o"));
    assert_eq!(
        found.detail,
        Detail::RetryStorm {
            within_us: 4 * SECOND_US + SECOND_US / 2,
            recovered: false
        }
    );
    assert_eq!(found.sentence(), "5 attempts of gpt-4o failed within 5 s");
}

#[test]
fn attempts_a_minute_apart_belong_together_and_later_ones_do_not() {
    assert!(finding(&failures((0..5).map(|nth| 1 + 60 * nth))).is_some());
    assert_eq!(finding(&failures((0..5).map(|nth| 1 + 61 * nth))), None);
    let with_a_pause = failures([1, 2, 3, 4, 65, 66, 67, 68]);
    assert_eq!(finding(&with_a_pause), None);
}

#[test]
fn another_tool_model_kind_or_name_is_another_attempt() {
    let mut steps = failures(1..=4);
    steps.push(failed(call(5, "gpt-4o-mini")));
    steps.push(failed(Step {
        kind: StepKind::Embedding,
        ..call(6, "gpt-4o")
    }));
    steps.push(failed(Step {
        name: "complete".to_owned(),
        ..call(7, "gpt-4o")
    }));
    assert_eq!(finding(&steps), None);
}

#[test]
fn a_tool_is_tried_again_also_with_other_arguments() {
    let attempts = (1_i64..).zip(1..=5);
    let steps: Vec<Step> = attempts
        .map(|(args_hash, number)| failed(tool(number, "search", args_hash)))
        .collect();
    let found = finding(&steps).unwrap();
    assert_eq!(found.subject.as_deref(), Some("search"));
}

#[test]
fn a_success_of_the_same_ends_a_storm_and_is_told() {
    let mut steps = failures(1..=5);
    steps.push(call(6, "gpt-4o-mini"));
    assert!(!recovered(&steps));
    steps.push(call(200, "gpt-4o"));
    assert!(recovered(&steps), "however long it took");
    assert_eq!(
        finding(&steps).unwrap().sentence(),
        "5 attempts of gpt-4o failed within 5 s; the next one succeeded"
    );
    let mut broken = failures([1, 2, 3, 5, 6, 7]);
    broken.push(call(4, "gpt-4o"));
    assert_eq!(finding(&broken), None);
}

#[test]
fn a_storm_that_only_pauses_has_not_recovered() {
    let mut steps = failures([1, 2, 3, 4, 5, 100]);
    steps.push(call(101, "gpt-4o"));
    assert!(!recovered(&steps), "the next attempt failed too");
}

#[test]
fn attempts_that_run_or_were_called_off_neither_end_nor_feed_a_storm() {
    for status in [StepStatus::Running, StepStatus::Cancelled] {
        let mut steps = failures([1, 2, 4, 5]);
        steps.push(with_status(status, call(3, "gpt-4o")));
        assert_eq!(finding(&steps), None, "{status:?}");
        steps.push(failed(call(6, "gpt-4o")));
        assert_eq!(finding(&steps).unwrap().count, 5, "{status:?}");
    }
}

#[test]
fn two_storms_that_mix_are_two_findings() {
    let mut steps = failures([1, 3, 5, 7, 9, 11]);
    for number in [2, 4, 6, 8, 10] {
        steps.push(failed(tool(number, "search", 7)));
    }
    let counts: Vec<i64> = findings(&steps).iter().map(|found| found.count).collect();
    assert_eq!(counts, [6, 5]);
}

#[test]
fn the_deepest_attempts_stand_for_those_that_they_made_fail() {
    let mut steps = Vec::new();
    for number in 1..=5 {
        steps.push(failed(tool(number, "search", 7)));
        let http = Step {
            name: "POST /search".to_owned(),
            ..step(number + 10, StepKind::Http)
        };
        steps.push(under(number, failed(http)));
    }
    let found = finding(&steps).unwrap();
    assert_eq!(found.subject.as_deref(), Some("POST /search"));
}

#[test]
fn of_attempts_within_each_other_the_inner_ones_count() {
    let nested = |attempts: u64| {
        let mut steps = vec![failed(call(1, "gpt-4o"))];
        let inner = failures(2..2 + attempts).into_iter();
        steps.extend(inner.map(|step| under(1, step)));
        steps
    };
    assert_eq!(finding(&nested(4)), None);
    assert_eq!(finding(&nested(5)).unwrap().steps, ids(2..=6));
}

#[test]
fn what_the_attempts_cost_is_wasted() {
    let mut steps = failures(1..=5);
    assert_eq!(finding(&steps).unwrap().cost, None);
    steps[2].reported_cost = Some(NanoUsd(CENT));
    assert_eq!(finding(&steps).unwrap().cost, Some(NanoUsd(CENT)));
}

#[test]
fn a_step_of_which_only_the_name_is_known_is_called_by_it() {
    let named = |number| {
        failed(Step {
            name: "fetch".to_owned(),
            ..step(number, StepKind::Other)
        })
    };
    let steps: Vec<Step> = (1..=5).map(named).collect();
    assert_eq!(finding(&steps).unwrap().subject.as_deref(), Some("fetch"));
    let nameless = |number| failed(step(number, StepKind::Other));
    let steps: Vec<Step> = (1..=5).map(nameless).collect();
    let found = finding(&steps).unwrap();
    assert_eq!(
        found.sentence(),
        "5 attempts of the same step failed within 5 s"
    );
}
