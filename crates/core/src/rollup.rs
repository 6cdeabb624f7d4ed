//! Rollups: what runs add to the counts per minute and hour, and how it is added and taken back.
//!
//! A run's [`Contribution`] is a pure function of its facts. When facts are added, ingest appends
//! the new contribution minus the old one as [`Deltas`]; a single job folds deltas into the tables.
//! Every number here adds and subtracts exactly, so the order of folding does not matter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::failures::{FailureType, Fingerprint};
use crate::ids::RunId;
use crate::step::StepKind;
use crate::time::{MINUTE_US, Timestamp};

mod histogram;
#[cfg(test)]
mod tests;

pub use histogram::{Histogram, Percentiles};

/// What the rollups count: whole runs, or steps of a kind. The number is what the database keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counted {
    /// Runs that have ended.
    Runs,
    /// Steps of this kind that have ended.
    Steps(StepKind),
}

impl Counted {
    /// The number that the database keeps: 0 for runs, else the step kind's.
    pub fn code(self) -> i16 {
        match self {
            Self::Runs => 0,
            Self::Steps(kind) => kind.code(),
        }
    }
}

/// What stands for the number of a kind where steps of all kinds are counted together.
pub const ALL_STEPS: i16 = -1;

/// The dimensions of one row of the rollups.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UsageKey {
    /// Minutes since 1970 of the end of what is counted.
    pub minute: i64,
    /// [`Counted::code`].
    pub kind: i16,
    /// Number of the run's or step's status.
    pub status: i16,
    /// The run's agent; empty if unknown.
    pub agent: String,
    /// The step's model; empty if none.
    pub model: String,
    /// The step's tool; empty if none.
    pub tool: String,
    /// The run's environment; empty if unknown.
    pub environment: String,
}

impl UsageKey {
    /// The start of its minute.
    pub fn at(&self) -> Timestamp {
        Timestamp(self.minute.saturating_mul(MINUTE_US))
    }
}

/// What adds up by itself in one row. All of it can be taken back by adding its negative; sums wrap
/// rather than fail, so that what was added can always be taken back exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// How many runs or steps.
    pub count: i64,
    /// How many of them failed.
    pub errors: i64,
    /// Tokens of prompts, cached ones included.
    pub input_tokens: i64,
    /// Tokens of answers, reasoning included.
    pub output_tokens: i64,
    /// The part of `input_tokens` that was read from a cache.
    pub cached_tokens: i64,
    /// The part of `output_tokens` that was reasoning.
    pub reasoning_tokens: i64,
    /// Cost in nano-dollars.
    pub cost_nano_usd: i64,
    /// Sum of durations in microseconds.
    pub duration_us: i64,
}

impl Sums {
    /// Adds `times` times another: 1 to put it in, -1 to take it back.
    pub fn add(&mut self, other: &Self, times: i64) {
        let add = |into: &mut i64, what: i64| *into = into.wrapping_add(what.wrapping_mul(times));
        add(&mut self.count, other.count);
        add(&mut self.errors, other.errors);
        add(&mut self.input_tokens, other.input_tokens);
        add(&mut self.output_tokens, other.output_tokens);
        add(&mut self.cached_tokens, other.cached_tokens);
        add(&mut self.reasoning_tokens, other.reasoning_tokens);
        add(&mut self.cost_nano_usd, other.cost_nano_usd);
        add(&mut self.duration_us, other.duration_us);
    }
}

/// The measures of one row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    /// What adds up by itself.
    pub sums: Sums,
    /// Distribution of durations.
    pub latency: Histogram,
}

impl Measures {
    /// Adds `times` times another: 1 to put it in, -1 to take it back.
    pub fn add(&mut self, other: &Self, times: i64) {
        self.sums.add(&other.sums, times);
        self.latency.add(&other.latency, times);
    }

    /// Whether nothing is left of it.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// What is shown of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// What adds up by itself.
    pub sums: Sums,
    /// How long it took; none if nothing ended.
    pub percentiles: Option<Percentiles>,
}

impl From<&Measures> for Total {
    fn from(measures: &Measures) -> Self {
        Self {
            sums: measures.sums,
            percentiles: measures.latency.percentiles(),
        }
    }
}

/// Rows of the rollups by their dimensions.
pub type Usage = BTreeMap<UsageKey, Measures>;

/// All that one run adds to the rollups, as it is kept in the run's row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution {
    /// The run's agent, which all its rows share.
    pub agent: String,
    /// The run's environment, which all its rows share.
    pub environment: String,
    /// The rest of each row.
    pub rows: Vec<ContributionRow>,
}

