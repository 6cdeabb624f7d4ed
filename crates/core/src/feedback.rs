//! Feedback: what somebody thinks of a run, or of a step of it, under a name.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::coded::coded;
use crate::hash::{ContentHasher, ContentKey};
use crate::ids::{RunId, StepId};
use crate::time::Timestamp;

/// A judgement's id within its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeedbackId(pub Uuid);

coded! {
    /// Who judged. The number is what the database keeps.
    #[derive(Default)]
    pub enum FeedbackSource or Api {
        /// A program that does not say for whom.
        #[default] Api = 0, "api";
        /// A person who used the agent.
        User = 1, "user";
        /// A person or model that evaluates.
        Evaluator = 2, "evaluator";
    }
}

/// One judgement. It never changes; another one is told under another id.
#[derive(Clone, Debug, PartialEq)]
pub struct Feedback {
    /// Its id: as told, else a hash of what it says.
    pub id: FeedbackId,
    /// The step that is judged; none for the run as a whole.
    pub step: Option<StepId>,
    /// What is judged, such as `helpfulness`.
    pub name: String,
    /// The judgement.
    pub value: FeedbackValue,
    /// The reason, in words.
    pub comment: Option<String>,
    /// Who judged, by the name that runs have it under.
    pub user_id: Option<String>,
    /// In which role.
    pub source: FeedbackSource,
    /// When, if it was told.
    pub at: Option<Timestamp>,
}

/// The value of a judgement.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedbackValue {
    /// A finite number.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
    /// A word of whoever judges.
    Text(String),
}

impl FeedbackValue {
    /// The number of its kind, as the database keeps it.
    pub fn kind(&self) -> i16 {
        match self {
            Self::Number(_) => 1,
            Self::Boolean(_) => 2,
            Self::Text(_) => 3,
        }
    }

    /// What it counts in sums and comparisons: 1 for yes and 0 for no; a text counts nothing.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Boolean(value) => Some(f64::from(u8::from(*value))),
            Self::Text(_) => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::Boolean(_) => None,
        }
    }

    /// The value that is kept so.
    pub fn from_parts(kind: i16, number: Option<f64>, text: Option<String>) -> Self {
        match (kind, number, text) {
            (2, Some(number), _) => Self::Boolean(number != 0.0),
            (_, Some(number), _) => Self::Number(number),
            (_, None, text) => Self::Text(text.unwrap_or_default()),
        }
    }
}

impl Feedback {
    /// Hashes everything that it says, but not its id: the same judgement again has the same hash.
    pub fn hash(&self, key: ContentKey, run: RunId) -> ContentHasher {
        let bits = self.value.number().map_or(0, f64::to_bits);
        let mut hasher = ContentHasher::new(key);
        hasher
            .bytes(run.0.as_bytes())
            .bytes(self.step.as_ref().map(StepId::as_bytes).unwrap_or_default())
            .text(&self.name)
            .number(i64::from(self.value.kind()))
            .number(bits.cast_signed())
            .maybe(self.value.text())
            .maybe(self.comment.as_deref())
            .maybe(self.user_id.as_deref())
            .number(i64::from(self.source.code()))
            .number(self.at.map_or(i64::MIN, |at| at.0));
        hasher
    }
}
