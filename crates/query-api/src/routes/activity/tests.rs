use runwatch_core::rollup::{Histogram, Measures, Sums, UsageKey};

use super::{Activity, Counts};

fn key(minute: i64, kind: i16) -> UsageKey {
    let name = String::new;
    UsageKey {
        minute,
        kind,
        status: 1,
        agent: name(),
        model: name(),
        tool: name(),
        environment: name(),
    }
}

fn measures(duration_us: i64, errors: i64) -> Measures {
    Measures {
        sums: Sums {
            count: 1,
            errors,
            duration_us,
            ..Sums::default()
        },
        latency: Histogram::of(duration_us),
    }
}

#[test]
fn runs_and_steps_are_counted_apart() {
    let mut activity = Activity::default();
    activity.add(&key(7, 0), &measures(1_000, 0));
    activity.add(&key(3, 2), &measures(2_000, 1));
    activity.add(&key(5, 3), &measures(2_000, 0));
    assert_eq!(
        (activity.runs.sums.count, activity.steps.sums.count),
        (1, 2)
    );
    let last = activity.last_seen_at().unwrap();
    assert_eq!(last.to_string(), "1970-01-01T00:07:00.000000Z");
}

#[test]
fn rates_and_latencies_are_those_of_what_ended() {
    let mut sum = measures(1_000, 1);
    sum.add(&measures(4_000, 0), 3);
    let counts = Counts::from(&sum);
    assert_eq!(counts.error_rate, Some(0.25));
    let latency = counts.latency.unwrap();
    assert!((latency.mean_ms - 3.25).abs() < 1e-9);
    assert!((latency.p50_ms - 4.0).abs() < 0.08, "{}", latency.p50_ms);
}

#[test]
fn nothing_has_neither_rate_nor_latency() {
    let mut sum = measures(1_000, 1);
    sum.add(&measures(1_000, 1), -1);
    let counts = Counts::from(&sum);
    assert!(counts.error_rate.is_none() && counts.latency.is_none());
}
