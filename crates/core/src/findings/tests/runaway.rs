use super::*;
use crate::findings::{Detail, FindingKind, Runaway};

/// Model calls a second apart, by what they cost in cents.
fn calls(cents: impl IntoIterator<Item = i64>) -> Vec<Step> {
    let numbered = cents.into_iter().zip(1..);
    numbered
        .map(|(cents, number)| call_for(number, cents * CENT))
        .collect()
}

#[test]
fn a_last_quarter_that_costs_four_times_the_first_is_told() {
    let ending_in = |cents| calls([4, 4, 4, 9, 9, 9, 9, 9, 9, 16, 16, cents]);
    assert_eq!(finding(&ending_in(15)), None);
    let found = finding(&ending_in(16)).unwrap();
    assert_eq!(found.kind(), FindingKind::RunawayCost);
    assert_eq!((found.count, found.steps.as_slice()), (3, &*ids(10..=12)));
    assert_eq!(found.subject.as_deref(), Some("gpt-4o"));
    assert_eq!(found.cost, Some(NanoUsd(48 * CENT)));
    assert_eq!(
        found.detail,
        Detail::RunawayCost(Runaway::Rising {
            first_quarter: NanoUsd(12 * CENT),
            last_quarter: NanoUsd(48 * CENT),
        })
    );
    assert_eq!(
        found.sentence(),
        "The last 3 model calls cost 4 times as much as the first 3"
    );
}

#[test]
fn rising_costs_are_told_from_half_a_dollar_on() {
    assert_eq!(
        finding(&calls([1, 1, 1, 2, 2, 2, 2, 2, 2, 11, 11, 12])),
        None
    );
    assert!(finding(&calls([1, 1, 1, 2, 2, 2, 2, 2, 3, 11, 11, 12])).is_some());
}

#[test]
fn costs_are_compared_from_twelve_calls_on() {
    assert_eq!(finding(&calls([1, 1, 5, 5, 5, 5, 5, 5, 5, 30, 30])), None);
    assert!(finding(&calls([1, 1, 1, 5, 5, 5, 5, 5, 5, 5, 30, 30])).is_some());
}

#[test]
fn a_first_quarter_for_nothing_compares_with_nothing() {
    assert_eq!(
        finding(&calls([0, 0, 0, 9, 9, 9, 9, 9, 9, 30, 30, 30])),
        None
    );
}

#[test]
fn calls_without_a_known_cost_are_passed_over() {
    let mut steps = calls([1, 1, 1, 5, 5, 5, 5, 5, 5, 30, 30]);
    steps.push(call(12, "gpt-4o"));
    assert_eq!(finding(&steps), None, "eleven are known");
    steps[11].reported_cost = Some(NanoUsd(30 * CENT));
    assert!(finding(&steps).is_some());
}

#[test]
fn only_model_calls_count() {
    let mut steps = calls([1, 1, 1, 5, 5, 5, 5, 5, 5, 30, 30, 30]);
    for step in &mut steps {
        step.kind = StepKind::Embedding;
    }
    assert_eq!(finding(&steps), None);
}

#[test]
fn one_call_that_costs_four_fifths_is_told() {
    let with_one_of = |cents| calls([2, 2, 2, 2, 2, 2, cents, 2, 2, 2, 2, 5]);
    assert_eq!(finding(&with_one_of(99)), None, "of 124");
    let found = finding(&with_one_of(100)).unwrap();
    assert_eq!((found.count, found.steps.as_slice()), (1, &*ids([7])));
    assert_eq!(found.cost, Some(NanoUsd(100 * CENT)));
    assert_eq!(
        found.detail,
        Detail::RunawayCost(Runaway::OneCall {
            total: NanoUsd(125 * CENT)
        })
    );
    assert_eq!(
        found.sentence(),
        "One call of gpt-4o cost $1.00 of the $1.25 that all model calls cost"
    );
}

#[test]
fn one_dear_call_is_told_from_a_dollar_and_twelve_calls_on() {
    assert_eq!(finding(&calls([1, 1, 1, 1, 1, 1, 88, 1, 1, 1, 1, 1])), None);
    assert!(finding(&calls([1, 1, 1, 1, 1, 1, 89, 1, 1, 1, 1, 1])).is_some());
    assert_eq!(finding(&calls([1, 1, 1, 1, 1, 1, 200, 1, 1, 1, 1])), None);
}

#[test]
fn one_dear_call_at_the_end_is_told_once() {
    let found = finding(&calls([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 200])).unwrap();
    assert_eq!((found.count, found.steps), (1, ids([12])));
}

#[test]
fn of_a_long_quarter_the_dearest_calls_are_named() {
    let cents = |nth: i64| if nth < 120 { 1 } else { 10 + nth % 2 };
    let found = finding(&calls((0..160).map(cents))).unwrap();
    assert_eq!(found.count, 40);
    let named = (121..=160).filter(|number| number % 2 == 0);
    assert_eq!(found.steps, ids(named));
}

#[test]
fn a_quarter_of_several_models_is_about_none() {
    let mut steps = calls([1, 1, 1, 5, 5, 5, 5, 5, 5, 30, 30, 30]);
    steps[10].model = Some("o3".to_owned());
    assert_eq!(finding(&steps).unwrap().subject, None);
}
