//! The time of day. Only [`SystemClock`] asks the machine for it; what schedules anything asks the
//! database instead, and durations are measured by [`tokio::time::Instant`].

use std::time::{SystemTime, UNIX_EPOCH};

use runwatch_core::time::Timestamp;

/// Something that knows what time it is.
pub trait Clock: Send + Sync {
    /// The current moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that asks the machine for the time"
        )]
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
    }
}
