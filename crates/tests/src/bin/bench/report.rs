//! What is printed: one JSON line a result, and a table to be kept.

#[cfg(test)]
mod tests;

use std::time::Duration;

use runwatch_cli::console::say;
use serde::Serialize;

/// Latencies of requests, all of them: some hundred thousand numbers need no estimate.
#[derive(Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    /// Adds one.
    pub(crate) fn push(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    /// Adds all of another.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The smallest latency, in milliseconds, that at least so many of a hundred did not exceed;
    /// 0 if there are none.
    pub(crate) fn percentile_ms(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted
            .get(rank - 1)
            .map_or(0.0, |latency| rounded(latency.as_secs_f64() * 1e3, 3))
    }
}

/// A number with so many decimals, which is as many as mean anything.
pub(crate) fn rounded(number: f64, decimals: i32) -> f64 {
    let shift = 10_f64.powi(decimals);
    (number * shift).round() / shift
}

/// Prints a result as one line of JSON.
pub(crate) fn line(result: &impl Serialize) {
    say(&serde_json::to_string(result).expect("numbers and names are always JSON"));
}

/// Prints a table as Markdown takes it, which docs/BENCHMARKS.md keeps.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) {
    say("");
    say(&format!("| {} |", headings.join(" | ")));
    say(&format!("|{}", "---|".repeat(headings.len())));
    for row in rows {
        say(&format!("| {} |", row.join(" | ")));
    }
    say("");
}

/// A figure beside what is wanted of it.
pub(crate) fn judged(figure: f64, is_as_wanted: bool, wanted: &str) -> String {
    let verdict = if is_as_wanted {
        "as wanted"
    } else {
        "**missed**"
    };
    format!("{figure} ({wanted}: {verdict})")
}
