//! Findings in plain words.

use crate::findings::{Detail, Finding, Runaway};
use crate::money::NanoUsd;

impl Finding {
    /// What was found, as one English sentence without its full stop.
    pub fn sentence(&self) -> String {
        let count = grouped(self.count);
        let subject = |otherwise| self.subject.as_deref().unwrap_or(otherwise);
        match self.detail {
            Detail::RepeatedToolCall { within_us } => format!(
                "{} was called {count} times with the same arguments within {}",
                subject("A tool"),
                duration(within_us)
            ),
            Detail::RetryStorm {
                within_us,
                recovered,
            } => format!(
                "{count} attempts of {} failed within {}{}",
                subject("the same step"),
                duration(within_us),
                if recovered {
                    "; the next one succeeded"
                } else {
                    ""
                }
            ),
            Detail::GrowingContext {
                first_tokens,
                last_tokens,
            } => format!(
                "The prompt of {} grew over {count} calls from {} to {} tokens and was never cut",
                subject("an agent"),
                grouped(first_tokens),
                grouped(last_tokens)
            ),
            Detail::RunawayCost(Runaway::Rising {
                first_quarter,
                last_quarter,
            }) => format!(
                "The last {count} model calls cost {} times as much as the first {count}",
                grouped(last_quarter.0 / first_quarter.0.max(1))
            ),
            Detail::RunawayCost(Runaway::OneCall { total }) => format!(
                "One call of {} cost {} of the {} that all model calls cost",
                subject("a model"),
                dollars(self.cost.unwrap_or_default()),
                dollars(total)
            ),
            Detail::Other => "A pattern that this version does not know".to_owned(),
        }
    }
}

/// A number with commas between its thousands.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Whole seconds, minutes or hours, rounded up, since it stands after "within".
fn duration(us: i64) -> String {
    let seconds = us.max(1).unsigned_abs().div_ceil(1_000_000);
    match seconds {
        0..=120 => format!("{seconds} s"),
        121..=7_200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3_600)),
    }
}

fn dollars(cost: NanoUsd) -> String {
    format!("${:.2}", cost.dollars())
}
