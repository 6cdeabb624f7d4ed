use runwatch_core::time::{DAY_US, HOUR_US, Timestamp};

use super::Range;
use crate::json::Time;

const NOW: Timestamp = Timestamp(20_000 * DAY_US + 1);

fn at(us: i64) -> Option<Time> {
    Some(Time(Timestamp(us)))
}

#[test]
fn a_range_is_the_last_day_unless_it_is_given() {
    let range = Range::read(None, None, NOW).unwrap();
    assert_eq!(
        range,
        Range {
            from: Timestamp(NOW.0 - DAY_US),
            to: NOW
        }
    );
    let range = Range::read(at(0), at(5), NOW).unwrap();
    assert_eq!(
        range,
        Range {
            from: Timestamp(0),
            to: Timestamp(5)
        }
    );
}

#[test]
fn a_range_is_never_empty_and_never_longer_than_ninety_days() {
    assert!(Range::read(at(90 * DAY_US), at(0), NOW).is_err());
    assert!(Range::read(at(7), at(7), NOW).is_err());
    assert!(Range::read(at(0), at(90 * DAY_US), NOW).is_ok());
    assert!(Range::read(at(0), at(90 * DAY_US + 1), NOW).is_err());
    assert!(Range::read(at(i64::MIN), at(i64::MAX), NOW).is_err());
}

#[test]
fn a_range_is_widened_to_whole_buckets() {
    let range = Range {
        from: Timestamp(HOUR_US + 1),
        to: Timestamp(2 * HOUR_US + 1),
    };
    let widened = range.widened(HOUR_US);
    assert_eq!(
        widened,
        Range {
            from: Timestamp(HOUR_US),
            to: Timestamp(3 * HOUR_US)
        }
    );
    assert_eq!(widened.widened(HOUR_US), widened);
    assert_eq!(range.buckets(HOUR_US), 2);
    let before_1970 = Range {
        from: Timestamp(-1),
        to: Timestamp(0),
    };
    assert_eq!(
        before_1970.widened(HOUR_US),
        Range {
            from: Timestamp(-HOUR_US),
            to: Timestamp(0)
        }
    );
}
