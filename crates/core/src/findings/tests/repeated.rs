use super::*;
use crate::findings::{Detail, FindingKind};

fn searches(numbers: impl IntoIterator<Item = u64>) -> Vec<Step> {
    let numbers = numbers.into_iter();
    numbers.map(|number| tool(number, "search", 7)).collect()
}

#[test]
fn the_fifth_call_with_the_same_arguments_is_one_too_many() {
    assert_eq!(finding(&searches(1..=4)), None);
    let found = finding(&searches(1..=5)).unwrap();
    assert_eq!(found.kind(), FindingKind::RepeatedToolCall);
    assert_eq!((found.count, found.steps.as_slice()), (5, &*ids(1..=5)));
    assert_eq!(found.subject.as_deref(), Some("search"));
    assert_eq!(
        found.detail,
        Detail::RepeatedToolCall {
            within_us: 4 * SECOND_US
        }
    );
    assert_eq!(
        found.sentence(),
        "search was called 5 times with the same arguments within 4 s"
    );
}

#[test]
fn other_arguments_and_other_tools_are_other_calls() {
    let mut steps = searches(1..=4);
    steps.push(tool(5, "search", 8));
    steps.push(tool(6, "read", 7));
    assert_eq!(finding(&steps), None);
}

#[test]
fn arguments_that_nobody_told_of_are_not_the_same_ones() {
    let unknown = |step| Step {
        args_hash: None,
        ..step
    };
    let steps: Vec<Step> = searches(1..=9).into_iter().map(unknown).collect();
    assert_eq!(finding(&steps), None);
}

#[test]
fn calls_without_a_tools_name_and_steps_of_other_kinds_do_not_count() {
    let steps = searches(1..=9).into_iter();
    let nameless: Vec<Step> = steps.map(|step| Step { tool: None, ..step }).collect();
    assert_eq!(finding(&nameless), None);
    let steps = searches(1..=9).into_iter();
    let kind = StepKind::Retrieval;
    let other: Vec<Step> = steps.map(|step| Step { kind, ..step }).collect();
    assert_eq!(finding(&other), None);
}

#[test]
fn calls_that_failed_were_called_off_or_still_run_do_not_count() {
    for status in [
        StepStatus::Failed,
        StepStatus::Cancelled,
        StepStatus::Running,
    ] {
        let mut steps = searches(1..=4);
        steps.push(with_status(status, tool(5, "search", 7)));
        assert_eq!(finding(&steps), None, "{status:?}");
    }
    let mut steps = searches(1..=4);
    steps.push(with_status(StepStatus::Unset, tool(5, "search", 7)));
    assert_eq!(finding(&steps).unwrap().count, 5);
}

#[test]
fn each_agent_repeats_for_itself_however_their_calls_mix() {
    let mut steps = vec![agent(1, "ada"), agent(2, "bob")];
    for number in 10..18 {
        steps.push(under(1 + number % 2, tool(number, "search", 7)));
    }
    assert_eq!(finding(&steps), None, "four calls each");
    steps.push(under(1, tool(18, "search", 7)));
    let found = finding(&steps).unwrap();
    assert_eq!(found.steps, ids([10, 12, 14, 16, 18]));
}

#[test]
fn the_agent_is_the_nearest_one_above_through_other_steps() {
    let mut steps = vec![agent(1, "ada")];
    for number in 10..15 {
        steps.push(under(1, step(number, StepKind::Chain)));
        steps.push(under(number, tool(number + 10, "search", 7)));
    }
    assert_eq!(finding(&steps).unwrap().count, 5);
}

#[test]
fn a_call_that_two_instrumentations_tell_of_is_one_call() {
    let told_twice = |calls: std::ops::Range<u64>, args_hash| {
        let mut steps = Vec::new();
        for number in calls {
            steps.push(tool(number, "search", 7));
            steps.push(under(number, step(number + 100, StepKind::Http)));
            steps.push(under(number + 100, tool(number + 200, "search", args_hash)));
        }
        steps
    };
    assert_eq!(finding(&told_twice(1..5, 7)), None, "four calls");
    assert_eq!(finding(&told_twice(1..6, 7)).unwrap().steps, ids(1..=5));
    let in_other_words = finding(&told_twice(1..6, 8)).unwrap();
    assert_eq!(in_other_words.steps, ids(1..=5));
}

#[test]
fn all_but_the_first_call_are_wasted_with_everything_below() {
    let mut steps = searches(1..=5);
    assert_eq!(finding(&steps).unwrap().cost, None);
    for number in 1..=5 {
        steps.push(under(number, call_for(number + 10, CENT)));
    }
    assert_eq!(finding(&steps).unwrap().cost, Some(NanoUsd(4 * CENT)));
}

#[test]
fn a_long_repetition_names_its_first_steps_and_the_last_and_counts_all() {
    let found = finding(&searches(1..=50)).unwrap();
    assert_eq!(found.count, 50);
    assert_eq!(found.steps, ids((1..=19).chain([50])));
}
