use super::*;

#[test]
fn a_percentile_is_the_smallest_latency_that_so_many_did_not_exceed() {
    let mut latencies = Latencies::default();
    (1..=200)
        .rev()
        .for_each(|ms| latencies.push(Duration::from_millis(ms)));
    assert_eq!(latencies.percentile_ms(50), 100.0);
    assert_eq!(latencies.percentile_ms(99), 198.0);
    assert_eq!(latencies.percentile_ms(100), 200.0);
}

#[test]
fn without_latencies_a_percentile_is_zero() {
    assert_eq!(Latencies::default().percentile_ms(99), 0.0);
}
