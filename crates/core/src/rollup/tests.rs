use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_quantile_is_at_most_two_percent_off(mut durations in prop::collection::vec(1_i64..10_i64.pow(12), 1..200), q in 0.0..1.0_f64) {
        let mut histogram = Histogram::default();
        for duration in &durations {
            histogram.add(&Histogram::of(*duration), 1);
        }
        durations.sort_unstable();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let exact = durations[(q * (durations.len() - 1) as f64).floor() as usize] as f64;
        let told = histogram.quantile(q).unwrap();
        prop_assert!((told - exact).abs() <= exact * 0.0201, "told {told}, exact {exact}");
    }

    #[test]
    fn taking_back_what_was_added_leaves_nothing(durations in prop::collection::vec(any::<i64>(), 0..50)) {
        let mut all = Measures::default();
        let one = |duration: &i64| Measures { sums: Sums { count: 1, duration_us: *duration, ..Sums::default() }, latency: Histogram::of(*duration) };
        durations.iter().for_each(|duration| all.add(&one(duration), 1));
        durations.iter().rev().for_each(|duration| all.add(&one(duration), -1));
        prop_assert!(all.is_zero());
    }
}

#[test]
fn deltas_survive_their_bytes() {
    let mut deltas = Deltas::default();
    deltas.count(
        Timestamp(90_000_000),
        Outcome::Rejected("invalid_id".into()),
        3,
    );
    let key = UsageKey {
        minute: 1,
        kind: 2,
        status: 2,
        agent: "a".into(),
        model: "m".into(),
        tool: String::new(),
        environment: String::new(),
    };
    deltas.usage.insert(
        key,
        Measures {
            sums: Sums {
                count: 2,
                ..Sums::default()
            },
            latency: Histogram::of(1500),
        },
    );
    assert_eq!(Deltas::from_bytes(&deltas.to_bytes()).unwrap(), deltas);
}
