use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn project(number: u128) -> ProjectId {
    ProjectId(Uuid::from_u128(number))
}

#[test]
fn who_sends_little_does_not_wait_behind_who_sends_much() {
    let mut line = Line::default();
    for request in 0..100 {
        line.push(project(1), 1_000, ("much", request));
    }
    assert_eq!(line.pop(), Some(("much", 0)));
    for request in 0..3 {
        line.push(project(2), 10, ("little", request));
    }
    // What both had before counts for nothing: the turn of the first ends where its request ends.
    let order: Vec<_> = std::iter::from_fn(|| line.pop()).take(4).collect();
    assert_eq!(
        order,
        [("little", 0), ("little", 1), ("little", 2), ("much", 1)]
    );
}

#[test]
fn who_was_silent_has_saved_nothing_up() {
    let mut line = Line::default();
    for _ in 0..1_000 {
        line.push(project(1), 10, 1);
        line.pop();
    }
    for _ in 0..100 {
        line.push(project(1), 10, 1);
        line.push(project(2), 10, 2);
    }
    let order: Vec<_> = std::iter::from_fn(|| line.pop()).take(100).collect();
    let of_second = order.iter().filter(|project| **project == 2).count();
    assert!((49..=51).contains(&of_second), "{of_second}");
}

proptest! {
    /// While both wait, no project gets more than its half and one request of each.
    #[test]
    fn projects_that_wait_get_the_same(costs in prop::collection::vec((1..500_u64, 1..500_u64), 200)) {
        let mut line = Line::default();
        for (one, other) in &costs {
            line.push(project(1), *one, (1, *one));
            line.push(project(2), *other, (2, *other));
        }
        let (mut got, mut left) = ([0_u64; 2], [costs.len(); 2]);
        while let Some((number, cost)) = line.pop() {
            got[number - 1] += cost;
            left[number - 1] -= 1;
            if left.contains(&0) {
                break;
            }
            prop_assert!(got[0].abs_diff(got[1]) <= 1_000, "{got:?}");
        }
    }

    /// Each comes out once, those of one project in the order in which they came.
    #[test]
    fn nobody_is_lost_or_overtaken_by_their_own(
        acts in prop::collection::vec(prop::option::of((0..5_u128, 1..100_u64)), 1..300),
    ) {
        let mut line = Line::default();
        let mut came = HashMap::<u128, u64>::new();
        let mut went = HashMap::<u128, u64>::new();
        let mut take = |taken: (u128, u64)| {
            let next = went.entry(taken.0).or_default();
            let in_order = taken.1 == *next;
            *next += 1;
            in_order
        };
        for act in acts {
            match act {
                Some((number, cost)) => {
                    let position = came.entry(number).or_default();
                    line.push(project(number), cost, (number, *position));
                    *position += 1;
                }
                None => {
                    if let Some(taken) = line.pop() {
                        prop_assert!(take(taken));
                    }
                }
            }
        }
        while let Some(taken) = line.pop() {
            prop_assert!(take(taken));
        }
        prop_assert!(line.is_empty());
        prop_assert_eq!(came, went);
    }
}
