//! Adding up rows of usage by time and by name.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use runwatch_core::money::NanoUsd;
use runwatch_core::rollup::{Counted, Measures, Total, UsageKey};
use runwatch_core::run::RunStatus;
use runwatch_core::step::{StepKind, StepStatus};
use runwatch_core::time::Timestamp;
use runwatch_service::problem::Problem;
use runwatch_store::usage::Bucket;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::json::Time;
use crate::routes::activity::{Activity, Counts, Tokens};

/// What usage can be told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dimension {
    /// The run's agent.
    Agent,
    /// The step's kind, or `run`.
    Kind,
    /// The step's model.
    Model,
    /// The step's tool.
    Tool,
    /// The run's environment.
    Environment,
    /// How the run or step ended.
    Status,
}

/// What was used in one bucket of time by one group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageRow {
    /// The start of the bucket; null for the whole range.
    bucket: Option<Time>,
    /// The group: the name under each dimension of `group_by`, empty if there is none.
    #[schema(value_type = std::collections::HashMap<String, String>)]
    group: BTreeMap<Dimension, String>,
    /// Runs that ended.
    runs: Counts,
    /// Steps that ended.
    steps: Counts,
    /// Tokens that the steps used.
    tokens: Tokens,
    /// What the steps cost in US dollars, as far as it is known.
    cost_usd: f64,
}

impl UsageRow {
    /// What was used by everything, ever.
    fn of(runs: Total, steps: Total) -> Self {
        Self {
            bucket: None,
            group: BTreeMap::new(),
            runs: runs.into(),
            steps: steps.into(),
            tokens: (&steps.sums).into(),
            cost_usd: NanoUsd(steps.sums.cost_nano_usd).dollars(),
        }
    }
}

impl From<(Timestamp, Bucket)> for UsageRow {
    fn from((at, bucket): (Timestamp, Bucket)) -> Self {
        Self {
            bucket: Some(Time(at)),
            ..Self::of(bucket.runs, bucket.steps)
        }
    }
}

/// Which rows of usage count; what is not set does not matter.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub(super) kind: Option<i16>,
    pub(super) status: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) model: Option<String>,
    pub(super) tool: Option<String>,
    pub(super) environment: Option<String>,
}

impl Filter {
    /// Whether every row passes.
    pub(super) fn is_empty(&self) -> bool {
        let Self {
            kind,
            status,
            agent,
            model,
            tool,
            environment,
        } = self;
        kind.is_none()
            && [status, agent, model, tool, environment]
                .into_iter()
                .all(Option::is_none)
    }

    pub(super) fn passes(&self, key: &UsageKey) -> bool {
        let is = |wanted: &Option<String>, name: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == name)
        };
        self.kind.is_none_or(|kind| kind == key.kind)
            && is(&self.status, status_name(key))
            && is(&self.agent, &key.agent)
            && is(&self.model, &key.model)
            && is(&self.tool, &key.tool)
            && is(&self.environment, &key.environment)
    }
}

/// Usage by bucket and group.
pub(super) struct Groups {
    dimensions: Vec<Dimension>,
    bucket_us: Option<i64>,
    len_max: usize,
    groups: BTreeMap<(Option<i64>, Vec<String>), Activity>,
}

impl Groups {
    /// No usage yet, of at most so many groups; without buckets all time is one.
    pub(super) fn new(
        mut dimensions: Vec<Dimension>,
        bucket_us: Option<i64>,
        len_max: usize,
    ) -> Self {
        dimensions.sort_unstable();
        dimensions.dedup();
        Self {
            dimensions,
            bucket_us,
            len_max,
            groups: BTreeMap::new(),
        }
    }

    /// Takes in a row; once there are too many groups, they are as good as useless.
    pub(super) fn add(&mut self, key: &UsageKey, measures: &Measures) {
        if self.groups.len() > self.len_max {
            return;
        }
        let bucket = self
            .bucket_us
            .map(|width| key.at().0.div_euclid(width) * width);
        let names = self
            .dimensions
            .iter()
            .map(|dimension| name(*dimension, key).to_owned());
        self.groups
            .entry((bucket, names.collect()))
            .or_default()
            .add(key, measures);
    }

    /// The rows of the answer; none if there are too many.
    pub(super) fn rows(self) -> Option<Vec<UsageRow>> {
        let Self {
            dimensions,
            groups,
            len_max,
            ..
        } = self;
        let row = |((bucket, names), activity): ((Option<i64>, Vec<String>), Activity)| UsageRow {
            bucket: bucket.map(|at| Time(Timestamp(at))),
            group: dimensions.iter().copied().zip(names).collect(),
            ..UsageRow::of((&activity.runs).into(), (&activity.steps).into())
        };
        let is_all = groups.len() <= len_max;
        let happened = groups
            .into_iter()
            .filter(|(_, activity)| !(activity.runs.is_zero() && activity.steps.is_zero()));
        is_all.then(|| happened.map(row).collect())
    }
}

fn name(dimension: Dimension, key: &UsageKey) -> &str {
    match dimension {
        Dimension::Agent => &key.agent,
        Dimension::Kind => kind_name(key),
        Dimension::Model => &key.model,
        Dimension::Tool => &key.tool,
        Dimension::Environment => &key.environment,
        Dimension::Status => status_name(key),
    }
}

/// The name of the kind of runs.
const RUN: &str = "run";

/// The name of what is counted: a step's kind, or `run`.
pub(in crate::routes) fn kind_name(key: &UsageKey) -> &'static str {
    if key.kind == Counted::Runs.code() {
        RUN
    } else {
        StepKind::from_code(key.kind).name()
    }
}

/// The name of how it ended.
pub(in crate::routes) fn status_name(key: &UsageKey) -> &'static str {
    if key.kind == Counted::Runs.code() {
        RunStatus::from_code(key.status).name()
    } else {
        StepStatus::from_code(key.status).name()
    }
}

/// The number under which a kind is counted.
pub(super) fn kind_code(name: &str) -> Result<i16, Problem> {
    if name == RUN {
        return Ok(Counted::Runs.code());
    }
    let names = StepKind::ALL.map(StepKind::name).join(", ");
    let wrong =
        || Problem::invalid_parameter("kind", format!("It must be one of: {RUN}, {names}."));
    StepKind::from_name(name)
        .map(StepKind::code)
        .ok_or_else(wrong)
}

/// Refuses a status that neither runs nor steps have; those of runs include those of steps.
pub(super) fn check_status(name: &str) -> Result<(), Problem> {
    let names = RunStatus::ALL.map(RunStatus::name).join(", ");
    let wrong = || Problem::invalid_parameter("status", format!("It must be one of: {names}."));
    RunStatus::from_name(name).map(|_| ()).ok_or_else(wrong)
}
