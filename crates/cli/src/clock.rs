//! The machine's clock, for commands that say how long ago something was or send something that
//! happened just now.

use std::time::{SystemTime, UNIX_EPOCH};

use runwatch_core::time::Timestamp;

/// The time of day.
pub(crate) fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the command asks the machine"
    )]
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    let microseconds = since_1970.map_or(0, |since| since.as_micros());
    Timestamp(i64::try_from(microseconds).unwrap_or(i64::MAX))
}
