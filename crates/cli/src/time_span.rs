//! Spans of time as people write them: `90s`, `15m`, `24h`, `7d`.

#[cfg(test)]
mod tests;

use std::str::FromStr;

use runwatch_core::time::Timestamp;

/// Microseconds of the units, by their letters.
const UNITS: [(char, i64); 5] = [
    ('s', 1_000_000),
    ('m', 60_000_000),
    ('h', 3_600_000_000),
    ('d', 86_400_000_000),
    ('w', 604_800_000_000),
];

/// A span of time in microseconds, longer than none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeSpan(pub i64);

/// A moment: so long ago, or as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So long before now.
    Ago(TimeSpan),
    /// Then.
    At(Timestamp),
}

/// Text that is no span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a number and a unit, such as 90s, 15m, 24h or 7d")]
pub struct NotASpan;

/// Text that is neither a span of time nor a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write how long ago, such as 15m, 24h or 7d, or a time such as 2026-11-21T08:00:00Z")]
pub struct NotAMoment;

impl FromStr for TimeSpan {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let unit = text.chars().next_back().ok_or(NotASpan)?;
        let (_, microseconds) = UNITS
            .into_iter()
            .find(|(letter, _)| *letter == unit)
            .ok_or(NotASpan)?;
        let number = text.strip_suffix(unit).ok_or(NotASpan)?;
        let number: i64 = number.trim().parse().map_err(|_not_a_number| NotASpan)?;
        let span = number.checked_mul(microseconds).ok_or(NotASpan)?;
        (span > 0).then_some(Self(span)).ok_or(NotASpan)
    }
}

impl FromStr for Since {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        let at = || Timestamp::parse_rfc3339(text).map(Self::At);
        let ago = text.parse().ok().map(Self::Ago);
        ago.or_else(at).ok_or(NotAMoment)
    }
}

impl Since {
    /// The moment, as seen from now.
    pub(crate) fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(span) => Timestamp(now.0.saturating_sub(span.0)),
            Self::At(moment) => moment,
        }
    }
}
