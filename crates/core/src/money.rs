//! Money: an integer of nano-dollars, so that sums are exact.

use serde::{Deserialize, Serialize};

/// An amount in billionths of a US dollar.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct NanoUsd(pub i64);

impl NanoUsd {
    /// The amount nearest to a figure in dollars; none if it is not finite, is negative or is more
    /// than a step can cost ([`crate::limits::COST_PER_STEP_NANO_USD_MAX`]).
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let nano = (dollars * 1e9).round();
        let max = crate::limits::COST_PER_STEP_NANO_USD_MAX;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range is checked on this line"
        )]
        (nano >= 0.0 && nano <= max as f64).then_some(Self(nano as i64))
    }

    /// The amount in dollars, for display.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e9
    }
}
