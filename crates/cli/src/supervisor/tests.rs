use super::*;

#[test]
fn pauses_double_up_to_half_a_minute() {
    let seconds: Vec<u64> = (0..8)
        .map(|restarts| pause_after(restarts).as_secs())
        .collect();
    assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30, 30]);
    assert_eq!(pause_after(usize::MAX), LONGEST_PAUSE);
}

#[test]
fn a_child_that_crashes_at_once_is_started_at_most_five_times_within_any_minute() {
    let mut restarts: Vec<u64> = Vec::new();
    let mut now_s = 0;
    while now_s < 3_600 {
        let recent = restarts
            .iter()
            .filter(|at| now_s - **at < WINDOW.as_secs())
            .count();
        now_s += pause_after(recent).as_secs();
        restarts.push(now_s);
    }
    let busiest = restarts
        .iter()
        .map(|from| {
            restarts
                .iter()
                .filter(|at| (*from..from + 60).contains(*at))
                .count()
        })
        .max();
    assert_eq!(busiest, Some(5));
}
