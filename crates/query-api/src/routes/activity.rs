//! What agents, models and tools did in a range of time, added up by name.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use runwatch_core::ids::ProjectId;
use runwatch_core::limits::PAGE_ROWS_MAX;
use runwatch_core::money::NanoUsd;
use runwatch_core::rollup::{Counted, Measures, Sums, Total, UsageKey};
use runwatch_core::time::{HOUR_US, MINUTE_US, Timestamp};
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::usage::{self, Rows};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::json::Time;
use crate::range::Range;

/// Over which time. It is widened to whole hours.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Over {
    /// From when; a day before `to` unless said otherwise, and 90 days at most.
    #[param(inline)]
    from: Option<Time>,
    /// Until when; now unless said otherwise.
    #[param(inline)]
    to: Option<Time>,
}

/// How many runs or steps ended, and how.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Counts {
    /// How many ended.
    count: i64,
    /// How many of them failed.
    failed: i64,
    /// The share that failed, from 0 to 1; null if none ended.
    error_rate: Option<f64>,
    /// How long they took; null if none ended.
    latency: Option<Latency>,
}

/// How long runs or steps took. Percentiles are off by 2 % at most.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Latency {
    /// The mean in milliseconds.
    mean_ms: f64,
    /// Half were quicker: milliseconds.
    p50_ms: f64,
    /// 95 % were quicker: milliseconds.
    p95_ms: f64,
    /// 99 % were quicker: milliseconds.
    p99_ms: f64,
}

/// Tokens that steps used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tokens {
    /// Tokens of prompts, cached ones included.
    input: i64,
    /// Tokens of answers, reasoning included.
    output: i64,
    /// The part of `input` that was read from a cache.
    cached_input: i64,
    /// The part of `output` that was reasoning.
    reasoning: i64,
}

/// What was done under one name.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Runs that ended.
    pub(super) runs: Measures,
    /// Steps that ended.
    pub(super) steps: Measures,
    /// The minute of the last.
    last_minute: Option<i64>,
}

impl Activity {
    /// Takes in a row of usage.
    pub(super) fn add(&mut self, key: &UsageKey, measures: &Measures) {
        if key.kind == Counted::Runs.code() {
            self.runs.add(measures, 1);
        } else {
            self.steps.add(measures, 1);
        }
        self.last_minute = self.last_minute.max(Some(key.minute));
    }

    /// When it was last done: the minute, or the hour once that is all that is kept.
    pub(super) fn last_seen_at(&self) -> Option<Time> {
        let minute = self.last_minute?;
        Some(Time(Timestamp(minute.saturating_mul(MINUTE_US))))
    }

    /// What it cost in US dollars.
    pub(super) fn cost_usd(&self) -> f64 {
        NanoUsd(self.steps.sums.cost_nano_usd).dollars()
    }
}

/// What was done in a range of time, by the name that each row of usage has, if it has one. The
/// names with the most come first; all but 1,000 are left out.
pub(super) async fn by_name(
    app: &App,
    project: ProjectId,
    over: Query<Over>,
    name: impl Fn(&UsageKey) -> &str,
) -> Result<(Range, Vec<(String, Activity)>), Problem> {
    let range = Range::read(over.0.from, over.0.to, app.now())?.widened(HOUR_US);
    let mut names: HashMap<String, Activity> = HashMap::new();
    app.answer(project, async |conn| {
        let between = (range.from, range.to);
        usage::read(conn, project, Rows::Hours, between, |key, measures| match (
            name(key),
            names.get_mut(name(key)),
        ) {
            ("", _) => {}
            (_, Some(activity)) => activity.add(key, measures),
            (new, None) => names.entry(new.to_owned()).or_default().add(key, measures),
        })
        .await
    })
    .await?;
    let mut names: Vec<(String, Activity)> = names.into_iter().collect();
    let count = |activity: &Activity| {
        let (runs, steps) = (&activity.runs.sums, &activity.steps.sums);
        runs.count.wrapping_add(steps.count)
    };
    names.sort_unstable_by(|(name, activity), (other_name, other)| {
        count(other)
            .cmp(&count(activity))
            .then_with(|| name.cmp(other_name))
    });
    names.truncate(PAGE_ROWS_MAX as usize);
    Ok((range, names))
}

impl From<&Measures> for Counts {
    fn from(measures: &Measures) -> Self {
        Total::from(measures).into()
    }
}

impl From<Total> for Counts {
    fn from(total: Total) -> Self {
        let (count, failed) = (total.sums.count, total.sums.errors);
        let error_rate = (count > 0).then(|| failed as f64 / count as f64);
        Self {
            count,
            failed,
            error_rate,
            latency: latency(total),
        }
    }
}

fn latency(Total { sums, percentiles }: Total) -> Option<Latency> {
    let ms = |us: i64| us as f64 / 1_000.0;
    let percentiles = percentiles.filter(|_| sums.count > 0)?;
    Some(Latency {
        mean_ms: (sums.duration_us as f64 / sums.count as f64).round() / 1_000.0,
        p50_ms: ms(percentiles.p50_us),
        p95_ms: ms(percentiles.p95_us),
        p99_ms: ms(percentiles.p99_us),
    })
}

impl From<&Sums> for Tokens {
    fn from(sums: &Sums) -> Self {
        Self {
            input: sums.input_tokens,
            output: sums.output_tokens,
            cached_input: sums.cached_tokens,
            reasoning: sums.reasoning_tokens,
        }
    }
}
