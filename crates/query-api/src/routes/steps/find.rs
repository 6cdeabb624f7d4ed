//! `GET /v1/runs/{run}/steps/{step}`

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use runwatch_core::failures::FailureType;
use runwatch_core::ids::{RunId, StepId};
use runwatch_core::payload::Part;
use runwatch_core::step::{Step, StepError, flags};
use runwatch_core::summary::effective_cost;
use runwatch_core::usage::TokenUsage;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_store::{payload_parts, runs, steps};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::App;
use crate::json::{Parts, Time, dollars, merged_objects};
use crate::schema::StepKindName;

/// A step with everything that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepDetail {
    /// Its run.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// Its id: 16 hex digits or a UUID.
    #[schema(value_type = String)]
    step_id: StepId,
    /// Its parent's id; the parent may be unknown.
    #[schema(value_type = Option<String>)]
    parent_id: Option<StepId>,
    /// What kind of work it did.
    #[schema(value_type = StepKindName)]
    kind: &'static str,
    /// Its name.
    name: String,
    /// How it ended: running, succeeded, failed or cancelled.
    status: &'static str,
    /// When it started.
    started_at: Time,
    /// When it ended; null while it runs.
    ended_at: Option<Time>,
    /// How long it took in microseconds; null while it runs.
    duration_us: Option<i64>,
    /// Microseconds until the first token.
    first_token_us: Option<i64>,
    /// The agent that it names.
    agent_id: Option<String>,
    /// Model that answered, else the one that was asked for.
    model: Option<String>,
    /// Provider as it was reported.
    provider: Option<String>,
    /// Tool that was called.
    tool: Option<String>,
    /// Capability that it exercised.
    capability: Option<String>,
    /// Its index within a workflow.
    seq: Option<i32>,
    /// Tokens that it used.
    usage: StepUsage,
    /// Cost in US dollars: as reported, else by the price table.
    cost_usd: Option<f64>,
    /// Cost in US dollars by the price table.
    computed_cost_usd: Option<f64>,
    /// Cost in US dollars as it was reported.
    reported_cost_usd: Option<f64>,
    /// Version of the price table.
    price_version: Option<i32>,
    /// What went wrong.
    error: Option<ErrorDetail>,
    /// What had to be done to store it: `remote_parent`, `sanitized`, `clock`,
    /// `truncated`, `number` or `told`.
    flags: Vec<&'static str>,
    /// What went in, as it was sent.
    #[schema(value_type = Option<serde_json::Value>)]
    input: Option<Box<RawValue>>,
    /// What came out, as it was sent.
    #[schema(value_type = Option<serde_json::Value>)]
    output: Option<Box<RawValue>>,
    /// All of its attributes.
    #[schema(value_type = Object)]
    attributes: BTreeMap<String, Box<RawValue>>,
    /// Its events: `[{"name", "time", "attributes"}]`.
    #[schema(value_type = Option<serde_json::Value>)]
    events: Option<Box<RawValue>>,
    /// The resource that sent it.
    #[schema(value_type = Option<serde_json::Value>)]
    resource: Option<Box<RawValue>>,
    /// The instrumentation that made it: `{"name", "version", "attributes"}`.
    #[schema(value_type = Option<serde_json::Value>)]
    scope: Option<Box<RawValue>>,
    /// Its links: `[{"run_id", "step_id", "attributes"}]`.
    #[schema(value_type = Option<serde_json::Value>)]
    links: Option<Box<RawValue>>,
}

/// Tokens that a step used.
#[derive(Debug, Serialize, ToSchema)]
struct StepUsage {
    /// Tokens of the prompt, cached ones included.
    input_tokens: Option<i32>,
    /// Tokens of the answer, reasoning included.
    output_tokens: Option<i32>,
    /// The part of `input_tokens` that was read from a cache.
    cached_input_tokens: Option<i32>,
    /// The part of `input_tokens` that was written to a cache.
    cache_write_input_tokens: Option<i32>,
    /// The part of `output_tokens` that was reasoning.
    reasoning_tokens: Option<i32>,
    /// The total, where only that was reported.
    total_tokens: Option<i32>,
}

