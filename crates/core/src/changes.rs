//! What one transaction changed in the runs of a project: live streams tell it, and the search index
//! is made of it.

#[cfg(test)]
mod tests;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

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
    pub steps: Vec<StepId>,
    /// Payload chunks that were stored.
    pub chunks: Vec<Uuid>,
    /// Names and errors of the steps, and messages of failures that were told, each once: what can be
    /// searched for and is in no chunk.
    pub texts: Vec<String>,
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
            texts: Vec::new(),
        }
    }
}

/// Stored bytes that this version cannot read.
#[derive(Debug, thiserror::Error)]
#[error("stored changes cannot be read: {0}")]
pub struct Unreadable(#[from] postcard::Error);

/// The bytes of the changes of one transaction, as they are stored.
pub fn to_bytes(changes: &[RunChange]) -> Vec<u8> {
    postcard::to_stdvec(changes).expect("plain data always encodes")
}

/// Reads what [`to_bytes`] wrote.
pub fn from_bytes(bytes: &[u8]) -> Result<Vec<RunChange>, Unreadable> {
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

/// Ids of steps without anything between them but their lengths.
mod packed {
    use super::{Deserialize, Deserializer, Serializer, StepId};

    pub(super) fn serialize<S: Serializer>(
        steps: &[StepId],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&super::pack(steps))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<StepId>, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        super::unpack(bytes).ok_or_else(|| serde::de::Error::custom("a list of steps is broken"))
    }
}

/// Ids of steps as bytes: of each its length and itself.
pub fn pack(steps: &[StepId]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(steps.len() * 9);
    for step in steps {
        let id = step.as_bytes();
        packed.push(if id.len() == 8 { 8 } else { 16 });
        packed.extend_from_slice(id);
    }
    packed
}

/// Reads what [`pack`] wrote; none if the bytes are broken.
pub fn unpack(mut packed: &[u8]) -> Option<Vec<StepId>> {
    let mut steps = Vec::new();
    while let Some((len, rest)) = packed.split_first() {
        let (id, rest) = rest.split_at_checked(usize::from(*len))?;
        steps.push(StepId::from_bytes(id).ok()?);
        packed = rest;
    }
    Some(steps)
}
