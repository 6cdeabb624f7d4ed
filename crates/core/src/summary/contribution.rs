//! What a run adds to the rollups.

use std::collections::BTreeMap;

use crate::claims::Field;
use crate::limits::ROLLUP_NAME_BYTES_MAX;
use crate::rollup::{Contribution, ContributionRow, Counted, Histogram, Measures, Sums};
use crate::run::RunStatus;
use crate::step::{Step, StepStatus};
use crate::summary::{Facts, Summary, effective_cost};
use crate::text::cut;
use crate::time::{MINUTE_US, Timestamp};

/// Minute, kind, status, model, tool.
type Key<'a> = (i64, i16, i16, &'a str, &'a str);

/// One row for every kind of finished step by minute, status, model and tool, and one for the run
/// itself once it has ended.
pub(super) fn of(facts: Facts<'_>, counted: &[bool], summary: &Summary) -> Contribution {
    let mut rows: BTreeMap<Key<'_>, Measures> = BTreeMap::new();
    for (step, counted) in facts.steps.iter().zip(counted) {
        let (Some(ended_at), Some(duration_us)) = (step.ended_at(), step.duration_us) else {
            continue;
        };
        let key = (
            minute(ended_at),
            Counted::Steps(step.kind).code(),
            judged(step.status).code(),
            dimension(step.model.as_deref()),
            dimension(step.tool.as_deref()),
        );
        rows.entry(key)
            .or_default()
            .add(&of_step(step, duration_us, *counted), 1);
    }
    if let (true, Some(ended_at)) = (summary.is_run, summary.ended_at)
        && summary.status != RunStatus::Running
    {
        let key = (
            minute(ended_at),
            Counted::Runs.code(),
            summary.status.code(),
            "",
            "",
        );
        rows.entry(key)
            .or_default()
            .add(&of_run(summary, ended_at), 1);
    }
    Contribution {
        agent: dimension(summary.agent.as_deref()).to_owned(),
        environment: dimension(facts.claims.get(Field::Environment)).to_owned(),
        rows: rows.into_iter().map(row).collect(),
    }
}

fn row(((minute, kind, status, model, tool), measures): (Key<'_>, Measures)) -> ContributionRow {
    let (model, tool) = (model.to_owned(), tool.to_owned());
    ContributionRow {
        minute,
        kind,
        status,
        model,
        tool,
        measures,
    }
}

fn of_step(step: &Step, duration_us: i64, counted: bool) -> Measures {
    let mut sums = Sums {
        count: 1,
        errors: i64::from(step.status == StepStatus::Failed),
        duration_us,
        ..Sums::default()
    };
    if counted {
        let usage = step.usage;
        sums.input_tokens = i64::from(usage.input.or(usage.total).unwrap_or(0));
        sums.output_tokens = i64::from(usage.output.unwrap_or(0));
        sums.cached_tokens = i64::from(usage.cached.unwrap_or(0));
        sums.reasoning_tokens = i64::from(usage.reasoning.unwrap_or(0));
        sums.cost_nano_usd = effective_cost(step).map_or(0, |cost| cost.0);
    }
    Measures {
        sums,
        latency: Histogram::of(duration_us),
    }
}

fn of_run(summary: &Summary, ended_at: Timestamp) -> Measures {
    let duration_us = (ended_at.0 - summary.started_at.unwrap_or(ended_at).0).max(0);
    let failed = matches!(summary.status, RunStatus::Failed | RunStatus::TimedOut);
    Measures {
        sums: Sums {
            count: 1,
            errors: i64::from(failed),
            duration_us,
            ..Sums::default()
        },
        latency: Histogram::of(duration_us),
    }
}

/// A step that ended unjudged has succeeded.
fn judged(status: StepStatus) -> StepStatus {
    if status == StepStatus::Unset {
        StepStatus::Succeeded
    } else {
        status
    }
}

fn minute(at: Timestamp) -> i64 {
    at.0.div_euclid(MINUTE_US)
}

fn dimension(name: Option<&str>) -> &str {
    cut(name.unwrap_or_default(), ROLLUP_NAME_BYTES_MAX)
}
