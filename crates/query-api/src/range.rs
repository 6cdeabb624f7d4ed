//! Ranges of time, which are always bounded.

#[cfg(test)]
mod tests;

use runwatch_core::time::{DAY_US, Timestamp};
use runwatch_service::problem::Problem;

use crate::json::Time;

/// Days that one question may cover: what the longest retention of rollups is meant to be read in.
const DAYS_MAX: i64 = 90;

/// From one moment up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

impl Range {
    /// Reads the parameters `from` and `to`: up to now, from a day before, unless they are given.
    pub(crate) fn read(
        from: Option<Time>,
        to: Option<Time>,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let to = to.map_or(now, |time| time.0);
        let from = from.map_or(Timestamp(to.0.saturating_sub(DAY_US)), |time| time.0);
        if from >= to {
            return Err(Problem::invalid_parameter(
                "from",
                "It must lie before `to`.",
            ));
        }
        if to.0.saturating_sub(from.0) > DAYS_MAX * DAY_US {
            let detail = format!("It must lie at most {DAYS_MAX} days before `to`.");
            return Err(
                Problem::invalid_parameter("from", detail).with_member("days_max", DAYS_MAX)
            );
        }
        Ok(Self { from, to })
    }

    /// The smallest range of whole buckets of this many microseconds around it.
    pub(crate) fn widened(self, bucket_us: i64) -> Self {
        let floor = |at: i64| at.div_euclid(bucket_us).saturating_mul(bucket_us);
        let ceiling = |at: i64| floor(at.saturating_add(bucket_us - 1));
        Self {
            from: Timestamp(floor(self.from.0)),
            to: Timestamp(ceiling(self.to.0)),
        }
    }

    /// How many buckets of this many microseconds it covers.
    pub(crate) fn buckets(self, bucket_us: i64) -> usize {
        let widened = self.widened(bucket_us);
        usize::try_from((widened.to.0 - widened.from.0) / bucket_us).unwrap_or(usize::MAX)
    }
}
