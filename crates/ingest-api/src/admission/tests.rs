use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const MIB: usize = 1 << 20;

fn project(number: u128) -> ProjectId {
    ProjectId(Uuid::from_u128(number))
}

/// Requests of a mebibyte until one is refused.
fn fill(budget: &Budget, project: ProjectId) -> Vec<Held> {
    std::iter::from_fn(|| budget.take(project, MIB).ok()).collect()
}

#[test]
fn a_project_never_takes_all_and_the_next_ones_find_room() {
    let budget = Budget::new(64 * MIB);
    while budget.lock().limit.bytes() < 64 * MIB {
        budget.lock().limit.refused();
        budget.waited(Duration::ZERO);
    }
    let first = fill(&budget, project(1));
    assert_eq!(first.len(), 42, "two thirds");
    let second = fill(&budget, project(2));
    assert_eq!(second.len(), 14, "two thirds of what was left");
    assert!(budget.take(project(1), MIB).is_err());
    assert!(budget.take(project(3), MIB).is_ok());
    // What the first gives back is shared by both.
    drop(first);
    assert_eq!(fill(&budget, project(1)).len(), 33);
}

#[test]
fn long_waits_let_less_in_and_short_ones_more_but_never_more_than_memory() {
    let budget = Budget::new(64 * MIB);
    let start = Instant::now();
    let mut limit = Limit::new(64 * MIB, start);
    for second in 1..60 {
        limit.waited(
            Duration::from_millis(900),
            start + Duration::from_secs(second),
        );
    }
    assert_eq!(limit.bytes(), 12 * MIB);
    // Nobody was kept out: it is not known to be too low.
    limit.waited(Duration::from_millis(1), start + Duration::from_secs(61));
    assert_eq!(limit.bytes(), 12 * MIB);
    for second in 62..120 {
        limit.refused();
        limit.waited(
            Duration::from_millis(1),
            start + Duration::from_secs(second),
        );
    }
    assert_eq!(limit.bytes(), 64 * MIB);
    assert!(budget.take(project(1), 65 * MIB).is_err());
}

#[test]
fn long_waits_keep_out_only_who_holds_something_already() {
    let budget = Budget::new(64 * MIB);
    let first = fill(&budget, project(1));
    assert_eq!(first.len(), 21, "two thirds of what is let in at first");
    assert!(budget.take(project(2), 20 * MIB).is_ok());
}

#[test]
fn one_request_may_be_as_large_as_requests_may_be() {
    use runwatch_core::limits::{BYTES_IN_FLIGHT_MAX, DECODED_BYTES_MAX, WIRE_BYTES_MAX};
    let budget = Budget::new(BYTES_IN_FLIGHT_MAX);
    let mut held = budget.take(project(1), WIRE_BYTES_MAX).unwrap();
    held.grow(DECODED_BYTES_MAX).unwrap();
    held.shrink_to(DECODED_BYTES_MAX);
    assert_eq!(budget.waited(Duration::ZERO).held, DECODED_BYTES_MAX);
}

proptest! {
    #[test]
    fn what_is_held_is_what_was_taken_and_not_given_back_and_never_more_than_the_budget(
        acts in prop::collection::vec((0..4_u128, 0..20 * MIB, 0..3_u8), 1..200),
    ) {
        let budget = Budget::new(64 * MIB);
        let mut held: Vec<Held> = Vec::new();
        for (number, bytes, act) in acts {
            match (act, held.last_mut()) {
                (0, Some(last)) => drop(last.grow(bytes)),
                (1, Some(last)) => last.shrink_to(bytes),
                (2, Some(_)) => drop(held.swap_remove(bytes % held.len())),
                _ => held.extend(budget.take(project(number), bytes)),
            }
            let sum: usize = held.iter().map(|held| held.bytes).sum();
            let level = budget.waited(Duration::ZERO);
            prop_assert_eq!(level.held, sum);
            prop_assert!(sum <= 64 * MIB);
        }
        held.clear();
        prop_assert_eq!(budget.lock().held, 0);
        prop_assert!(budget.lock().by_project.is_empty());
    }
}
