//! Reading the usage rollups, with the deltas that are not folded yet.

mod totals;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::TryStreamExt;

use runwatch_core::ids::ProjectId;
use runwatch_core::rollup::{Deltas, Histogram, Measures, Sums, UsageKey};
use runwatch_core::time::{MINUTE_US, Timestamp};

use crate::error::Result;
use crate::pool::Conn;
use crate::schema::{usage_deltas, usage_hour, usage_hour_total, usage_minute};

pub use totals::{Bucket, Resolution, totals};

/// The rows that are read, finest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Of each minute, told apart by every dimension that there is.
    Minutes,
    /// Of each hour: up to a sixtieth of the rows.
    Hours,
    /// Of each hour, telling only runs from steps: two rows an hour, whose other dimensions say
    /// nothing.
    HourTotals,
}

/// The columns of [`Sums`], in its order.
type SumsRow = (i64, i64, i64, i64, i64, i64, i64, i64);

type Row = (
    DateTime<Utc>,
    (i16, i16, String, String, String, String),
    SumsRow,
    Vec<u8>,
);

/// Gives every row of usage from one moment up to another to `take`.
///
/// Both should be borders of minutes or hours, as the rows are. What is not folded yet comes as rows
/// of its own. It has to be called in a transaction with one snapshot, so that nothing is counted
/// twice or missed.
pub async fn read(
    conn: &mut Conn,
    project: ProjectId,
    rows: Rows,
    (from, to): (Timestamp, Timestamp),
    mut take: impl FnMut(&UsageKey, &Measures),
) -> Result<()> {
    let range = (
        from.to_utc().unwrap_or_default(),
        to.to_utc().unwrap_or_default(),
    );
    match rows {
        Rows::Minutes => read_minutes(conn, project, range, &mut take).await?,
        Rows::Hours => read_hours(conn, project, range, &mut take).await?,
        Rows::HourTotals => read_hour_totals(conn, project, range, &mut take).await?,
    }
    read_deltas(conn, project, (from, to), take).await
}

/// What is not folded yet of a range of time.
async fn read_deltas(
    conn: &mut Conn,
    project: ProjectId,
    (from, to): (Timestamp, Timestamp),
    mut take: impl FnMut(&UsageKey, &Measures),
) -> Result<()> {
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
                let usage = deltas.usage.iter();
                usage
                    .filter(|(key, _)| minutes.contains(&key.minute))
                    .for_each(|(key, measures)| take(key, measures));
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
            take: &mut impl FnMut(&UsageKey, &Measures),
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
                    let read = measures(row).map(|(key, measures)| take(&key, &measures));
                    std::future::ready(read)
                })
                .await
        }
    };
}

read_from!(read_minutes, usage_minute);
read_from!(read_hours, usage_hour);
read_from!(read_hour_totals, usage_hour_total);

fn measures((bucket, key, sums, latency): Row) -> Result<(UsageKey, Measures)> {
    let (kind, status, agent, model, tool, environment) = key;
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
        sums: read_sums(sums),
        latency: Histogram::from_bytes(&latency)?,
    };
    Ok((key, measures))
}

fn read_sums(row: SumsRow) -> Sums {
    let (count, errors, input, output, cached, reasoning, cost, duration) = row;
    Sums {
        count,
        errors,
        input_tokens: input,
        output_tokens: output,
        cached_tokens: cached,
        reasoning_tokens: reasoning,
        cost_nano_usd: cost,
        duration_us: duration,
    }
}
