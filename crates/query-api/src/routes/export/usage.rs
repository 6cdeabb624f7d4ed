//! Usage as rows: one for every bucket of time and combination of what is told apart.

use std::collections::{BTreeMap, VecDeque};

use runwatch_core::ids::ProjectId;
use runwatch_core::money::NanoUsd;
use runwatch_core::rollup::{Measures, Total, UsageKey};
use runwatch_core::time::{DAY_US, HOUR_US, MINUTE_US, Timestamp};
use runwatch_service::problem::Problem;
use runwatch_store::error::Result as StoreResult;
use runwatch_store::export::Value;
use runwatch_store::runs::RunFilter;
use runwatch_store::usage::{self, Rows};

use crate::app::App;
use crate::cursor;
use crate::range::Range;
use crate::routes::export::columns::{Columns, Origin, Output, Shape, chosen};
use crate::routes::export::{Bucket, GetExport};
use crate::routes::usage::group::{kind_name, status_name};

/// The name of the only order, in cursors.
const ORDER: &str = "export usage";

const COLUMNS: [(&str, Shape); 18] = [
    ("bucket", Shape::Time),
    ("kind", Shape::Text),
    ("status", Shape::Text),
    ("agent_id", Shape::Text),
    ("model", Shape::Text),
    ("tool", Shape::Text),
    ("environment", Shape::Text),
    ("count", Shape::Integer),
    ("failed", Shape::Integer),
    ("mean_ms", Shape::Number),
    ("p50_ms", Shape::Number),
    ("p95_ms", Shape::Number),
    ("p99_ms", Shape::Number),
    ("input_tokens", Shape::Integer),
    ("output_tokens", Shape::Integer),
    ("cached_input_tokens", Shape::Integer),
    ("reasoning_tokens", Shape::Integer),
    ("cost_usd", Shape::Number),
];

/// Rows that were read at a time.
pub(super) type UsageRows = Vec<(UsageKey, Measures)>;

/// The columns of these names.
pub(super) fn columns(names: Option<&str>) -> Result<Columns, Problem> {
    let output = |(at, (name, shape))| Output {
        name,
        shape,
        origin: Origin::Row(at),
    };
    let known = COLUMNS.into_iter().enumerate().map(output);
    Ok(Columns {
        outputs: chosen(known.collect(), names)?,
        read: Vec::new(),
    })
}

/// Which rows are meant; what is not set does not matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    bucket: Bucket,
    agent: Option<String>,
    model: Option<String>,
    tool: Option<String>,
    environment: Option<String>,
    statuses: Vec<&'static str>,
}

impl Filter {
    /// Reads it. Those filters of runs that usage is not told apart by are refused.
    pub(super) fn read(query: &GetExport, filter: &RunFilter) -> Result<Self, Problem> {
        let others = RunFilter {
            agent: None,
            model: None,
            tool: None,
            environment: None,
            statuses: Vec::new(),
            ..filter.clone()
        };
        if others != RunFilter::default() {
            let detail = "Usage is told apart by agent, model, tool, environment and status only.";
            return Err(Problem::invalid_parameter("what", detail));
        }
        Ok(Self {
            bucket: query.bucket,
            agent: filter.agent.clone(),
            model: filter.model.clone(),
            tool: filter.tool.clone(),
            environment: filter.environment.clone(),
            statuses: filter.statuses.iter().map(|status| status.name()).collect(),
        })
    }

    fn passes(&self, key: &UsageKey) -> bool {
        let is = |wanted: &Option<String>, name: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == name)
        };
        is(&self.agent, &key.agent)
            && is(&self.model, &key.model)
            && is(&self.tool, &key.tool)
            && is(&self.environment, &key.environment)
            && (self.statuses.is_empty() || self.statuses.contains(&status_name(key)))
    }
}

