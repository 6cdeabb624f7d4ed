use runwatch_core::changes::ChangedStep;
use uuid::Uuid;

use super::*;

fn change(run: u128, steps: std::ops::Range<u64>) -> RunChange {
    let step = |number| ChangedStep {
        id: StepId::from_number(number + 1),
        copy: 0,
        is_in_chunk: false,
    };
    let run = RunId(Uuid::from_u128(run));
    RunChange {
        steps: steps.map(step).collect(),
        ..RunChange::without_steps(run, Default::default(), Default::default())
    }
}

/// Of each part, its runs with whether they begin and how many steps.
fn shape(changes: &[RunChange], with_steps: bool) -> Vec<Vec<(u128, bool, usize)>> {
    let told = |it: &ToTell| (it.place.run.0.as_u128(), it.is_begin, it.steps.len());
    let part = |part: &Vec<ToTell>| part.iter().map(told).collect();
    parts(changes, with_steps).iter().map(part).collect()
}

#[test]
fn nothing_has_no_parts() {
    assert_eq!(shape(&[], true), Vec::<Vec<_>>::new());
}

#[test]
fn a_part_has_so_many_runs_and_steps_and_a_run_may_need_several() {
    let changes = [change(1, 0..2), change(2, 0..2_100), change(3, 0..0)];
    let expected = [
        vec![(1, true, 2), (2, true, 996)],
        vec![(2, false, 999)],
        vec![(2, false, 105), (3, true, 0)],
    ];
    assert_eq!(shape(&changes, true), expected);
    let full = [change(1, 0..999), change(2, 0..1_998)];
    let expected = [
        vec![(1, true, 999)],
        vec![(2, true, 999)],
        vec![(2, false, 999)],
    ];
    assert_eq!(shape(&full, true), expected);
}

#[test]
fn a_run_that_changed_twice_is_told_once_where_it_changed_first() {
    let changes = [change(1, 0..1), change(2, 0..1), change(1, 1..3)];
    assert_eq!(shape(&changes, true), [vec![(1, true, 3), (2, true, 1)]]);
    assert_eq!(shape(&changes, false), [vec![(1, true, 0), (2, true, 0)]]);
}