/// One row of a [`Contribution`]; see [`UsageKey`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are documented in UsageKey")]
pub struct ContributionRow {
    pub minute: i64,
    pub kind: i16,
    pub status: i16,
    pub model: String,
    pub tool: String,
    pub measures: Measures,
}

/// Stored bytes that this version cannot read.
#[derive(Debug, thiserror::Error)]
#[error("stored rollup data cannot be read: {0}")]
pub struct Unreadable(#[from] postcard::Error);

impl Contribution {
    /// Adds `times` times its rows: 1 to put them in, -1 to take them back.
    pub fn add_to(&self, usage: &mut Usage, times: i64) {
        for row in &self.rows {
            let key = UsageKey {
                minute: row.minute,
                kind: row.kind,
                status: row.status,
                agent: self.agent.clone(),
                model: row.model.clone(),
                tool: row.tool.clone(),
                environment: self.environment.clone(),
            };
            usage.entry(key).or_default().add(&row.measures, times);
        }
    }

    /// The bytes that the run's row keeps (postcard's format).
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("plain data of known lengths always encodes")
    }

    /// Reads the bytes of a run's row.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        Ok(postcard::from_bytes(bytes)?)
    }
}

/// How the count of one failure group changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupChange {
    /// What the fingerprint is made of, unless failures are only taken back.
    pub group: Option<GroupText>,
    /// Failures added, minus failures taken back.
    pub count: i64,
    /// Whether any was taken back: then first and last must be looked up again.
    pub takes_back: bool,
    /// The earliest added: when, in which run, of which release.
    pub first: Option<(Timestamp, RunId, Option<String>)>,
    /// When the latest added happened.
    pub last: Option<Timestamp>,
}

/// What all failures of a group have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupText {
    /// Their type.
    pub kind: FailureType,
    /// The agent of their runs; empty if unknown.
    pub agent: String,
    /// Name of the step that they happened in; empty if unknown.
    pub step: String,
    /// Their message with its variable parts removed.
    pub template: String,
}

impl GroupChange {
    /// Takes one failure back.
    pub fn taking_back() -> Self {
        Self {
            group: None,
            count: -1,
            takes_back: true,
            first: None,
            last: None,
        }
    }

    /// Takes in another change of the same group.
    pub fn merge(&mut self, other: Self) {
        self.group = self.group.take().or(other.group);
        self.count = self.count.wrapping_add(other.count);
        self.takes_back |= other.takes_back;
        self.first = [self.first.take(), other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
    }
}

/// What happened to items that were received.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// Stored.
    Stored,
    /// Was there already.
    Duplicate,
    /// Refused, with the code of the reason.
    Rejected(String),
}

/// What one flush adds for one project, to be folded into what several runs share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deltas {
    /// Changes of the usage rollups.
    pub usage: Usage,
    /// Changes of failure groups.
    pub groups: BTreeMap<Fingerprint, GroupChange>,
    /// Items received, by minute and outcome.
    pub outcomes: BTreeMap<(i64, Outcome), i64>,
}

impl Deltas {
    /// Whether there is nothing to fold.
    pub fn is_empty(&self) -> bool {
        self.usage.is_empty() && self.groups.is_empty() && self.outcomes.is_empty()
    }

    /// Drops the rows that cancelled out.
    pub fn compact(&mut self) {
        self.usage.retain(|_, measures| !measures.is_zero());
        self.groups
            .retain(|_, group| group.count != 0 || group.takes_back);
        self.outcomes.retain(|_, count| *count != 0);
    }

    /// Takes in further deltas of the same project.
    pub fn merge(&mut self, other: Self) {
        for (key, measures) in other.usage {
            self.usage.entry(key).or_default().add(&measures, 1);
        }
        for (fingerprint, change) in other.groups {
            self.change_group(fingerprint, change);
        }
        for (key, count) in other.outcomes {
            *self.outcomes.entry(key).or_default() += count;
        }
    }

    /// Adds a change of a failure group.
    pub fn change_group(&mut self, fingerprint: Fingerprint, change: GroupChange) {
        match self.groups.entry(fingerprint) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(change);
            }
            std::collections::btree_map::Entry::Occupied(mut group) => {
                group.get_mut().merge(change)
            }
        }
    }

    /// Counts items received in a minute.
    pub fn count(&mut self, at: Timestamp, outcome: Outcome, items: i64) {
        *self
            .outcomes
            .entry((at.0.div_euclid(MINUTE_US), outcome))
            .or_default() += items;
    }

    /// The bytes that a row of deltas keeps (postcard's format).
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("plain data of known lengths always encodes")
    }

    /// Reads the bytes of a row of deltas.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        Ok(postcard::from_bytes(bytes)?)
    }
}
