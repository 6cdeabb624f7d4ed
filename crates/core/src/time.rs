//! Time: microseconds since 1970 in UTC, the resolution that Postgres keeps.

use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Serialize};

/// Microseconds of a second.
pub const SECOND_US: i64 = 1_000_000;
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

    /// Adds the same to ASCII text: many times quicker, for those who write very many.
    pub fn write_rfc3339(self, into: &mut Vec<u8>) {
        let Some(time) = self
            .to_utc()
            .filter(|time| (0..=9_999).contains(&time.year()))
        else {
            into.extend_from_slice(self.to_rfc3339().as_bytes());
            return;
        };
        let year = time.year().unsigned_abs();
        let microsecond = time.nanosecond() / 1_000;
        let fields = [
            (year, 4, b'-'),
            (time.month(), 2, b'-'),
            (time.day(), 2, b'T'),
            (time.hour(), 2, b':'),
            (time.minute(), 2, b':'),
            (time.second(), 2, b'.'),
            (microsecond, 6, b'Z'),
        ];
        for (number, digits, end) in fields {
            let mut power = 10_u32.pow(digits - 1);
            while power > 0 {
                let digit = u8::try_from(number / power % 10).expect("a digit is below ten");
                into.push(b'0' + digit);
                power /= 10;
            }
            into.push(end);
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

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn both_ways_to_write_a_time_write_the_same() {
        let times = [
            0,
            -1,
            1_763_712_000_000_000,
            1_763_712_000_000_001,
            951_782_399_999_999,
            253_402_300_799_999_999,
            253_402_300_800_000_000,
            -62_167_219_200_000_000,
            -62_167_219_200_000_001,
            i64::MAX,
            i64::MIN,
        ];
        for us in times {
            let mut written = Vec::new();
            Timestamp(us).write_rfc3339(&mut written);
            let expected = Timestamp(us).to_rfc3339();
            assert_eq!(String::from_utf8(written).unwrap(), expected, "{us}");
        }
    }
}
