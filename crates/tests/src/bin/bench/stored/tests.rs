use super::*;

fn compared(runs: &[(u128, u64, bool)], acked: &[u128]) -> (u64, u64, u64, u64) {
    let runs = runs
        .iter()
        .map(|(id, steps, has)| (Uuid::from_u128(*id), (*steps, *has)))
        .collect();
    let acked: Vec<Uuid> = acked.iter().copied().map(Uuid::from_u128).collect();
    let Stored {
        acked,
        stored,
        lost,
        duplicates,
        ..
    } = compare(&runs, &acked);
    (acked, stored, lost, duplicates)
}

#[test]
fn an_unacknowledged_run_that_is_stored_is_no_fault() {
    assert_eq!(
        compared(&[(1, 20, true), (2, 20, true)], &[1]),
        (20, 40, 0, 0)
    );
}

#[test]
fn an_acknowledged_run_that_is_absent_is_lost() {
    assert_eq!(compared(&[(1, 20, true)], &[1, 2]), (40, 20, 20, 0));
}

#[test]
fn of_a_torn_run_the_missing_steps_are_lost() {
    assert_eq!(compared(&[(1, 17, true)], &[1]), (20, 17, 3, 0));
}

#[test]
fn a_run_without_its_payloads_is_lost() {
    assert_eq!(compared(&[(1, 20, false)], &[1]), (20, 20, 20, 0));
}

#[test]
fn steps_that_are_there_twice_are_counted() {
    assert_eq!(compared(&[(1, 23, true)], &[1]), (20, 23, 0, 3));
}
