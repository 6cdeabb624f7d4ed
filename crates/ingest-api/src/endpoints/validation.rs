//! What a dry run answers.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use runwatch_core::claims::Field;
use runwatch_core::ids::StepId;
use runwatch_core::limits::{
    VALIDATED_ITEMS_MAX, VALIDATED_NAMES_MAX, VALIDATED_STEPS_MAX, VALIDATED_TEXT_BYTES_MAX,
};
use runwatch_core::payload::{Owner, Part};
use runwatch_core::run::RunPart;
use runwatch_core::step::Step;
use runwatch_core::summary::effective_cost;
use runwatch_core::text::cut;
use runwatch_otlp::explain::{Explained, Fate};
use runwatch_store::ingest::ArrivingRun;

use crate::endpoints::answer::Rejection;

/// What would become of a body.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Validation {
    /// What the body was taken for.
    pub form: Form,
    /// Items that would be stored.
    pub accepted: usize,
    /// Items that say again what another one of the body says.
    pub duplicates: usize,
    /// Items that would be refused.
    pub rejected: usize,
    /// The runs that the items belong to: at most 100 are described.
    pub runs: Vec<RunPreview>,
    /// The items in their order: at most 100 are described.
    pub items: Vec<ItemPreview>,
    /// Names of attributes that nothing is known of: they are kept, and can be filtered on if they
    /// are short. At most 200 are listed.
    pub not_understood: BTreeSet<String>,
}

/// What a body was taken for.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// An export of OpenTelemetry traces; its items are spans.
    Otlp,
    /// The native form; its items are runs, steps or failures.
    Native,
}

/// What would become of an item.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It would be stored.
    Accepted,
    /// It says again what another item says, or an unfinished copy beside a finished one.
    Duplicate,
    /// It would be refused.
    Rejected,
}

/// A run, as far as the body tells of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunPreview {
    /// Its id.
    pub run_id: String,
    /// Whether it would be listed as a run: it has an agent, a model's call or a chain, or was sent
    /// as one.
    pub is_run: bool,
    /// Name of the agent.
    pub agent_id: Option<String>,
    /// Where it would stand.
    pub status: &'static str,
    /// The conversation that it is part of.
    pub session_id: Option<String>,
    /// The person for whom the agent works.
    pub user_id: Option<String>,
    /// Where it runs.
    pub environment: Option<String>,
    /// Release of the software that it is part of.
    pub release: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// How many steps it has.
    pub steps: usize,
    /// How many of them failed.
    pub failed_steps: i64,
    /// Tokens of prompts, cached ones included, each counted once.
    pub input_tokens: i64,
    /// Tokens of answers, reasoning included, each counted once.
    pub output_tokens: i64,
    /// Cost in US dollars, as it was reported or by the price table.
    pub cost_usd: Option<f64>,
    /// Types of its failures.
    pub failures: Vec<&'static str>,
}

/// An item, and what would become of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemPreview {
    /// Its position in the body, from 0.
    pub index: usize,
    /// What would become of it.
    pub verdict: Verdict,
    /// The run that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The steps that it would become: at most 20 are described.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepPreview>,
    /// How many steps it would become, if more than are described.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps_total: Option<usize>,
    /// What would become of each attribute of a span: at most 200 are described.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributePreview>,
    /// Why it would be refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejections: Vec<Rejection>,
}

