//! A run: one execution of an agent, and what one request says of it.

use serde::{Deserialize, Serialize};

use crate::claims::Claims;
use crate::failures::ToldFailure;
use crate::ids::RunId;
use crate::payload::Payload;
use crate::step::Step;

/// Where a run stands. The number is what the database keeps.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
#[expect(missing_docs, reason = "each name says it")]
pub enum RunStatus {
    #[default]
    Running = 0,
    Succeeded = 1,
    Failed = 2,
    Cancelled = 3,
    TimedOut = 4,
    /// Nothing was received for [`crate::limits::ABANDONED_AFTER_HOURS`] hours.
    Abandoned = 5,
}

impl RunStatus {
    /// All of them in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
        Self::Abandoned,
    ];

    /// The number that the database keeps.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// The status with that number; `Running` for one that a newer version wrote.
    pub fn from_code(code: i16) -> Self {
        Self::ALL
            .into_iter()
            .find(|status| status.code() == code)
            .unwrap_or(Self::Running)
    }

    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Abandoned => "abandoned",
        }
    }

    /// The status with that name in the API.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// What one request says of one run, in the normal form of every dialect.
#[derive(Clone, Debug)]
pub struct RunPart {
    /// The run.
    pub run_id: RunId,
    /// What is said of the run as a whole.
    pub claims: Claims,
    /// Steps, no id twice.
    pub steps: Vec<Step>,
    /// Failures that the sender told of, no id twice.
    pub failures: Vec<ToldFailure>,
    /// Inputs, outputs and their like.
    pub payloads: Vec<Payload>,
}
