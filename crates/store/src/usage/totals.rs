//! Reading what all runs and all steps of each minute or hour come to.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use runwatch_core::ids::ProjectId;
use runwatch_core::rollup::{Counted, Histogram, Measures, Percentiles, Total};
use runwatch_core::time::Timestamp;

use super::{SumsRow, read_deltas, read_sums};
use crate::error::Result;
use crate::pool::Conn;
use crate::schema::{usage_hour_total, usage_minute_total};

/// How finely usage is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// By minutes.
    Minute,
    /// By hours.
    Hour,
}

/// What ended in a minute or hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// All runs.
    pub runs: Total,
    /// All steps.
    pub steps: Total,
}

/// A bucket's start, and whether it is its runs or its steps.
type Key = (Timestamp, bool);

/// The percentiles, and the histogram where it was asked for.
type Row = (DateTime<Utc>, i16, SumsRow, (i64, i64, i64), Vec<u8>);

/// Reads the buckets from one border up to another, by their starts; those in which nothing ended
/// are left out.
///
/// Only histograms to which something is not added yet are read: the others take most of the bytes
/// and most of the time. It has to be called in a transaction with one snapshot.
pub async fn totals(
    conn: &mut Conn,
    project: ProjectId,
    resolution: Resolution,
    (from, to): (Timestamp, Timestamp),
) -> Result<BTreeMap<Timestamp, Bucket>> {
    let mut unfolded: HashMap<Key, Measures> = HashMap::new();
    read_deltas(conn, project, (from, to), |key, measures| {
        let bucket = resolution.bucket(key.at());
        let is_run = key.kind == Counted::Runs.code();
        let sum = unfolded.entry((bucket, is_run)).or_default();
        sum.add(measures, 1);
    })
    .await?;
    let touched = unfolded
        .keys()
        .map(|(at, _)| at.to_utc().unwrap_or_default());
    let touched: Vec<DateTime<Utc>> = touched.collect();
    let range = (
        from.to_utc().unwrap_or_default(),
        to.to_utc().unwrap_or_default(),
    );
    let rows = match resolution {
        Resolution::Minute => read_minutes(conn, project, range, touched).await?,
        Resolution::Hour => read_hours(conn, project, range, touched).await?,
    };
    let mut buckets: BTreeMap<Timestamp, Bucket> = BTreeMap::new();
    for row in rows {
        let (key, total) = read(row, &mut unfolded)?;
        set(&mut buckets, key, total);
    }
    for (key, measures) in &unfolded {
        set(&mut buckets, *key, measures.into());
    }
    buckets.retain(|_, bucket| *bucket != Bucket::default());
    Ok(buckets)
}

impl Resolution {
    fn bucket(self, at: Timestamp) -> Timestamp {
        match self {
            Self::Minute => at.minute(),
            Self::Hour => at.hour(),
        }
    }
}

/// What a row comes to with what is not folded into it yet.
fn read(
    (at, kind, sums, (p50_us, p95_us, p99_us), latency): Row,
    unfolded: &mut HashMap<Key, Measures>,
) -> Result<(Key, Total)> {
    let at = Timestamp(at.timestamp_micros());
    let key = (at, kind == Counted::Runs.code());
    let sums = read_sums(sums);
    let percentiles = Percentiles {
        p50_us,
        p95_us,
        p99_us,
    };
    let mut total = Total {
        sums,
        percentiles: Some(percentiles),
    };
    if let Some(more) = unfolded.remove(&key) {
        let latency = Histogram::from_bytes(&latency)?;
        let mut measures = Measures { sums, latency };
        measures.add(&more, 1);
        total = Total::from(&measures);
    }
    Ok((key, total))
}

fn set(buckets: &mut BTreeMap<Timestamp, Bucket>, (at, is_run): Key, total: Total) {
    let bucket = buckets.entry(at).or_default();
    if is_run {
        bucket.runs = total;
    } else {
        bucket.steps = total;
    }
}

macro_rules! read_from {
    ($name:ident, $table:ident) => {
        async fn $name(
            conn: &mut Conn,
            project: ProjectId,
            (from, to): (DateTime<Utc>, DateTime<Utc>),
            touched: Vec<DateTime<Utc>>,
        ) -> Result<Vec<Row>> {
            let rows = $table::table
                .filter($table::project_id.eq(project.0))
                .filter($table::bucket.ge(from))
                .filter($table::bucket.lt(to))
                .select((
                    $table::bucket,
                    $table::kind,
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
                    ($table::p50_us, $table::p95_us, $table::p99_us),
                    case_when($table::bucket.eq_any(touched), $table::latency)
                        .otherwise(Vec::<u8>::new()),
                ))
                .load(conn)
                .await?;
            Ok(rows)
        }
    };
}

read_from!(read_minutes, usage_minute_total);
read_from!(read_hours, usage_hour_total);
