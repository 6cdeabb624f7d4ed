//! A run's steps in columns, written piece by piece.

#[cfg(test)]
mod tests;

use runwatch_core::ids::{RunId, StepId};
use runwatch_core::time::Timestamp;
use runwatch_store::steps::SkeletonStep;
use serde::Serialize;
use utoipa::ToSchema;

use crate::json::{Time, dollars};

/// The steps of a run without their details. The columns of one chunk are parallel: the same place
/// in each is the same step. A client that wants whole columns joins those of the chunks, which are
/// there so that neither side needs to hold a large run as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Skeleton {
    /// The run.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// When the run started: what `started_us` counts from.
    started_at: Time,
    /// Up to 5,000 steps each, ordered by start, then by id.
    chunks: Vec<StepColumns>,
    /// Where the next page begins; null if there is none.
    next_cursor: Option<String>,
}

/// Some steps of a run, in columns.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct StepColumns {
    /// Ids of the steps.
    #[schema(value_type = Vec<String>)]
    step_id: Vec<StepId>,
    /// Ids of their parents, which may be unknown, later in the list, or form circles.
    #[schema(value_type = Vec<Option<String>>)]
    parent: Vec<Option<StepId>>,
    /// What kind of work they did.
    kind: Vec<&'static str>,
    /// Their names.
    name: Vec<String>,
    /// When they started, in microseconds after `started_at`; negative if before.
    started_us: Vec<i64>,
    /// How long they took in microseconds; null while they run.
    duration_us: Vec<Option<i64>>,
    /// How they ended.
    status: Vec<&'static str>,
    /// Tokens of prompts, cached ones included; the total where only that was reported.
    input_tokens: Vec<Option<i64>>,
    /// Tokens of answers, reasoning included.
    output_tokens: Vec<Option<i64>>,
    /// Cost in US dollars.
    cost_usd: Vec<Option<f64>>,
    /// Models that answered.
    model: Vec<Option<String>>,
    /// Tools that were called.
    tool: Vec<Option<String>>,
    /// Types of errors, as they were reported.
    error_type: Vec<Option<String>>,
}

impl StepColumns {
    fn new(base: Timestamp, steps: Vec<SkeletonStep>) -> Self {
        let mut columns = Self::default();
        for step in steps {
            let SkeletonStep {
                id,
                parent,
                kind,
                status,
                flags: _,
                started_at,
                duration_us,
                name,
                input_tokens,
                output_tokens,
                cost,
                model,
                tool,
                error_type,
            } = step;
            columns.step_id.push(id);
            columns.parent.push(parent);
            columns.kind.push(kind.name());
            columns.name.push(name);
            columns.started_us.push(started_at.0.saturating_sub(base.0));
            columns.duration_us.push(duration_us);
            columns.status.push(status.name());
            columns.input_tokens.push(input_tokens);
            columns.output_tokens.push(output_tokens);
            columns.cost_usd.push(dollars(cost));
            columns.model.push(model);
            columns.tool.push(tool);
            columns.error_type.push(error_type);
        }
        columns
    }
}

/// Writes a [`Skeleton`] as JSON, a chunk at a time.
pub(super) struct SkeletonWriter {
    run: RunId,
    started_at: Timestamp,
    is_begun: bool,
}

impl SkeletonWriter {
    pub(super) fn new(run: RunId, started_at: Timestamp) -> Self {
        Self {
            run,
            started_at,
            is_begun: false,
        }
    }

    /// The text that a further chunk adds.
    pub(super) fn chunk(&mut self, steps: Vec<SkeletonStep>) -> String {
        let mut text = self.begin();
        if !text.ends_with('[') {
            text.push(',');
        }
        let columns = StepColumns::new(self.started_at, steps);
        text + &serde_json::to_string(&columns).expect("text and numbers always encode")
    }

    /// The text that ends it.
    pub(super) fn finish(mut self, next_cursor: Option<&str>) -> String {
        let cursor = serde_json::to_string(&next_cursor).expect("text always encodes");
        format!("{}],\"next_cursor\":{cursor}}}", self.begin())
    }

    fn begin(&mut self) -> String {
        if std::mem::replace(&mut self.is_begun, true) {
            return String::new();
        }
        let (run, started_at) = (self.run, self.started_at.to_rfc3339());
        format!("{{\"run_id\":\"{run}\",\"started_at\":\"{started_at}\",\"chunks\":[")
    }
}
