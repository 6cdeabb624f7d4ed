use super::*;

#[test]
fn a_span_is_a_number_and_a_unit() {
    for (text, seconds) in [
        ("90s", 90),
        ("15m", 900),
        ("24h", 86_400),
        ("7d", 604_800),
        ("1w", 604_800),
    ] {
        assert_eq!(text.parse(), Ok(TimeSpan(seconds * 1_000_000)), "{text}");
    }
}

#[test]
fn what_is_no_span_is_refused() {
    for text in [
        "",
        "s",
        "0s",
        "-1h",
        "1.5h",
        "10",
        "10y",
        "ä",
        "9999999999999w",
    ] {
        assert_eq!(text.parse::<TimeSpan>(), Err(NotASpan), "{text}");
    }
}

#[test]
fn a_moment_is_so_long_ago_or_as_it_is_written() {
    let now = Timestamp(10_000_000_000);
    let ago: Since = "1h".parse().unwrap();
    assert_eq!(ago.from(now), Timestamp(6_400_000_000));
    let at: Since = "1970-01-01T00:00:01Z".parse().unwrap();
    assert_eq!(at.from(now), Timestamp(1_000_000));
    assert_eq!("yesterday".parse::<Since>(), Err(NotAMoment));
}
