//! A run: one execution of an agent, and what one request says of it.

use crate::claims::Claims;
use crate::coded::coded;
use crate::failures::ToldFailure;
use crate::ids::RunId;
use crate::payload::Payload;
use crate::step::Step;

coded! {
    /// Where a run stands. The number is what the database keeps.
    #[derive(Default)]
    #[expect(missing_docs, reason = "each name says it")]
    pub enum RunStatus or Running {
        #[default] Running = 0, "running";
        Succeeded = 1, "succeeded";
        Failed = 2, "failed";
        Cancelled = 3, "cancelled";
        TimedOut = 4, "timed_out";
        /// Nothing was received for [`crate::limits::ABANDONED_AFTER_HOURS`] hours.
        Abandoned = 5, "abandoned";
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
