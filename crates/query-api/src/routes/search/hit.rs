//! Hits as they are answered.

use runwatch_core::ids::{RunId, StepId};
use runwatch_core::payload::{Encoding, Part};
use runwatch_search::query::Query as Words;
use runwatch_search::snippet::Snippet;
use runwatch_store::runs::RunSummary;
use runwatch_store::steps::BriefStep;
use serde::Serialize;
use utoipa::ToSchema;

use crate::json::Time;
use crate::schema::{RunStatusName, StepKindName};

/// Snippets of one hit.
const SNIPPETS_MAX: usize = 3;
/// Characters that a snippet has before what was found, and after it.
const CHARS_AROUND: usize = 60;

/// A step in which everything was found, or a run as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hit {
    /// The run.
    run: HitRun,
    /// The step; null if it was found in what was told of the run as a whole.
    step: Option<HitStep>,
    /// Where it was found, three places at most.
    snippets: Vec<HitSnippet>,
}

/// The run of a hit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HitRun {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// Where it stands.
    #[schema(value_type = RunStatusName)]
    status: &'static str,
    /// When it started.
    started_at: Time,
    /// The agent's name.
    agent_id: Option<String>,
}

/// The step of a hit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HitStep {
    /// Its id.
    #[schema(value_type = String)]
    step_id: StepId,
    /// What kind of work it did.
    #[schema(value_type = StepKindName)]
    kind: &'static str,
    /// Its name.
    name: String,
    /// How it ended.
    status: &'static str,
    /// When it started.
    started_at: Time,
    /// Model that answered.
    model: Option<String>,
    /// Tool that was called.
    tool: Option<String>,
}

/// A piece of a text in which something was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HitSnippet {
    /// Which text: `input`, `output`, `error` or `name`.
    #[serde(rename = "in")]
    place: &'static str,
    /// The piece.
    text: String,
    /// What was found in it: first character and the one behind the last, counted in Unicode scalar
    /// values.
    highlights: Vec<(usize, usize)>,
}

/// A text in which something was found.
#[derive(Clone, Copy)]
pub(super) struct Matched<'a> {
    pub(super) place: &'static str,
    pub(super) encoding: Encoding,
    pub(super) body: &'a str,
}

impl Hit {
    pub(super) fn new(
        run: &RunSummary,
        step: Option<&BriefStep>,
        texts: &[Matched<'_>],
        words: &Words,
    ) -> Self {
        let snippet = |text: &Matched<'_>| {
            let snippet = match text.encoding {
                Encoding::Json => Snippet::of_json(words, text.body, CHARS_AROUND),
                Encoding::Text => Snippet::of_text(words, text.body, CHARS_AROUND),
            }?;
            Some(HitSnippet {
                place: text.place,
                text: snippet.text,
                highlights: snippet.highlights,
            })
        };
        Self {
            run: HitRun {
                run_id: run.place.run,
                status: run.status.name(),
                started_at: Time(run.started_at),
                agent_id: run.labels.agent.clone(),
            },
            step: step.map(HitStep::new),
            snippets: texts
                .iter()
                .filter_map(snippet)
                .take(SNIPPETS_MAX)
                .collect(),
        }
    }
}

impl HitStep {
    fn new(step: &BriefStep) -> Self {
        Self {
            step_id: step.id,
            kind: step.kind.name(),
            name: step.name.clone(),
            status: step.status.name(),
            started_at: Time(step.started_at),
            model: step.model.clone(),
            tool: step.tool.clone(),
        }
    }
}

/// What a part of a payload is called where something was found in it.
pub(super) fn name(part: Part) -> &'static str {
    match part {
        Part::Output => "output",
        Part::Error => "error",
        _ => "input",
    }
}