/// A step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepPreview {
    #[serde(skip)]
    id: StepId,
    /// Its id.
    pub step_id: String,
    /// Id of the step that it is part of.
    pub parent_id: Option<String>,
    /// What kind of work it did.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: &'static str,
    /// When it started.
    pub started_at: String,
    /// How long it took in milliseconds; none while it runs.
    pub duration_ms: Option<f64>,
    /// The agent that it names.
    pub agent: Option<String>,
    /// Model that answered.
    pub model: Option<String>,
    /// Provider of the model.
    pub provider: Option<String>,
    /// Tool that was called.
    pub tool: Option<String>,
    /// Tokens that it used.
    pub usage: UsagePreview,
    /// Cost in US dollars, as it was reported or by the price table.
    pub cost_usd: Option<f64>,
    /// Milliseconds until the first token.
    pub first_token_ms: Option<f64>,
    /// What went wrong.
    pub error: Option<ErrorPreview>,
    /// What went in, at most its first 500 bytes.
    pub input: Option<String>,
    /// What came out, at most its first 500 bytes.
    pub output: Option<String>,
    /// Attributes that could be filtered on.
    #[schema(value_type = Object)]
    pub attributes: Option<Box<RawValue>>,
}

/// Tokens that a step used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsagePreview {
    /// Tokens of the prompt, cached ones included.
    pub input_tokens: Option<i32>,
    /// Tokens of the answer, reasoning included.
    pub output_tokens: Option<i32>,
    /// The part of the input that was read from the provider's cache.
    pub cached_input_tokens: Option<i32>,
    /// The part of the input that was written to the provider's cache.
    pub cache_write_input_tokens: Option<i32>,
    /// The part of the output that was reasoning.
    pub reasoning_tokens: Option<i32>,
    /// The total, if the parts are not known.
    pub total_tokens: Option<i32>,
}

/// What went wrong in a step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorPreview {
    /// The failure type that it would get.
    pub failure_type: Option<&'static str>,
    /// Type as the sender named it.
    pub kind: Option<String>,
    /// Code of the provider, tool or program.
    pub code: Option<String>,
    /// First line of the message.
    pub message: Option<String>,
}

/// What would become of an attribute.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttributePreview {
    /// Its name, at most its first 500 bytes.
    pub name: String,
    /// The fields that it gives their values, such as `model` or `run.session_id`.
    pub fields: Vec<&'static str>,
    /// The field that its name stands for, where another attribute goes before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outranked_for: Option<&'static str>,
    /// Whether anything is known of the name.
    pub understood: bool,
    /// Where the value is found again: in the `field`, among the attributes that are `filterable`,
    /// or in the `payload`.
    pub kept: &'static str,
}

impl Validation {
    /// A body of which nothing is known yet.
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            accepted: 0,
            duplicates: 0,
            rejected: 0,
            runs: Vec::new(),
            items: Vec::new(),
            not_understood: BTreeSet::new(),
        }
    }

    /// Adds a run, as long as there is room.
    pub(super) fn add_run(&mut self, run: RunPreview) {
        if self.runs.len() < VALIDATED_ITEMS_MAX {
            self.runs.push(run);
        }
    }

    /// Lists the names of attributes that nothing is known of.
    pub(super) fn not_understood(&mut self, explained: &[Explained]) {
        for fate in explained.iter().flat_map(|span| &span.attributes) {
            if !fate.is_understood && self.not_understood.len() < VALIDATED_NAMES_MAX {
                let name = cut(&fate.name, VALIDATED_TEXT_BYTES_MAX);
                self.not_understood.insert(name.to_owned());
            }
        }
    }
}

impl RunPreview {
    /// A run after it was prepared.
    pub(super) fn new(run: &ArrivingRun) -> Self {
        let claim = |field| run.part.claims.get(field).map(str::to_owned);
        let (summary, totals) = (&run.summary, &run.summary.totals);
        let failures: BTreeSet<&'static str> = summary
            .failures
            .iter()
            .map(|failure| failure.kind.name())
            .collect();
        Self {
            run_id: run.part.run_id.to_string(),
            is_run: summary.is_run,
            agent_id: summary.agent.clone(),
            status: summary.status.name(),
            session_id: claim(Field::SessionId),
            user_id: claim(Field::UserId),
            environment: claim(Field::Environment),
            release: claim(Field::Release),
            tags: run.part.claims.tags().map(str::to_owned).collect(),
            steps: run.part.steps.len(),
            failed_steps: totals.failed_steps,
            input_tokens: totals.input_tokens,
            output_tokens: totals.output_tokens,
            cost_usd: totals.cost.map(|cost| cost.dollars()),
            failures: failures.into_iter().collect(),
        }
    }
}

