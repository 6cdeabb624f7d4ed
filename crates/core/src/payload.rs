//! Payloads: the large parts of runs and steps, kept apart from their rows.

use crate::ids::StepId;

/// Which part of a run or step a payload is. The number is what stored chunks keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Part {
    /// What went in.
    Input = 1,
    /// What came out.
    Output = 2,
    /// JSON object of the attributes that are not in the step's row.
    Attributes = 3,
    /// JSON array of events: `[{"name", "time", "attributes"}]`.
    Events = 4,
    /// JSON object of the resource that sent the step.
    Resource = 5,
    /// JSON object `{"name", "version", "attributes"}` of the instrumentation that made the step.
    Scope = 6,
    /// JSON array of links: `[{"run_id", "step_id", "attributes"}]`.
    Links = 7,
    /// The error's whole text, with its stack.
    Error = 8,
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 8] = [
        Self::Input,
        Self::Output,
        Self::Attributes,
        Self::Events,
        Self::Resource,
        Self::Scope,
        Self::Links,
        Self::Error,
    ];

    /// The parts that a run as a whole may have.
    pub const OF_RUN: [Self; 2] = [Self::Input, Self::Output];

    /// The part with that number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|part| *part as u8 == code)
    }
}

/// How the bytes of a payload are to be read. The number is what stored chunks keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Encoding {
    /// A JSON document, verbatim as it was sent.
    Json = 1,
    /// Plain text; a JSON string to readers.
    Text = 2,
}

impl Encoding {
    /// The encoding with that number.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Json, Self::Text]
            .into_iter()
            .find(|encoding| *encoding as u8 == code)
    }
}

/// What a payload belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The run as a whole.
    Run,
    /// These steps, which share it.
    Steps(Vec<StepId>),
}

/// One large part of a run or of some of its steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// What it belongs to.
    pub owner: Owner,
    /// Which part of it.
    pub part: Part,
    /// How to read the body.
    pub encoding: Encoding,
    /// The bytes: valid UTF-8 without NUL.
    pub body: String,
}
