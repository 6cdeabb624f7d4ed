//! A run: one execution of an agent, and what one request says of it.

use crate::claims::Claims;
use crate::coded::coded;
use crate::failures::ToldFailure;
use crate::feedback::Feedback;
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
    /// What somebody thinks of it.
    pub feedback: Vec<Feedback>,
}

impl RunPart {
    /// Nothing said of a run yet.
    pub fn empty(run_id: RunId) -> Self {
        Self {
            run_id,
            claims: Claims::default(),
            steps: Vec::new(),
            failures: Vec::new(),
            payloads: Vec::new(),
            feedback: Vec::new(),
        }
    }

    /// What somebody thinks of a run, and nothing else: it does not make the run known.
    pub fn of_feedback(run_id: RunId, feedback: Vec<Feedback>) -> Self {
        Self {
            feedback,
            ..Self::empty(run_id)
        }
    }

    /// Whether something is said of the run itself, and of nothing in it.
    pub fn is_only_of_run(&self) -> bool {
        self.steps.is_empty() && self.failures.is_empty() && self.feedback.is_empty()
    }

    /// Whether nothing is said of the run itself.
    pub fn is_only_feedback(&self) -> bool {
        !self.feedback.is_empty()
            && self.claims.is_empty()
            && self.steps.is_empty()
            && self.failures.is_empty()
            && self.payloads.is_empty()
    }
}
