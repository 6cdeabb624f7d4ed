//! A run of the demo before it is written in one of the forms that ingest-api takes.

use runwatch_core::run::RunStatus;
use runwatch_core::step::StepKind;
use serde_json::Value;
use uuid::Uuid;

/// In which form an agent's runs are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Our JSON.
    Native,
    /// OpenTelemetry with the conventions for generative AI.
    Otlp,
}

/// An agent of the demo.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Agent {
    /// Its name.
    pub(super) name: &'static str,
    /// What sort of agent it is.
    pub(super) kind: &'static str,
    /// The workflow that it is part of.
    pub(super) workflow: Option<&'static str>,
    /// How it is sent.
    pub(super) form: Form,
    /// Its share of all runs, of a thousand.
    pub(super) share: i64,
}

/// A model and who provides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) provider: &'static str,
}

/// One run.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) id: Uuid,
    pub(super) agent: &'static Agent,
    pub(super) version: String,
    pub(super) release: String,
    pub(super) environment: &'static str,
    pub(super) session: Option<String>,
    pub(super) user: Option<String>,
    pub(super) started_us: i64,
    /// When and how it ended; none for a run that hangs for ever.
    pub(super) end: Option<(i64, RunStatus)>,
    pub(super) input: Value,
    pub(super) output: Value,
    /// What went wrong with the run as a whole, apart from its steps.
    pub(super) error: Option<Error>,
    pub(super) steps: Vec<Step>,
}

impl Run {
    /// Its head and its end.
    pub(super) fn without_steps(&self) -> Self {
        Self {
            version: self.version.clone(),
            release: self.release.clone(),
            session: self.session.clone(),
            user: self.user.clone(),
            input: self.input.clone(),
            output: self.output.clone(),
            error: self.error.clone(),
            steps: Vec::new(),
            ..*self
        }
    }
}

/// One step.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) id: u64,
    pub(super) parent: Option<u64>,
    pub(super) kind: StepKind,
    pub(super) name: String,
    pub(super) model: Option<Model>,
    pub(super) started_us: i64,
    pub(super) ended_us: i64,
    pub(super) usage: Usage,
    pub(super) input: Value,
    pub(super) output: Value,
    pub(super) error: Option<Error>,
}

/// Tokens; cached ones are part of the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) input: i64,
    pub(super) cached: i64,
    pub(super) output: i64,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Error {
    pub(super) kind: &'static str,
    pub(super) code: Option<&'static str>,
    pub(super) message: String,
}
