//! The shapes of the native form, as clients write them. Unknown fields are refused, because a
//! mistyped one would be lost silently; `attributes` takes anything.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use runwatch_core::json::UniqueMap;

/// Defines a shape that has, besides its own fields, those of a run as a whole.
macro_rules! of_run {
    ($(#[$meta:meta])* struct $name:ident { $($own:tt)* }) => {
        #[derive(Debug, Deserialize, ToSchema)]
        $(#[$meta])*
        pub(crate) struct $name<'a> {
            $($own)*
            /// What sort of agent it is.
            #[serde(borrow, default)]
            pub agent_type: Option<Cow<'a, str>>,
            /// Version of the agent.
            #[serde(borrow, default)]
            pub agent_version: Option<Cow<'a, str>>,
            /// The workflow that the run is part of.
            #[serde(borrow, default)]
            pub workflow_id: Option<Cow<'a, str>>,
            /// The conversation that the run is part of.
            #[serde(borrow, default)]
            pub session_id: Option<Cow<'a, str>>,
            /// The person for whom the agent works.
            #[serde(borrow, default)]
            pub user_id: Option<Cow<'a, str>>,
            /// Where it runs, such as `production`.
            #[serde(borrow, default)]
            pub environment: Option<Cow<'a, str>>,
            /// Release of the software that it is part of.
            #[serde(borrow, default)]
            pub release: Option<Cow<'a, str>>,
            /// Free tags; those that were told before stay.
            #[serde(borrow, default)]
            #[schema(value_type = Option<Vec<String>>)]
            pub tags: Option<Vec<Cow<'a, str>>>,
            /// How it stands: `running` (as if it were left out), `succeeded`, `failed`, `cancelled` or
            /// `timed_out`. A run without `status` and `ended_at` is running.
            #[serde(borrow, default)]
            pub status: Option<Cow<'a, str>>,
            /// When it started (RFC 3339); the start of its first step, or now, by default.
            #[serde(borrow, default)]
            pub started_at: Option<Cow<'a, str>>,
            /// When it ended (RFC 3339); now, by default, if `status` says that it has ended.
            #[serde(borrow, default)]
            pub ended_at: Option<Cow<'a, str>>,
            /// What went in: any JSON.
            #[serde(borrow, default)]
            #[schema(value_type = Option<Object>)]
            pub input: Option<&'a RawValue>,
            /// What came out: any JSON.
            #[serde(borrow, default)]
            #[schema(value_type = Option<Object>)]
            pub output: Option<&'a RawValue>,
            /// Anything else that is worth knowing: a JSON object.
            #[serde(borrow, default)]
            #[schema(value_type = Option<Object>)]
            pub attributes: Option<UniqueMap<'a>>,
        }
    };
}

of_run! {
    /// A run, or what is known of it. Only `agent_id` is required.
    #[serde(deny_unknown_fields, expecting = "a run as a JSON object")]
    #[schema(as = NewRun)]
    struct RunJson {
        /// Id of the run: a UUID or 32 hex digits. Send one, so that sending again is safe; else send
        /// an `Idempotency-Key`.
        #[serde(borrow, default)]
        pub run_id: Option<Cow<'a, str>>,
        /// Name of the agent.
        #[serde(borrow)]
        pub agent_id: Cow<'a, str>,
        /// Its steps.
        #[serde(borrow, default)]
        #[schema(value_type = Option<Vec<StepJson<'_>>>)]
        pub steps: Option<Vec<&'a RawValue>>,
        /// Failures that are known apart from failed steps.
        #[serde(borrow, default)]
        #[schema(value_type = Option<Vec<FailureJson<'_>>>)]
        pub failures: Option<Vec<&'a RawValue>>,
        /// What somebody thinks of it.
        #[serde(borrow, default)]
        #[schema(value_type = Option<Vec<FeedbackJson<'_>>>)]
        pub feedback: Option<Vec<&'a RawValue>>,
    }
}

of_run! {
    /// What is new of a run that is there: the same fields, none required. A field once told never
    /// changes.
    #[serde(deny_unknown_fields, expecting = "a JSON object")]
    #[schema(as = RunChange)]
    struct ChangeJson {
        /// Name of the agent.
        #[serde(borrow, default)]
        pub agent_id: Option<Cow<'a, str>>,
    }
}

/// A step. Nothing is required of one that comes with its run; one that is told by itself needs a
/// `step_id`, so that sending it again is safe.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "a step as a JSON object")]
#[schema(as = NewStep)]
pub(crate) struct StepJson<'a> {
    /// Id of the step: 16 hex digits or a UUID; made from the run's id and the position by default.
    #[serde(borrow, default)]
    pub step_id: Option<Cow<'a, str>>,
    /// Id of the step that it is part of.
    #[serde(borrow, default)]
    pub parent_id: Option<Cow<'a, str>>,
    /// Its name; its kind by default.
    #[serde(borrow, default)]
    pub name: Option<Cow<'a, str>>,
    /// `agent`, `llm`, `tool`, `retrieval`, `embedding`, `reranker`, `guardrail`, `evaluator`,
    /// `chain`, `http`, `db` or `other` (the default).
    #[serde(borrow, default)]
    pub kind: Option<Cow<'a, str>>,
    /// `running`, `succeeded`, `failed` or `cancelled`. By default it is running if it has a start
    /// and no end, failed if it has an `error`, and has succeeded otherwise.
    #[serde(borrow, default)]
    pub status: Option<Cow<'a, str>>,
    /// When it started (RFC 3339); its end, or now, by default.
    #[serde(borrow, default)]
    pub started_at: Option<Cow<'a, str>>,
    /// When it ended (RFC 3339); the run's end, or now, by default, unless it is running.
    #[serde(borrow, default)]
    pub ended_at: Option<Cow<'a, str>>,
    /// The agent that did it, where a run has several.
    #[serde(borrow, default)]
    pub agent: Option<Cow<'a, str>>,
    /// Model that answered.
    #[serde(borrow, default)]
    pub model: Option<Cow<'a, str>>,
    /// Provider of the model.
    #[serde(borrow, default)]
    pub provider: Option<Cow<'a, str>>,
    /// Position in its workflow.
    #[serde(default)]
    pub seq: Option<i32>,
    /// Capability that it exercised.
    #[serde(borrow, default)]
    pub capability: Option<Cow<'a, str>>,
    /// Tokens that it used.
    #[serde(default)]
    pub usage: Option<UsageJson>,
    /// What it cost, in US dollars, as its sender knows it.
    #[serde(default)]
    pub cost_usd: Option<f64>,
    /// What went in: any JSON.
    #[serde(borrow, default)]
    #[schema(value_type = Option<Object>)]
    pub input: Option<&'a RawValue>,
    /// What came out: any JSON.
    #[serde(borrow, default)]
    #[schema(value_type = Option<Object>)]
    pub output: Option<&'a RawValue>,
    /// Anything else that is worth knowing: a JSON object.
    #[serde(borrow, default)]
    #[schema(value_type = Option<Object>)]
    pub attributes: Option<UniqueMap<'a>>,
    /// What went wrong.
    #[serde(borrow, default)]
    pub error: Option<ErrorJson<'a>>,
}

