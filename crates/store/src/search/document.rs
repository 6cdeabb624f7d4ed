//! Documents: what the search index finds.

use std::cmp::Reverse;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use runwatch_core::changes::RunChange;
use runwatch_core::failures::FailureId;
use runwatch_core::hash::{ContentHasher, ContentKey};
use runwatch_core::ids::RunId;
use runwatch_core::time::Timestamp;
use runwatch_search::segment;

use crate::error::{Result, StoreError};
use crate::payloads::{ListedStep, pack};
use crate::runs::RunPlace;

/// Texts that were stored together of one run. Each copy of a step is in one document only, so that
/// none is found twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// When its run started, as far as was known when it was stored.
    pub at: Timestamp,
    /// The run.
    pub run: RunPlace,
    /// Where the texts are.
    pub source: Source,
}

/// Steps or failures that one document lists: many lie in one block of a segment.
const ENTRIES_MAX: usize = 256;

/// Where the texts of a document are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// In a payload chunk, and in the steps that it lists.
    Chunk(Uuid),
    /// In these steps, which came without payloads.
    Steps(#[serde(with = "packed")] Vec<ListedStep>),
    /// In these failures, which were told of the run.
    Told(Vec<FailureId>),
}

/// Where a document stands in the order of hits, before its run is known: the latest first, and those of
/// one moment, who may be a million, by 32 bits that tell most of them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rank(Reverse<Timestamp>, u32);

/// The place of a document in the order of hits: its rank, and what tells it from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place(Rank, RunId, Uuid);

impl Rank {
    /// The moment.
    pub fn at(self) -> Timestamp {
        self.0.0
    }
}

impl From<Rank> for segment::Rank {
    fn from(rank: Rank) -> Self {
        let (at, tie) = (rank.at().0, rank.1);
        Self { at, tie }
    }
}

impl From<segment::Rank> for Rank {
    fn from(rank: segment::Rank) -> Self {
        Self(Reverse(Timestamp(rank.at)), rank.tie)
    }
}

impl Place {
    /// Its rank.
    pub fn rank(&self) -> Rank {
        self.0
    }
}

/// A document as a segment keeps it, which has its time besides.
#[derive(Serialize, Deserialize)]
struct Stored {
    run: RunId,
    day: i32,
    source: Source,
}

impl Document {
    /// The documents of a change.
    pub fn all_of(change: &RunChange) -> impl Iterator<Item = Self> + '_ {
        let chunks = change.chunks.iter().map(|chunk| Source::Chunk(*chunk));
        let alone = change.steps.iter().filter(|step| !step.is_in_chunk);
        let alone: Vec<ListedStep> = alone.map(|step| (step.id, step.copy)).collect();
        let alone: Vec<_> = alone.chunks(ENTRIES_MAX).map(<[_]>::to_vec).collect();
        let steps = alone.into_iter().map(Source::Steps);
        let told = change.told.chunks(ENTRIES_MAX);
        let told = told.map(|told| Source::Told(told.to_vec()));
        let document = move |source| Self {
            at: change.started_at,
            run: RunPlace::from(change),
            source,
        };
        chunks.chain(steps).chain(told).map(document)
    }

    /// Its place in the order of hits. Documents without a chunk are told apart by their steps or
    /// failures.
    pub fn place(&self) -> Place {
        let run = self.run.run;
        let id = match &self.source {
            Source::Chunk(id) => *id,
            Source::Steps(steps) => hash(&pack(steps)),
            Source::Told(failures) => hash(&told_bytes(failures)),
        };
        let [.., a, b] = *hash(run.0.as_bytes()).as_bytes();
        let [.., c, d] = *hash(id.as_bytes()).as_bytes();
        let rank = Rank(Reverse(self.at), u32::from_be_bytes([a, b, c, d]));
        Place(rank, run, id)
    }

    /// The bytes that a segment keeps.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let stored = Stored {
            run: self.run.run,
            day: self.run.day.num_days_from_ce(),
            source: self.source.clone(),
        };
        postcard::to_stdvec(&stored).expect("plain data always encodes")
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub(super) fn from_bytes(at: Timestamp, bytes: &[u8]) -> Result<Self> {
        let broken = || StoreError::Unreadable("a document of the search index".to_owned());
        let stored: Stored = postcard::from_bytes(bytes).map_err(|_not_one| broken())?;
        let (run, source) = (stored.run, stored.source);
        let day = NaiveDate::from_num_days_from_ce_opt(stored.day).ok_or_else(broken)?;
        let run = RunPlace { run, day };
        Ok(Self { at, run, source })
    }
}

fn told_bytes(failures: &[FailureId]) -> Vec<u8> {
    failures.iter().flat_map(|id| *id.0.as_bytes()).collect()
}

/// A hash that scatters; it keeps nothing secret.
fn hash(bytes: &[u8]) -> Uuid {
    ContentHasher::new(ContentKey::new(Uuid::nil()))
        .bytes(bytes)
        .finish128()
}

/// Steps without anything between them.
mod packed {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::payloads::{ListedStep, pack, unpack};

    pub(super) fn serialize<S: Serializer>(
        steps: &[ListedStep],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&pack(steps))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<ListedStep>, D::Error> {
        unpack(<&[u8]>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
