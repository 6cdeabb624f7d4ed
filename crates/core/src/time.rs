//! Time: microseconds since 1970 in UTC, the resolution that Postgres keeps.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// Microseconds of one minute.
pub const MINUTE_US: i64 = 60 * 1_000_000;
/// Microseconds of one hour.
pub const HOUR_US: i64 = 60 * MINUTE_US;
/// Microseconds of one day.
pub const DAY_US: i64 = 24 * HOUR_US;

/// A moment, in microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment as chrono has it; none beyond the years that chrono knows.
    pub fn to_utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }

    /// Reads RFC 3339, with any offset.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        Some(Self(time.timestamp_micros()))
    }

    /// RFC 3339 in UTC with microseconds.
    pub fn to_rfc3339(self) -> String {
        match self.to_utc() {
            Some(time) => time.to_rfc3339_opts(SecondsFormat::Micros, true),
            None => format!("{}us", self.0),
        }
    }

    /// The start of the minute that it lies in.
    pub fn minute(self) -> Self {
        Self(self.0 - self.0.rem_euclid(MINUTE_US))
    }

    /// The start of the hour that it lies in.
    pub fn hour(self) -> Self {
        Self(self.0 - self.0.rem_euclid(HOUR_US))
    }
}