/// Tokens that a step used. Cached and reasoning tokens are parts of the input and output.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with numbers of tokens")]
#[schema(as = Usage)]
pub(crate) struct UsageJson {
    /// Tokens of the prompt, cached ones included.
    #[serde(default)]
    pub input_tokens: Option<i64>,
    /// Tokens of the answer, reasoning included.
    #[serde(default)]
    pub output_tokens: Option<i64>,
    /// The part of the input that was read from the provider's cache.
    #[serde(default)]
    pub cached_input_tokens: Option<i64>,
    /// The part of the input that was written to the provider's cache.
    #[serde(default)]
    pub cache_write_input_tokens: Option<i64>,
    /// The part of the output that was reasoning.
    #[serde(default)]
    pub reasoning_tokens: Option<i64>,
    /// The total, if the parts are not known.
    #[serde(default)]
    pub total_tokens: Option<i64>,
}

/// What went wrong in a step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with type, code and message"
)]
#[schema(as = StepError)]
pub(crate) struct ErrorJson<'a> {
    /// One of Runwatch's failure types, an exception's class, or any word.
    #[serde(borrow, default, rename = "type")]
    pub kind: Option<Cow<'a, str>>,
    /// Code of the provider, tool or program.
    #[serde(borrow, default)]
    pub code: Option<Cow<'a, str>>,
    /// Message.
    #[serde(borrow, default)]
    pub message: Option<Cow<'a, str>>,
    /// Stack trace.
    #[serde(borrow, default)]
    pub stack: Option<Cow<'a, str>>,
}

/// A failure that is known apart from a failed step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "a failure as a JSON object")]
#[schema(as = NewFailure)]
pub(crate) struct FailureJson<'a> {
    /// Id of the failure (a UUID); made from what it says by default.
    #[serde(borrow, default)]
    pub failure_id: Option<Cow<'a, str>>,
    /// One of Runwatch's failure types, an exception's class, or any word.
    #[serde(borrow, default, rename = "type")]
    pub kind: Option<Cow<'a, str>>,
    /// Code of the provider, tool or program.
    #[serde(borrow, default)]
    pub code: Option<Cow<'a, str>>,
    /// Message.
    #[serde(borrow)]
    pub message: Cow<'a, str>,
    /// The step that it happened in.
    #[serde(borrow, default)]
    pub step_id: Option<Cow<'a, str>>,
    /// When it happened (RFC 3339); the end of its step or run by default.
    #[serde(borrow, default)]
    pub occurred_at: Option<Cow<'a, str>>,
}

/// What somebody thinks of a run, or of a step of it, under a name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "feedback as a JSON object")]
#[schema(as = NewFeedback)]
pub(crate) struct FeedbackJson<'a> {
    /// Its id: a UUID, or any text, out of which one is made; made from what it says by default.
    #[serde(borrow, default)]
    pub id: Option<Cow<'a, str>>,
    /// The step that is judged; the run as a whole by default.
    #[serde(borrow, default)]
    pub step_id: Option<Cow<'a, str>>,
    /// What is judged, such as `helpfulness`.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The judgement: a number, true or false, or a text.
    #[serde(borrow)]
    #[schema(value_type = serde_json::Value)]
    pub value: &'a RawValue,
    /// The reason, in words.
    #[serde(borrow, default)]
    pub comment: Option<Cow<'a, str>>,
    /// Who judged.
    #[serde(borrow, default)]
    pub user_id: Option<Cow<'a, str>>,
    /// In which role: `user`, `evaluator` or `api` (the default).
    #[serde(borrow, default)]
    pub source: Option<Cow<'a, str>>,
    /// When (RFC 3339); now by default.
    #[serde(borrow, default)]
    pub created_at: Option<Cow<'a, str>>,
}