/// The rows of a range of time, in its order, read an hour of minutes or a day of hours at a time.
pub(super) struct Usage {
    project: ProjectId,
    filter: Filter,
    /// The stretches of time that are still to be read.
    stretches: VecDeque<(Timestamp, Timestamp)>,
    /// The row behind which it begins.
    after: Option<UsageKey>,
}

impl Usage {
    /// Begins, behind a row if there is a cursor.
    pub(super) fn begin(
        project: ProjectId,
        range: Range,
        filter: &Filter,
        cursor: Option<&str>,
    ) -> Result<Self, Problem> {
        let (bucket_us, stretch_us) = match filter.bucket {
            Bucket::Minute => (MINUTE_US, HOUR_US),
            Bucket::Hour => (HOUR_US, DAY_US),
        };
        let range = range.widened(bucket_us);
        let after: Option<UsageKey> = cursor
            .map(|cursor| cursor::decode(cursor, ORDER))
            .transpose()?;
        let mut from = range.from;
        if let Some(after) = &after {
            from = from.max(after.at());
        }
        let mut stretches = VecDeque::new();
        while from < range.to {
            let to = Timestamp(from.0.saturating_add(stretch_us)).min(range.to);
            stretches.push_back((from, to));
            from = to;
        }
        Ok(Self {
            project,
            filter: filter.clone(),
            stretches,
            after,
        })
    }

    /// The next rows; none if there are no more.
    pub(super) async fn next(&mut self, app: &App) -> StoreResult<Option<UsageRows>> {
        while let Some(stretch) = self.stretches.pop_front() {
            let mut rows: BTreeMap<UsageKey, Measures> = BTreeMap::new();
            let kept = match self.filter.bucket {
                Bucket::Minute => Rows::Minutes,
                Bucket::Hour => Rows::Hours,
            };
            app.read(self.project, async |conn| {
                usage::read(conn, self.project, kept, stretch, |key, measures| {
                    if self.filter.passes(key) {
                        let key = self.filter.bucket.key(key);
                        rows.entry(key).or_default().add(measures, 1);
                    }
                })
                .await
            })
            .await?;
            let is_behind = |key: &UsageKey| self.after.as_ref().is_none_or(|after| key > after);
            let rows: UsageRows = rows
                .into_iter()
                .filter(|(key, measures)| is_behind(key) && !measures.is_zero())
                .collect();
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }
}

impl Bucket {
    /// The key of the bucket that a minute lies in.
    fn key(self, key: &UsageKey) -> UsageKey {
        let at = match self {
            Self::Minute => key.at(),
            Self::Hour => key.at().hour(),
        };
        UsageKey {
            minute: at.0.div_euclid(MINUTE_US),
            ..key.clone()
        }
    }
}

/// The values of a row, in the order of all columns.
pub(super) fn values<'a>((key, measures): &'a (UsageKey, Measures)) -> [Value<'a>; 18] {
    let Total { sums, percentiles } = measures.into();
    let ms = |us: Option<i64>| us.map_or(Value::Null, |us| Value::Number(us as f64 / 1_000.0));
    let mean = (sums.count > 0).then(|| sums.duration_us / sums.count);
    [
        Value::Time(key.at()),
        Value::Text(kind_name(key)),
        Value::Text(status_name(key)),
        Value::Text(&key.agent),
        Value::Text(&key.model),
        Value::Text(&key.tool),
        Value::Text(&key.environment),
        Value::Integer(sums.count),
        Value::Integer(sums.errors),
        ms(mean),
        ms(percentiles.map(|all| all.p50_us)),
        ms(percentiles.map(|all| all.p95_us)),
        ms(percentiles.map(|all| all.p99_us)),
        Value::Integer(sums.input_tokens),
        Value::Integer(sums.output_tokens),
        Value::Integer(sums.cached_tokens),
        Value::Integer(sums.reasoning_tokens),
        Value::Number(NanoUsd(sums.cost_nano_usd).dollars()),
    ]
}

/// The cursor of a row.
pub(super) fn cursor_of((key, _): &(UsageKey, Measures)) -> String {
    cursor::encode(key, ORDER)
}
