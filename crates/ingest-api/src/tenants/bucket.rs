//! A bucket of tokens: it fills at a rate, up to what ten seconds bring, and may be overdrawn by what one
//! request has.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use runwatch_core::limits::QUOTA_BURST_SECONDS;

/// The bucket of one quota.
#[derive(Debug)]
pub(super) struct Bucket {
    /// Tokens a second.
    rate: f64,
    level: Mutex<Level>,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(rate: u32) -> Self {
        let rate = f64::from(rate);
        let level = Level {
            tokens: rate * f64::from(QUOTA_BURST_SECONDS),
            at: Instant::now(),
        };
        let level = Mutex::new(level);
        Self { rate, level }
    }

    /// Whole seconds until something is in it; none if something is.
    pub(super) fn wait(&self, now: Instant) -> Option<u32> {
        let tokens = self.filled(now, 0.0);
        let missing = f64::ceil(-tokens / self.rate);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is clamped to what fits"
        )]
        let seconds = missing.clamp(1.0, 86_400.0) as u32;
        (tokens <= 0.0).then_some(seconds)
    }

    /// Takes tokens out, though there may not be so many.
    pub(super) fn spend(&self, amount: usize, now: Instant) {
        // Amounts of one request are far below 2^52.
        let amount = u32::try_from(amount).unwrap_or(u32::MAX);
        self.filled(now, f64::from(amount));
    }

    /// Fills it up to now, takes something out, and says what is in it.
    fn filled(&self, now: Instant, spent: f64) -> f64 {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(level.at).as_secs_f64();
        let capacity = self.rate * f64::from(QUOTA_BURST_SECONDS);
        level.tokens = (level.tokens + passed * self.rate).min(capacity) - spent;
        level.at = level.at.max(now);
        level.tokens
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn over_any_time_no_more_comes_through_than_a_burst_and_the_rate() {
        let bucket = Bucket::new(100);
        let began = Instant::now();
        let mut came_through = 0;
        for millisecond in 0..60_000 {
            let now = began + Duration::from_millis(millisecond);
            if bucket.wait(now).is_none() {
                bucket.spend(7, now);
                came_through += 7;
            }
        }
        // Sixty seconds and ten of burst, and one request more.
        assert!((6_990..=7_007).contains(&came_through), "{came_through}");
    }

    #[test]
    fn a_large_request_is_let_through_and_paid_for_afterwards() {
        let bucket = Bucket::new(10);
        let now = Instant::now();
        bucket.spend(400, now);
        assert_eq!(bucket.wait(now), Some(30));
        assert_eq!(bucket.wait(now + Duration::from_secs(29)), Some(1));
        assert_eq!(bucket.wait(now + Duration::from_millis(30_001)), None);
    }
}
