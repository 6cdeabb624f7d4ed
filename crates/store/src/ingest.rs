//! The hot write path: what many requests of many projects bring is stored in one transaction.
//!
//! One flush, in this order:
//! 1. idempotency keys, sorted;
//! 2. upsert of the runs, sorted by project and run: the only lock that is taken. A run that is new
//!    is written whole, with what follows from its facts; of one that was there the old state comes
//!    back;
//! 3. for those that were there: read their steps and told failures, merge in memory (`merge`),
//!    and write what follows from all of it;
//! 4. steps, payload chunks, failures, deltas of the rollups, what changed, quarantine; COMMIT.
//!
//! Feedback stands apart: it is written by its own key, and no run is locked or made for it.
//!
//! If a run of the flush was erased (`erased`), the transaction is rolled back and done again without it.

mod arrays;
mod changes;
mod conflicts;
mod connection;
mod deltas;
mod erased;
mod feedback;
mod merge;
mod put;
mod read;
mod resummarize;
mod statements;
mod write;

pub use connection::Writer;
pub use deltas::{CONFLICT, ERASED};
pub use resummarize::Recounted;

use std::collections::BTreeMap;

use uuid::Uuid;

use runwatch_core::failures::FailureId;
use runwatch_core::feedback::FeedbackId;
use runwatch_core::hash::ContentKey;
use runwatch_core::ids::{ProjectId, RunId, StepId};
use runwatch_core::run::RunPart;
use runwatch_core::summary::Summary;

use crate::payloads::Chunk;

/// What one request brings.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The project that its key belongs to.
    pub project: ProjectId,
    /// The secret under which the project's contents are hashed.
    pub content_key: ContentKey,
    /// The key under which it may be sent again.
    pub idempotency: Option<Idempotency>,
    /// What it says of runs.
    pub runs: Vec<ArrivingRun>,
    /// Items that were refused before, to be kept with their reasons.
    pub quarantine: Vec<Quarantined>,
    /// How many items were refused before, by code: at least those in `quarantine`.
    pub rejected: BTreeMap<String, i64>,
    /// How many items stood twice in the request itself.
    pub duplicates: i64,
}

/// A key under which a request may be sent again, and a hash of its body.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The key.
    pub key: String,
    /// Hash of the body: the same key with another one is refused.
    pub body_hash: Uuid,
}

/// What one request says of one run, prepared so that the transaction has little left to do.
#[derive(Clone, Debug)]
pub struct ArrivingRun {
    /// What is said; its payloads are in `chunk` already.
    pub part: RunPart,
    /// What follows from this part alone.
    pub summary: Summary,
    /// Its payloads, compressed.
    pub chunk: Option<Chunk>,
    /// Whether the run itself is an item of the request, besides its steps and failures.
    pub is_item: bool,
}

/// A refused item with the reason.
#[derive(Clone, Debug)]
pub struct Quarantined {
    /// What it was sent as: span, run, step, failure, feedback.
    pub item: &'static str,
    /// Code of the reason.
    pub code: String,
    /// The reason in words.
    pub message: String,
    /// The item as it was sent, cut at its limit.
    pub body: Vec<u8>,
}

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// What became of each of its runs, in their order.
    Stored(Vec<RunVerdict>),
    /// Its idempotency key was used before with another body; nothing of it was stored.
    KeyReused,
}

/// What became of what a request says of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunVerdict {
    /// Items that were new and are stored.
    pub stored: i64,
    /// Items that were there already.
    pub duplicates: i64,
    /// Items that contradict what was there, and are not stored.
    pub conflicts: Vec<Conflict>,
    /// Items that are not stored because the run was erased: all that it has, or none.
    pub erased: i64,
}

/// An item that contradicts what was stored before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The item.
    pub what: ConflictingItem,
    /// What it contradicts, in words.
    pub message: String,
}

/// Which item of a run contradicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConflictingItem {
    /// What is said of the run as a whole; nothing that came with it is stored.
    Run,
    /// A step.
    Step(StepId),
    /// A failure.
    Failure(FailureId),
    /// A judgement.
    Feedback(FeedbackId),
}

/// A run's identity among all projects: what everything is sorted and locked by.
type RunKey = (ProjectId, RunId);
