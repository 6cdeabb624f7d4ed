//! Events as they are written.

use actix_web::web::Bytes;
use runwatch_core::changes::Position;
use runwatch_core::ids::{RunId, StepId};
use runwatch_store::steps::BriefStep;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::json::{Time, dollars};
use crate::routes::runs::RunItem;
use crate::schema::StepKindName;

/// A run in which something changed, as it stands now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
pub(crate) struct LiveRun(pub(super) RunItem);

/// A step that was stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LiveStep {
    /// The run that it is of.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// Its id.
    #[schema(value_type = String)]
    step_id: StepId,
    /// What kind of work it did.
    #[schema(value_type = StepKindName)]
    kind: &'static str,
    /// Its name.
    name: String,
    /// The agent that it names.
    agent_id: Option<String>,
    /// How it ended.
    status: &'static str,
    /// When it started.
    started_at: Time,
    /// How long it took in microseconds; null while it runs.
    duration_us: Option<i64>,
    /// Model that answered.
    model: Option<String>,
    /// Tool that was called.
    tool: Option<String>,
    /// Tokens that it used.
    tokens: LiveTokens,
    /// Cost in US dollars.
    cost_usd: Option<f64>,
    /// What went wrong; null if nothing did.
    error: Option<LiveError>,
}

/// Tokens of a step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LiveTokens {
    /// Tokens of the prompt, cached ones included; the total where only that was reported.
    input: Option<i64>,
    /// Tokens of the answer, reasoning included.
    output: Option<i64>,
}

/// What a failed step says of its failure.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LiveError {
    /// Type as the sender named it.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Code of the provider or protocol.
    code: Option<String>,
    /// First line of the message.
    message: Option<String>,
}

impl From<BriefStep> for LiveStep {
    fn from(step: BriefStep) -> Self {
        let BriefStep {
            run,
            id,
            kind,
            status,
            started_at,
            duration_us,
            name,
            agent,
            model,
            tool,
            input_tokens,
            output_tokens,
            cost,
            error_type,
            error_code,
            error_message,
            content_hash: _,
        } = step;
        let has_error = error_type.is_some() || error_code.is_some() || error_message.is_some();
        Self {
            run_id: run,
            step_id: id,
            kind: kind.name(),
            name,
            agent_id: agent,
            status: status.name(),
            started_at: Time(started_at),
            duration_us,
            model,
            tool,
            tokens: LiveTokens {
                input: input_tokens,
                output: output_tokens,
            },
            cost_usd: dollars(cost),
            error: has_error.then_some(LiveError {
                kind: error_type,
                code: error_code,
                message: error_message,
            }),
        }
    }
}

/// Writes events (HTML Living Standard, 9.2.5). JSON has no line ends, so each is one line of data.
#[derive(Default)]
pub(super) struct Events(String);

impl Events {
    /// The wait before a client that is cut off comes back.
    pub(super) fn retry(mut self, milliseconds: u32) -> Self {
        self.0.push_str(&format!("retry: {milliseconds}\n"));
        self
    }

    pub(super) fn event(&mut self, name: &str, data: &impl Serialize) {
        let data = serde_json::to_string(data).expect("text and numbers always encode");
        self.0.push_str(&format!("event: {name}\ndata: {data}\n\n"));
    }

    /// Says that something was forgotten.
    pub(super) fn gap() -> Self {
        let mut events = Self::default();
        let detail = "Changes from before were forgotten; read them as lists.";
        events.event("gap", &json!({ "detail": detail }));
        events
    }

    /// Says the position behind all of it: alone it is no event, but clients remember it.
    pub(super) fn until(mut self, position: Position) -> Self {
        self.0.push_str(&format!("id: {}\n\n", position.0));
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Events> for Bytes {
    fn from(events: Events) -> Self {
        Self::from(events.0)
    }
}
