//! Numbers as people read them.

#[cfg(test)]
mod tests;

use runwatch_core::time::{DAY_US, HOUR_US, MINUTE_US, Timestamp};

/// Microseconds of a millisecond.
const MS_US: i64 = 1_000;
/// Microseconds of a second.
const SECOND_US: i64 = 1_000_000;

/// A duration in microseconds with two units at most: `840 ms`, `4.2 s`, `12m 05s`, `3h 20m`.
pub(crate) fn duration(microseconds: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
    let seconds = || microseconds as f64 / SECOND_US as f64;
    match microseconds {
        ..0 => format!("-{}", duration(microseconds.saturating_neg())),
        0 => "0 ms".to_owned(),
        1..MS_US => "<1 ms".to_owned(),
        MS_US..SECOND_US => format!("{} ms", microseconds / MS_US),
        SECOND_US..MINUTE_US => format!("{:.1} s", seconds()),
        MINUTE_US..HOUR_US => two(microseconds, (MINUTE_US, "m"), (SECOND_US, "s")),
        HOUR_US..DAY_US => two(microseconds, (HOUR_US, "h"), (MINUTE_US, "m")),
        _ => two(microseconds, (DAY_US, "d"), (HOUR_US, "h")),
    }
}

fn two(microseconds: i64, large: (i64, &str), small: (i64, &str)) -> String {
    let whole = microseconds / large.0;
    let rest = microseconds % large.0 / small.0;
    format!("{whole}{} {rest:02}{}", large.1, small.1)
}

/// A whole number with its thousands apart: `4,812`.
pub(crate) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount of US dollars, the more digits the smaller it is: `$12.40`, `$0.0031`.
pub(crate) fn dollars(amount: f64) -> String {
    match amount {
        0.0 => "$0".to_owned(),
        amount if amount >= 1.0 => format!("${amount:.2}"),
        amount if amount >= 0.0001 => format!("${amount:.4}"),
        amount => format!("${amount:.7}"),
    }
}

/// A moment to the second, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    match at.to_utc() {
        Some(time) => time.format("%Y-%m-%d %H:%M:%S").to_string(),
        None => at.to_rfc3339(),
    }
}
