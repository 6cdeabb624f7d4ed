use super::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn told(traceparent: &str) -> bool {
    TraceId::of_caller(Some(traceparent.as_bytes())).to_string() == TRACE
}

#[test]
fn a_callers_trace_is_kept() {
    assert!(told(&format!("00-{TRACE}-00f067aa0ba902b7-01")));
    // A version that is not known yet may say more.
    assert!(told(&format!(
        "cc-{TRACE}-00f067aa0ba902b7-01-what-the-future-brings"
    )));
}

#[test]
fn what_is_no_traceparent_is_replaced() {
    for odd in [
        "".to_owned(),
        TRACE.to_owned(),
        format!("00-{TRACE}-00f067aa0ba902b7"),
        format!("00-{TRACE}-00f067aa0ba902b7-01-"),
        format!("00-{TRACE}-0000000000000000-01"),
        format!("ff-{TRACE}-00f067aa0ba902b7-01"),
        format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
        format!("00-{TRACE}0-0f067aa0ba902b7-01"),
        format!(" 00-{TRACE}-00f067aa0ba902b7-01"),
    ] {
        assert!(!told(&odd), "{odd}");
    }
    let none = format!("00-{:032}-00f067aa0ba902b7-01", 0);
    assert_ne!(TraceId::of_caller(Some(none.as_bytes())), TraceId(0));
}

#[test]
fn new_ones_differ() {
    assert_ne!(TraceId::of_caller(None), TraceId::of_caller(None));
    assert_eq!(TraceId::random().to_string().len(), 32);
}