/// What went wrong in a step.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorDetail {
    /// Type as the sender named it.
    r#type: Option<String>,
    /// Code of the provider or protocol.
    code: Option<String>,
    /// First line of the message.
    message: Option<String>,
    /// Type as our rules decide it.
    failure_type: Option<&'static str>,
    /// The whole text, with its stack.
    #[schema(value_type = Option<serde_json::Value>)]
    text: Option<Box<RawValue>>,
}

/// Gets one step with its payloads.
#[utoipa::path(
    tag = "runs",
    params(
        ("run" = String, Path, description = "The run's id: a UUID or 32 hex digits"),
        ("step" = String, Path, description = "The step's id: 16 hex digits or a UUID"),
    ),
    responses((status = 200, body = StepDetail))
)]
#[get("/v1/runs/{run}/steps/{step}")]
pub(crate) async fn get_run_step(
    reader: Reader,
    path: Path<(RunId, StepId)>,
    app: Data<App>,
) -> Result<Json<StepDetail>, Problem> {
    let (project, (run, step)) = (reader.project, path.into_inner());
    let (step, parts) = app
        .answer(project, async |conn| {
            let (place, _) = runs::place(conn, project, run).await?;
            let step = steps::find(conn, project, place, step).await?;
            let hash = step.content_hash;
            let parts = payload_parts::of_step(conn, project, place, step.id, hash).await?;
            Ok((step, parts))
        })
        .await?;
    Ok(Json(StepDetail::new(run, step, parts)))
}

impl StepDetail {
    fn new(run: RunId, step: Step, stored: Vec<runwatch_store::payloads::StoredPart>) -> Self {
        let attributes = {
            let rest = stored.iter().find(|part| part.part == Part::Attributes);
            let rest = rest.map(|part| part.body.as_str()).unwrap_or_default();
            merged_objects([step.attributes.as_str(), rest])
        };
        let mut parts = Parts::new(stored);
        Self {
            run_id: run,
            step_id: step.id,
            parent_id: step.parent,
            kind: step.kind.name(),
            status: step.status.name(),
            started_at: Time(step.started_at),
            ended_at: step.ended_at().map(Time),
            duration_us: step.duration_us,
            first_token_us: step.first_token_us,
            cost_usd: dollars(effective_cost(&step)),
            computed_cost_usd: dollars(step.cost),
            reported_cost_usd: dollars(step.reported_cost),
            price_version: step.price_version,
            usage: step.usage.into(),
            error: ErrorDetail::new(step.error, parts.take(Part::Error)),
            flags: flags::names(step.flags),
            name: step.name,
            agent_id: step.agent,
            model: step.model,
            provider: step.provider,
            tool: step.tool,
            capability: step.capability,
            seq: step.seq,
            input: parts.take(Part::Input),
            output: parts.take(Part::Output),
            attributes,
            events: parts.take(Part::Events),
            resource: parts.take(Part::Resource),
            scope: parts.take(Part::Scope),
            links: parts.take(Part::Links),
        }
    }
}

impl ErrorDetail {
    fn new(error: Option<StepError>, text: Option<Box<RawValue>>) -> Option<Self> {
        let is_known = error.is_some() || text.is_some();
        let StepError {
            kind,
            code,
            message,
            decided,
        } = error.unwrap_or_default();
        is_known.then_some(Self {
            r#type: kind,
            code,
            message,
            failure_type: decided.map(FailureType::name),
            text,
        })
    }
}

impl From<TokenUsage> for StepUsage {
    fn from(usage: TokenUsage) -> Self {
        let TokenUsage {
            input,
            output,
            cached,
            cache_write,
            reasoning,
            total,
        } = usage;
        Self {
            input_tokens: input,
            output_tokens: output,
            cached_input_tokens: cached,
            cache_write_input_tokens: cache_write,
            reasoning_tokens: reasoning,
            total_tokens: total,
        }
    }
}
