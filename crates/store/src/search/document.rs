//! Documents: what the search index finds.

use std::cmp::Reverse;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use runwatch_core::changes::{pack, unpack};
use runwatch_core::hash::{ContentHasher, ContentKey};
use runwatch_core::ids::{RunId, StepId};
use runwatch_core::time::Timestamp;

use crate::error::{Result, StoreError};
use crate::runs::RunPlace;

/// The texts that one request brought for one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// When its run started, as far as was known when it was stored.
    pub at: Timestamp,
    /// The run.
    pub run: RunPlace,
    /// Where the texts are.
    pub source: Source,
}

/// Where the texts of a document are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a payload chunk, and in the steps that it lists.
    Chunk(Uuid),
    /// In these steps, which came without payloads.
    Steps(Vec<StepId>),
}

/// The place of a document in the order of hits: the latest run first, documents of a run by an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place(Reverse<Timestamp>, RunId, Uuid);

impl Place {
    /// When the document's run started.
    pub fn at(&self) -> Timestamp {
        self.0.0
    }
}

/// A document as a segment keeps it, which has its time besides.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    run: RunId,
    day: i32,
    chunk: Option<Uuid>,
    steps: &'a [u8],
}

impl Document {
    /// Its place in the order of hits. Documents without a chunk are told apart by
    /// their steps.
    pub fn place(&self) -> Place {
        let id = match &self.source {
            Source::Chunk(id) => *id,
            Source::Steps(steps) => ContentHasher::new(ContentKey::new(Uuid::nil()))
                .bytes(&pack(steps))
                .finish128(),
        };
        Place(Reverse(self.at), self.run.run, id)
    }

    /// The bytes that a segment keeps.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let (chunk, steps) = match &self.source {
            Source::Chunk(id) => (Some(*id), Vec::new()),
            Source::Steps(steps) => (None, pack(steps)),
        };
        let stored = Stored {
            run: self.run.run,
            day: self.run.day.num_days_from_ce(),
            chunk,
            steps: &steps,
        };
        postcard::to_stdvec(&stored).expect("plain data always encodes")
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub(super) fn from_bytes(at: Timestamp, bytes: &[u8]) -> Result<Self> {
        let broken = || StoreError::Unreadable("a document of the search index".to_owned());
        let stored: Stored<'_> = postcard::from_bytes(bytes).map_err(|_not_one| broken())?;
        let day = NaiveDate::from_num_days_from_ce_opt(stored.day).ok_or_else(broken)?;
        let source = match stored.chunk {
            Some(id) => Source::Chunk(id),
            None => Source::Steps(unpack(stored.steps).ok_or_else(broken)?),
        };
        let run = stored.run;
        Ok(Self {
            at,
            run: RunPlace { run, day },
            source,
        })
    }
}
