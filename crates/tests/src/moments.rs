//! Moments around now, as clients write them: what is older than a month would be corrected.

use runwatch_core::time::Timestamp;
use runwatch_service::clock::{Clock, SystemClock};
use serde_json::Value;

/// The moment so many seconds ago, in microseconds since 1970; to the second, so that it reads well.
pub fn seconds_ago_us(seconds: i64) -> i64 {
    (SystemClock.now().0 / 1_000_000 - seconds) * 1_000_000
}

/// The moment so many seconds ago in RFC 3339.
pub fn seconds_ago(seconds: i64) -> String {
    Timestamp(seconds_ago_us(seconds)).to_rfc3339()
}

/// Puts `[time]` in the place of every time, so that a snapshot is the same tomorrow.
pub fn without_times(mut json: Value) -> Value {
    hide_times(&mut json);
    json
}

fn hide_times(json: &mut Value) {
    match json {
        Value::Array(all) => all.iter_mut().for_each(hide_times),
        Value::Object(all) => all.values_mut().for_each(hide_times),
        Value::String(text) if text.contains('T') && Timestamp::parse_rfc3339(text).is_some() => {
            *json = Value::from("[time]");
        }
        _ => {}
    }
}
