//! What query-api answers, as far as commands look at it (openapi/query.json). Members that are
//! missing or unknown do not matter, so that a command also works with a newer installation.

use runwatch_core::time::Timestamp;
use serde::{Deserialize, Deserializer};

/// A page of runs, each as it was answered.
#[derive(Debug, Deserialize)]
pub(crate) struct RunPage {
    pub(crate) runs: Vec<serde_json::Value>,
    #[serde(default)]
    pub(crate) next_cursor: Option<String>,
}

/// A run.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Run {
    pub(crate) run_id: String,
    pub(crate) status: String,
    #[serde(deserialize_with = "time")]
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) duration_us: Option<i64>,
    pub(crate) stalled: bool,
    pub(crate) provisional: bool,
    pub(crate) agent_id: Option<String>,
    pub(crate) agent_type: Option<String>,
    pub(crate) agent_version: Option<String>,
    pub(crate) workflow_id: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) models: Vec<String>,
    pub(crate) tools: Vec<String>,
    pub(crate) failure_types: Vec<String>,
    pub(crate) totals: Totals,
    pub(crate) cost_usd: Option<f64>,
    pub(crate) input: Option<serde_json::Value>,
    pub(crate) output: Option<serde_json::Value>,
    pub(crate) failures: Vec<Failure>,
    pub(crate) findings: Vec<Finding>,
}

/// A costly pattern of a run's steps.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Finding {
    pub(crate) message: String,
    pub(crate) cost_usd: Option<f64>,
}

/// Counts and sums over the steps of a run.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Totals {
    pub(crate) steps: i64,
    pub(crate) failed_steps: i64,
    pub(crate) input_tokens: i64,
    pub(crate) output_tokens: i64,
    pub(crate) cached_input_tokens: i64,
    pub(crate) reasoning_tokens: i64,
}

/// Something that went wrong in a run.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Failure {
    pub(crate) step_id: Option<String>,
    pub(crate) step_name: String,
    pub(crate) r#type: String,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
}

/// The steps of a run in the order of their tree.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Timeline {
    pub(crate) steps: i64,
    pub(crate) nodes: Vec<Node>,
}

/// A step in its tree.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Node {
    pub(crate) step_id: String,
    pub(crate) depth: usize,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) started_us: i64,
    pub(crate) duration_us: Option<i64>,
    pub(crate) input_tokens: Option<i64>,
    pub(crate) output_tokens: Option<i64>,
    pub(crate) cost_usd: Option<f64>,
    pub(crate) model: Option<String>,
    pub(crate) error_type: Option<String>,
}

impl Run {
    /// Where it stands, in one word.
    pub(crate) fn standing(&self) -> &str {
        match self.stalled {
            true => "stalled",
            false => &self.status,
        }
    }

    /// Its agent with the version.
    pub(crate) fn agent(&self) -> String {
        let agent = self.agent_id.as_deref().unwrap_or("-");
        match &self.agent_version {
            Some(version) => format!("{agent} {version}"),
            None => agent.to_owned(),
        }
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    Ok(text.as_deref().and_then(Timestamp::parse_rfc3339))
}
