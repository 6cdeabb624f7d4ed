//! The filters of runs, as every list and export of runs takes them.

use runwatch_core::limits::SCORE_CONDITIONS_MAX;
use runwatch_core::money::NanoUsd;
use runwatch_service::problem::Problem;
use runwatch_store::runs::{Comparison, ScoreCondition, ScoreValue};

/// Defines the parameters of a call that has, before its own, all filters of runs. Serde's `flatten`
/// would do it, but takes unknown parameters and reads numbers as text.
macro_rules! run_filters {
    ($(#[$meta:meta])* struct $name:ident { $($own:tt)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default, Deserialize, IntoParams)]
        #[serde(default, deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            /// The agent's name.
            agent: Option<String>,
            /// The agent's version.
            agent_version: Option<String>,
            /// The agent's type.
            agent_type: Option<String>,
            /// Where the run stands; several are alternatives.
            #[param(inline, value_type = Vec<RunStatusName>)]
            status: Vec<RunStatus>,
            /// It has a failure of this type.
            #[param(inline, value_type = Option<FailureTypeName>)]
            failure_type: Option<FailureType>,
            /// It has a finding of this kind.
            #[param(inline, value_type = Option<FindingKindName>)]
            finding: Option<FindingKind>,
            /// The environment that it ran in.
            environment: Option<String>,
            /// The release that it ran with.
            release: Option<String>,
            /// The conversation that it is part of.
            session_id: Option<String>,
            /// The user that it ran for.
            user_id: Option<String>,
            /// It has this tag.
            tag: Option<String>,
            /// A step used this model.
            model: Option<String>,
            /// A step called this tool.
            tool: Option<String>,
            /// The workflow that it is part of.
            workflow_id: Option<String>,
            /// It has this attribute, as in `attribute.channel=chat`; values are compared as text.
            #[param(value_type = Option<Object>)]
            attribute: BTreeMap<String, String>,
            /// It took at least so many milliseconds.
            min_duration_ms: Option<u32>,
            /// It took at most so many milliseconds.
            max_duration_ms: Option<u32>,
            /// It cost at least so many US dollars.
            min_cost_usd: Option<f64>,
            /// It cost at most so many US dollars.
            max_cost_usd: Option<f64>,
            /// It used at least so many tokens, in and out.
            min_tokens: Option<u32>,
            /// It used at most so many tokens, in and out.
            max_tokens: Option<u32>,
            /// It started then or later.
            #[param(inline)]
            started_after: Option<Time>,
            /// It started before then.
            #[param(inline)]
            started_before: Option<Time>,
            /// Whether nothing was received for ten minutes while it runs.
            stalled: Option<bool>,
            /// Its feedback: a name, `lt`, `le`, `eq`, `ne`, `ge` or `gt`, and a value, as in
            /// `score=helpfulness:lt:0.5`. A value that is no number is compared as text, by `eq` or
            /// `ne`; several have all to be met, 10 at most.
            score: Vec<String>,
            $($own)*
        }

        impl $name {
            /// The runs that are meant.
            fn filter(&self) -> Result<RunFilter, Problem> {
                let microseconds = |ms: Option<u32>| ms.map(|ms| i64::from(ms) * 1_000);
                Ok(RunFilter {
                    agent: self.agent.clone(),
                    agent_type: self.agent_type.clone(),
                    agent_version: self.agent_version.clone(),
                    workflow_id: self.workflow_id.clone(),
                    session_id: self.session_id.clone(),
                    user_id: self.user_id.clone(),
                    environment: self.environment.clone(),
                    release: self.release.clone(),
                    statuses: self.status.clone(),
                    failure_type: self.failure_type,
                    finding: self.finding,
                    tag: self.tag.clone(),
                    model: self.model.clone(),
                    tool: self.tool.clone(),
                    attributes: self.attribute.clone(),
                    stalled: self.stalled,
                    min_duration_us: microseconds(self.min_duration_ms),
                    max_duration_us: microseconds(self.max_duration_ms),
                    min_cost: filter::cost("min_cost_usd", self.min_cost_usd)?,
                    max_cost: filter::cost("max_cost_usd", self.max_cost_usd)?,
                    min_tokens: self.min_tokens.map(i64::from),
                    max_tokens: self.max_tokens.map(i64::from),
                    started_after: self.started_after.map(|time| time.0),
                    started_before: self.started_before.map(|time| time.0),
                    scores: filter::scores(&self.score)?,
                })
            }
        }
    };
}

pub(crate) use run_filters;

/// Reads an amount of dollars.
pub(crate) fn cost(name: &str, dollars: Option<f64>) -> Result<Option<NanoUsd>, Problem> {
    let Some(dollars) = dollars else {
        return Ok(None);
    };
    let amount = NanoUsd::from_dollars(dollars);
    let wrong = || Problem::invalid_parameter(name, "It must be from 0 to 1,000,000 dollars.");
    amount.ok_or_else(wrong).map(Some)
}

/// Reads conditions on scores.
pub(crate) fn scores(texts: &[String]) -> Result<Vec<ScoreCondition>, Problem> {
    if texts.len() > SCORE_CONDITIONS_MAX {
        let detail = format!("There may be {SCORE_CONDITIONS_MAX} at most.");
        return Err(Problem::invalid_parameter("score", detail));
    }
    let wrong = || {
        let detail = "It must be a name, one of lt, le, eq, ne, ge, gt, and a value, such as \
            helpfulness:lt:0.5; a text is compared by eq or ne.";
        Problem::invalid_parameter("score", detail)
    };
    let read = |text: &String| condition(text).ok_or_else(wrong);
    texts.iter().map(read).collect()
}

/// Reads `name:comparison:value`; a name may have colons, a text too, so that the first comparison in
/// the middle divides them.
fn condition(text: &str) -> Option<ScoreCondition> {
    let comparisons = [
        (":lt:", Comparison::Less),
        (":le:", Comparison::LessOrEqual),
        (":eq:", Comparison::Equal),
        (":ne:", Comparison::NotEqual),
        (":ge:", Comparison::GreaterOrEqual),
        (":gt:", Comparison::Greater),
    ];
    let found = comparisons.into_iter().filter_map(|(sign, comparison)| {
        let (name, value) = text.split_once(sign)?;
        Some((name, comparison, value))
    });
    let (name, comparison, value) = found.min_by_key(|(name, ..)| name.len())?;
    let value = match value {
        "true" => ScoreValue::Number(1.0),
        "false" => ScoreValue::Number(0.0),
        other => match other.parse() {
            Ok(number) if f64::is_finite(number) => ScoreValue::Number(number),
            _ => ScoreValue::Text(other.to_owned()),
        },
    };
    let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    let fits = is_equality || matches!(value, ScoreValue::Number(_));
    (fits && !name.is_empty()).then(|| ScoreCondition {
        name: name.to_owned(),
        comparison,
        value,
    })
}
