//! What one transaction changed in the runs of a project: live streams tell it, and the search index
//! is made of it.

#[cfg(test)]
mod tests;

use chrono::{Datelike, NaiveDate};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::failures::FailureId;
use crate::ids::{RunId, StepId};
use crate::time::Timestamp;

/// The id of a transaction, up to which a reader of changes has read: it goes on with this one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub i64);

/// What is new of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunChange {
    /// The run.
    pub run: RunId,
    /// The partition that its steps and payloads lie in.
    #[serde(with = "day")]
    pub day: NaiveDate,
    /// When it started, as far as was known then.
    pub started_at: Timestamp,
    /// Steps that were stored.
    #[serde(with = "packed")]
    pub steps: Vec<ChangedStep>,
    /// Payload chunks that were stored.
    pub chunks: Vec<Uuid>,
    /// Failures that were told and are new.
    pub told: Vec<FailureId>,
}

/// A step that was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangedStep {
    /// Its id.
    pub id: StepId,
    /// The low half of the content hash of the copy that was stored.
    pub copy: u32,
    /// Whether one of the payload chunks lists this copy.
    pub is_in_chunk: bool,
}

/// What can be searched for of a change of a run and is in none of its chunks, each text once. It is
/// stored apart from the change, since it may be a thousand times as long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTexts {
    /// Names and errors of the steps.
    pub of_steps: Vec<String>,
    /// Messages of the failures that were told.
    pub told: Vec<String>,
}

impl RunChange {
    /// Of the run nothing arrived, but something else follows from what is known of it.
    pub fn without_steps(run: RunId, day: NaiveDate, started_at: Timestamp) -> Self {
        Self {
            run,
            day,
            started_at,
            steps: Vec::new(),
            chunks: Vec::new(),
            told: Vec::new(),
        }
    }
}

/// Stored bytes that this version cannot read.
#[derive(Debug, thiserror::Error)]
#[error("stored changes cannot be read: {0}")]
pub struct Unreadable(#[from] postcard::Error);

/// The bytes of the changes of one transaction, or of their texts, as they are stored.
pub fn to_bytes<T: Serialize>(of_runs: &[T]) -> Vec<u8> {
    postcard::to_stdvec(of_runs).expect("plain data always encodes")
}

/// Reads what [`to_bytes`] wrote.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>, Unreadable> {
    Ok(postcard::from_bytes(bytes)?)
}

/// A day as its number.
mod day {
    use super::{Datelike, Deserialize, Deserializer, NaiveDate, Serializer};

    pub(super) fn serialize<S: Serializer>(
        day: &NaiveDate,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(day.num_days_from_ce())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<NaiveDate, D::Error> {
        let number = i32::deserialize(deserializer)?;
        NaiveDate::from_num_days_from_ce_opt(number)
            .ok_or_else(|| serde::de::Error::custom("there is no such day"))
    }
}

/// Steps without anything between them.
mod packed {
    use super::{ChangedStep, Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        steps: &[ChangedStep],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&super::pack(steps))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<ChangedStep>, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        super::unpack(bytes).ok_or_else(|| serde::de::Error::custom("a list of steps is broken"))
    }
}

/// In the byte before a step's id, beside the id's length: the step is in a chunk.
const IN_CHUNK: u8 = 0x80;

/// Steps as bytes: of each the length of its id with [`IN_CHUNK`], the id, and the copy, little-endian.
fn pack(steps: &[ChangedStep]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(steps.len() * 13);
    for step in steps {
        let id = step.id.as_bytes();
        let length = if id.len() == 8 { 8 } else { 16 };
        packed.push(if step.is_in_chunk {
            length | IN_CHUNK
        } else {
            length
        });
        packed.extend_from_slice(id);
        packed.extend_from_slice(&step.copy.to_le_bytes());
    }
    packed
}

/// Reads what [`pack`] wrote; none if the bytes are broken.
fn unpack(mut packed: &[u8]) -> Option<Vec<ChangedStep>> {
    let mut steps = Vec::new();
    while let Some((first, rest)) = packed.split_first() {
        let (id, rest) = rest.split_at_checked(usize::from(first & !IN_CHUNK))?;
        let (copy, rest) = rest.split_first_chunk()?;
        steps.push(ChangedStep {
            id: StepId::from_bytes(id).ok()?,
            copy: u32::from_le_bytes(*copy),
            is_in_chunk: first & IN_CHUNK != 0,
        });
        packed = rest;
    }
    Some(steps)
}
