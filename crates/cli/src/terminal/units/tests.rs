use super::*;

#[test]
fn durations_have_the_units_that_fit() {
    let shown = [
        0,
        900,
        840_000,
        4_240_000,
        725_000_000,
        12_000_000_000,
        200_000_000_000,
    ];
    let shown = shown.map(duration);
    assert_eq!(
        shown,
        [
            "0 ms", "<1 ms", "840 ms", "4.2 s", "12m 05s", "3h 20m", "2d 07h"
        ]
    );
    assert_eq!(duration(-4_240_000), "-4.2 s");
    assert!(duration(i64::MIN).starts_with('-'));
}

#[test]
fn counts_have_their_thousands_apart() {
    let shown = [0, 999, 4_812, -1_234_567].map(count);
    assert_eq!(shown, ["0", "999", "4,812", "-1,234,567"]);
}

#[test]
fn small_amounts_have_more_digits() {
    let shown = [0.0, 12.4, 0.0031, 0.0000042].map(dollars);
    assert_eq!(shown, ["$0", "$12.40", "$0.0031", "$0.0000042"]);
}

#[test]
fn moments_are_in_utc() {
    assert_eq!(moment(Timestamp(1_500_000)), "1970-01-01 00:00:01");
}
