//! Reading the usage rollups, with the deltas that are not folded yet.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::TryStreamExt;

use runwatch_core::ids::ProjectId;
use runwatch_core::rollup::{Deltas, Histogram, Measures, UsageKey};
use runwatch_core::time::{MINUTE_US, Timestamp};

use crate::error::Result;
use crate::pool::Conn;
use crate::schema::{usage_deltas, usage_hour, usage_hour_total, usage_minute, usage_minute_total};

/// How finely usage is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// By minutes.
    Minute,
    /// By hours: about a sixtieth of the rows.
    Hour,
}

/// What usage is told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// By every dimension that there is.
    Dimensions,
    /// Only runs from steps: two rows a bucket, whose other dimensions say nothing.
    Totals,
}

type Row = (
    DateTime<Utc>,
    (i16, i16, String, String, String, String),
    (i64, i64, i64, i64, i64, i64, i64, i64),
    Vec<u8>,
);

/// Gives every row of usage from one moment up to another to `take`.
///
/// Both should be borders of the resolution. What is not folded yet comes as rows of its own. It has
/// to be called in a transaction with one snapshot, so that nothing is counted twice or missed.
pub async fn read(
    conn: &mut Conn,
    project: ProjectId,
    (resolution, detail): (Resolution, Detail),
    (from, to): (Timestamp, Timestamp),
    mut take: impl FnMut(UsageKey, Measures),
) -> Result<()> {
    let range = (
        from.to_utc().unwrap_or_default(),
        to.to_utc().unwrap_or_default(),
    );
    let take_all = &mut take;
    match (resolution, detail) {
        (Resolution::Minute, Detail::Dimensions) => {
            read_minutes(conn, project, range, take_all).await?;
        }
        (Resolution::Minute, Detail::Totals) => {
            read_minute_totals(conn, project, range, take_all).await?;
        }
        (Resolution::Hour, Detail::Dimensions) => {
            read_hours(conn, project, range, take_all).await?;
        }
        (Resolution::Hour, Detail::Totals) => {
            read_hour_totals(conn, project, range, take_all).await?;
        }
    }
    let bodies = usage_deltas::table
        .filter(usage_deltas::project_id.eq(project.0))
        .select(usage_deltas::body)
        .load_stream::<Vec<u8>>(conn)
        .await?;
    let minutes = from.0.div_euclid(MINUTE_US)..to.0.div_euclid(MINUTE_US);
    bodies
        .err_into()
        .try_for_each(|body| {
            let read = Deltas::from_bytes(&body).map(|deltas| {
                let usage = deltas.usage.into_iter();
                usage
                    .filter(|(key, _)| minutes.contains(&key.minute))
                    .for_each(|(key, measures)| {
                        take(key, measures);
                    });
            });
            std::future::ready(read.map_err(Into::into))
        })
        .await
}

macro_rules! read_from {
    ($name:ident, $table:ident) => {
        async fn $name(
            conn: &mut Conn,
            project: ProjectId,
            (from, to): (DateTime<Utc>, DateTime<Utc>),
            take: &mut impl FnMut(UsageKey, Measures),
        ) -> Result<()> {
            let rows = $table::table
                .filter($table::project_id.eq(project.0))
                .filter($table::bucket.ge(from))
                .filter($table::bucket.lt(to))
                .select((
                    $table::bucket,
                    (
                        $table::kind,
                        $table::status,
                        $table::agent,
                        $table::model,
                        $table::tool,
                        $table::environment,
                    ),
                    (
                        $table::items,
                        $table::errors,
                        $table::input_tokens,
                        $table::output_tokens,
                        $table::cached_tokens,
                        $table::reasoning_tokens,
                        $table::cost_nano_usd,
                        $table::duration_us,
                    ),
                    $table::latency,
                ))
                .load_stream::<Row>(conn)
                .await?;
            rows.err_into()
                .try_for_each(|row| {
                    let read = measures(row).map(|(key, measures)| take(key, measures));
                    std::future::ready(read)
                })
                .await
        }
    };
}

read_from!(read_minutes, usage_minute);
read_from!(read_hours, usage_hour);
read_from!(read_minute_totals, usage_minute_total);
read_from!(read_hour_totals, usage_hour_total);

fn measures((bucket, key, sums, latency): Row) -> Result<(UsageKey, Measures)> {
    let (kind, status, agent, model, tool, environment) = key;
    let (count, errors, input, output, cached, reasoning, cost, duration) = sums;
    let minute = bucket.timestamp_micros().div_euclid(MINUTE_US);
    let key = UsageKey {
        minute,
        kind,
        status,
        agent,
        model,
        tool,
        environment,
    };
    let measures = Measures {
        count,
        errors,
        input_tokens: input,
        output_tokens: output,
        cached_tokens: cached,
        reasoning_tokens: reasoning,
        cost_nano_usd: cost,
        duration_us: duration,
        latency: Histogram::from_bytes(&latency)?,
    };
    Ok((key, measures))
}
