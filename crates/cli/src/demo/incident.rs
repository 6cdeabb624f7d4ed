//! Bad days: in every hour something goes wrong for a while, one thing after the other.

use runwatch_core::time::{HOUR_US, MINUTE_US};

use super::random::Random;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// A provider turns most calls away with 429.
    RateLimits,
    /// A tool does not answer in time.
    SlowTool,
    /// Agents call the same tool with the same arguments again and again.
    Loops,
    /// Prompts grow from step to step until the model takes no more.
    GrowingContext,
    /// A wrong setting sends easy questions to the most expensive model.
    CostSpike,
    /// Runs stop saying anything and never end.
    HungRuns,
    /// A new release answers in a form that its callers cannot read.
    BadRelease,
}

/// Trouble with its beginning and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Incident {
    pub(super) trouble: Trouble,
    pub(super) from_us: i64,
    pub(super) to_us: i64,
}

impl Trouble {
    const ALL: [Self; 7] = [
        Self::RateLimits,
        Self::SlowTool,
        Self::Loops,
        Self::GrowingContext,
        Self::CostSpike,
        Self::HungRuns,
        Self::BadRelease,
    ];

    /// What happens, in a sentence.
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::RateLimits => "OpenAI turns most calls of support-bot away (429)",
            Self::SlowTool => "the tools lookup_order and search_web time out",
            Self::Loops => "research-agent and coding-agent go round in circles",
            Self::GrowingContext => "the prompts of coding-agent outgrow its model",
            Self::CostSpike => "support-bot uses the most expensive model by mistake",
            Self::HungRuns => "runs of report-builder hang and never end",
            Self::BadRelease => "a bad release of support-bot and invoice-extractor is out",
        }
    }
}

impl Incident {
    /// The incident of the hour that a moment lies in.
    pub(super) fn of_hour(seed: u64, at_us: i64) -> Self {
        let hour = at_us.div_euclid(HOUR_US);
        let mut random = Random::of(&[seed, 0x1c1d, hour.unsigned_abs()]);
        let kinds = i64::try_from(Trouble::ALL.len()).unwrap_or(1);
        let shift = i64::try_from(seed % 7).unwrap_or(0);
        let at = usize::try_from((hour + shift).rem_euclid(kinds)).unwrap_or(0);
        let from_us = hour * HOUR_US + random.between(5, 25) * MINUTE_US;
        Self {
            trouble: Trouble::ALL[at],
            from_us,
            to_us: from_us + random.between(12, 30) * MINUTE_US,
        }
    }

    /// What is wrong at a moment.
    pub(super) fn at(seed: u64, at_us: i64) -> Option<Self> {
        let incident = Self::of_hour(seed, at_us);
        (incident.from_us..incident.to_us)
            .contains(&at_us)
            .then_some(incident)
    }
}