impl ItemPreview {
    /// An item of which no more is known.
    pub(super) fn new(index: usize, verdict: Verdict) -> Self {
        Self {
            index,
            verdict,
            run_id: None,
            steps: Vec::new(),
            steps_total: None,
            attributes: Vec::new(),
            rejections: Vec::new(),
        }
    }

    /// Adds a step, as long as there is room; all are counted.
    pub(super) fn add_step(&mut self, step: StepPreview) {
        if self.steps.len() < VALIDATED_STEPS_MAX {
            self.steps.push(step);
        } else {
            *self.steps_total.get_or_insert(VALIDATED_STEPS_MAX) += 1;
        }
    }
}

/// Beginnings of the input and output of a step.
pub(super) type Bodies = [Option<String>; 2];

impl StepPreview {
    /// Beginnings of the inputs and outputs of all steps of a run.
    pub(super) fn bodies(run: &RunPart) -> HashMap<StepId, Bodies> {
        let mut bodies: HashMap<StepId, Bodies> = HashMap::new();
        for payload in &run.payloads {
            let Owner::Steps(owners) = &payload.owner else {
                continue;
            };
            let place = match payload.part {
                Part::Input => 0,
                Part::Output => 1,
                _ => continue,
            };
            for step in owners {
                let shown = cut(&payload.body, VALIDATED_TEXT_BYTES_MAX).to_owned();
                bodies.entry(*step).or_default()[place] = Some(shown);
            }
        }
        bodies
    }

    /// A step after it was prepared.
    pub(super) fn new(step: &Step, [input, output]: Bodies) -> Self {
        let usage = step.usage;
        Self {
            id: step.id,
            step_id: step.id.to_string(),
            parent_id: step.parent.map(|id| id.to_string()),
            kind: step.kind.name(),
            name: step.name.clone(),
            status: step.status.name(),
            started_at: step.started_at.to_rfc3339(),
            duration_ms: step.duration_us.map(milliseconds),
            agent: step.agent.clone(),
            model: step.model.clone(),
            provider: step.provider.clone(),
            tool: step.tool.clone(),
            usage: UsagePreview {
                input_tokens: usage.input,
                output_tokens: usage.output,
                cached_input_tokens: usage.cached,
                cache_write_input_tokens: usage.cache_write,
                reasoning_tokens: usage.reasoning,
                total_tokens: usage.total,
            },
            cost_usd: effective_cost(step).map(|cost| cost.dollars()),
            first_token_ms: step.first_token_us.map(milliseconds),
            error: step.error.as_ref().map(|error| ErrorPreview {
                failure_type: error.decided.map(|kind| kind.name()),
                kind: error.kind.clone(),
                code: error.code.clone(),
                message: error.message.clone(),
            }),
            input,
            output,
            attributes: RawValue::from_string(step.attributes.clone()).ok(),
        }
    }

    /// Its id.
    pub(super) fn id(&self) -> StepId {
        self.id
    }
}

/// What would become of the attributes of a span.
pub(super) fn attribute_previews(explained: &Explained) -> Vec<AttributePreview> {
    let preview = |fate: &Fate| AttributePreview {
        name: cut(&fate.name, VALIDATED_TEXT_BYTES_MAX).to_owned(),
        fields: fate.fields.clone(),
        outranked_for: fate.means.filter(|field| {
            fate.kept != runwatch_otlp::explain::Kept::Field && !fate.fields.contains(field)
        }),
        understood: fate.is_understood,
        kept: fate.kept.name(),
    };
    let attributes = explained.attributes.iter().take(VALIDATED_NAMES_MAX);
    attributes.map(preview).collect()
}

fn milliseconds(us: i64) -> f64 {
    us as f64 / 1e3
}
