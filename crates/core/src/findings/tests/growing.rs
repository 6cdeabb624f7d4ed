use super::*;
use crate::findings::{Detail, FindingKind};

/// Prompts of the same model, a second apart, in even steps from one size to another.
fn prompts(count: i32, from: i32, to: i32) -> Vec<Step> {
    let size = |nth| from + (to - from) * nth / (count - 1);
    let numbers = (0..count).zip(1..);
    numbers
        .map(|(nth, number)| call_of(number, "gpt-4o", size(nth)))
        .collect()
}

fn tokens(sizes: [i32; 10]) -> Vec<Step> {
    let numbers = sizes.into_iter().zip(1..);
    numbers
        .map(|(tokens, number)| call_of(number, "gpt-4o", tokens))
        .collect()
}

#[test]
fn ten_calls_show_that_a_prompt_grows() {
    assert_eq!(finding(&prompts(9, 2_100, 96_000)), None);
    let found = finding(&prompts(10, 2_100, 96_000)).unwrap();
    assert_eq!(found.kind(), FindingKind::GrowingContext);
    assert_eq!((found.count, found.steps.as_slice()), (10, &*ids(1..=10)));
    assert_eq!(
        found.detail,
        Detail::GrowingContext {
            first_tokens: 2_100,
            last_tokens: 96_000
        }
    );
    assert_eq!(
        found.sentence(),
        "The prompt of gpt-4o grew over 10 calls from 2,100 to 96,000 tokens and was never cut"
    );
}

#[test]
fn the_last_prompt_has_four_times_the_tokens_of_the_first() {
    assert_eq!(finding(&prompts(10, 10_000, 39_999)), None);
    assert!(finding(&prompts(10, 10_000, 40_000)).is_some());
}

#[test]
fn the_last_prompt_has_twenty_thousand_tokens() {
    assert_eq!(finding(&prompts(10, 1_000, 19_999)), None);
    assert!(finding(&prompts(10, 1_000, 20_000)).is_some());
}

#[test]
fn a_prompt_may_lose_a_tenth_but_not_more() {
    let falls_to = |lower| {
        let mut sizes = [
            5_000, 6_000, 10_000, lower, 15_000, 16_000, 17_000, 18_000, 19_000, 20_000,
        ];
        sizes[3] = lower;
        tokens(sizes)
    };
    assert!(finding(&falls_to(9_000)).is_some());
    assert_eq!(finding(&falls_to(8_999)), None);
}

#[test]
fn a_total_stands_in_for_unknown_input_and_calls_without_tokens_are_passed_over() {
    let mut steps = prompts(10, 2_000, 50_000);
    steps[9].usage.total = steps[9].usage.input.take();
    assert!(finding(&steps).is_some());
    steps.push(call(11, "gpt-4o"));
    steps.push(call_of(12, "gpt-4o", 0));
    assert_eq!(finding(&steps).unwrap().count, 10);
    steps[9].usage.total = None;
    assert_eq!(finding(&steps), None, "nine calls are known");
}

#[test]
fn a_call_that_still_runs_is_passed_over() {
    let mut steps = prompts(10, 2_000, 50_000);
    steps.push(running(call_of(11, "gpt-4o", 10)));
    assert_eq!(finding(&steps).unwrap().count, 10);
}

#[test]
fn each_agent_has_a_prompt_of_its_own_however_their_calls_mix() {
    let mut steps = vec![agent(1, "ada"), agent(2, "bob")];
    for nth in 0..10_i32 {
        let number = 10 + 2 * u64::from(nth.unsigned_abs());
        steps.push(under(1, call_of(number, "gpt-4o", 3_000 + 5_000 * nth)));
        steps.push(under(2, call_of(number + 1, "gpt-4o", 1_000)));
    }
    let found = finding(&steps).unwrap();
    assert_eq!(found.subject.as_deref(), Some("ada"));
    assert_eq!(found.steps, ids((0..10).map(|nth| 10 + 2 * nth)));
}

#[test]
fn side_jobs_of_another_model_do_not_hide_growth() {
    let mut steps = prompts(10, 2_000, 50_000);
    for step in &mut steps {
        step.parent = Some(id(100));
    }
    steps.push(under(100, call_of(5, "gpt-4o-mini", 200)));
    steps.last_mut().unwrap().id = id(99);
    steps.push(agent(100, "ada"));
    assert_eq!(finding(&steps).unwrap().count, 10);
}

#[test]
fn agent_steps_that_make_one_call_each_are_turns_of_one_agent() {
    let turns = |name: fn(u64) -> &'static str| {
        let mut steps = vec![agent(1, "graph")];
        for (call, number) in prompts(10, 2_000, 50_000).into_iter().zip(10..) {
            steps.push(under(1, agent(number, name(number))));
            steps.push(under(
                number,
                Step {
                    id: id(number + 50),
                    ..call
                },
            ));
        }
        steps
    };
    let found = finding(&turns(|_| "turn")).unwrap();
    assert_eq!((found.count, found.subject.as_deref()), (10, Some("turn")));
    let by_two = turns(|number| ["ada", "bob"][usize::from(number % 2 == 0)]);
    assert_eq!(finding(&by_two), None, "five calls each");
}

#[test]
fn a_call_that_two_instrumentations_tell_of_is_one_call() {
    let mut steps = prompts(9, 2_000, 50_000);
    for (outer, number) in steps.clone().into_iter().zip(20..) {
        let parent = Some(outer.id);
        steps.push(Step {
            id: id(number),
            parent,
            ..outer
        });
    }
    assert_eq!(finding(&steps), None);
}

#[test]
fn all_its_calls_are_what_growth_costs() {
    let mut steps = prompts(10, 2_000, 50_000);
    assert_eq!(finding(&steps).unwrap().cost, None);
    for step in &mut steps {
        step.cost = Some(NanoUsd(CENT));
    }
    assert_eq!(finding(&steps).unwrap().cost, Some(NanoUsd(10 * CENT)));
}
