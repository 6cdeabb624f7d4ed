//! Folding of the usage rollups, by minute and by hour.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use runwatch_core::ids::ProjectId;
use runwatch_core::rollup::{
    ALL_STEPS, Counted, Histogram, Measures, Percentiles, Sums, Usage, UsageKey,
};
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::pool::Conn;

/// Adds the changes of one project to all four tables.
pub(super) async fn fold(conn: &mut Conn, project: ProjectId, usage: &Usage) -> Result<()> {
    let minutes = by_bucket(usage, Timestamp::minute);
    let minute_totals = totals(&minutes);
    let hours = by_bucket(usage, Timestamp::hour);
    let hour_totals = totals(&hours);
    fold_into(conn, "usage_minute", project, minutes).await?;
    fold_into(conn, "usage_minute_total", project, minute_totals).await?;
    fold_into(conn, "usage_hour", project, hours).await?;
    fold_into(conn, "usage_hour_total", project, hour_totals).await
}

/// Runs and steps of each bucket, whatever their other dimensions are.
fn totals<'a>(rows: &BTreeMap<Key<'a>, Measures>) -> BTreeMap<Key<'a>, Measures> {
    let mut totals: BTreeMap<Key<'a>, Measures> = BTreeMap::new();
    for ((at, kind, ..), measures) in rows {
        let kind = if *kind == Counted::Runs.code() {
            *kind
        } else {
            ALL_STEPS
        };
        totals
            .entry((*at, kind, 0, "", "", "", ""))
            .or_default()
            .add(measures, 1);
    }
    totals.retain(|_, measures| !measures.is_zero());
    totals
}

/// Kind, status, agent, model, tool, environment, within a bucket of time.
type Key<'a> = (Timestamp, i16, i16, &'a str, &'a str, &'a str, &'a str);

fn by_bucket(usage: &Usage, bucket: fn(Timestamp) -> Timestamp) -> BTreeMap<Key<'_>, Measures> {
    let mut rows: BTreeMap<Key<'_>, Measures> = BTreeMap::new();
    for (key, measures) in usage {
        let UsageKey {
            kind,
            status,
            agent,
            model,
            tool,
            environment,
            ..
        } = key;
        let at = bucket(key.at());
        let key = (
            at,
            *kind,
            *status,
            agent.as_str(),
            model.as_str(),
            tool.as_str(),
            environment.as_str(),
        );
        rows.entry(key).or_default().add(measures, 1);
    }
    rows
}

/// The dimensions of rows as columns.
#[derive(Default)]
struct Keys<'a> {
    bucket: Vec<DateTime<Utc>>,
    kind: Vec<i16>,
    status: Vec<i16>,
    agent: Vec<&'a str>,
    model: Vec<&'a str>,
    tool: Vec<&'a str>,
    environment: Vec<&'a str>,
}

impl<'a> Keys<'a> {
    fn push(&mut self, key: &Key<'a>) {
        let (bucket, kind, status, agent, model, tool, environment) = *key;
        self.bucket.push(bucket.to_utc().unwrap_or_default());
        self.kind.push(kind);
        self.status.push(status);
        self.agent.push(agent);
        self.model.push(model);
        self.tool.push(tool);
        self.environment.push(environment);
    }
}

const KEY: &str = "bucket, kind, status, agent, model, tool, environment";
const MEASURES: &str = "items, errors, input_tokens, output_tokens, cached_tokens, \
    reasoning_tokens, cost_nano_usd, duration_us, latency";

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = BigInt)]
    items: i64,
    #[diesel(sql_type = BigInt)]
    errors: i64,
    #[diesel(sql_type = BigInt)]
    input_tokens: i64,
    #[diesel(sql_type = BigInt)]
    output_tokens: i64,
    #[diesel(sql_type = BigInt)]
    cached_tokens: i64,
    #[diesel(sql_type = BigInt)]
    reasoning_tokens: i64,
    #[diesel(sql_type = BigInt)]
    cost_nano_usd: i64,
    #[diesel(sql_type = BigInt)]
    duration_us: i64,
    #[diesel(sql_type = Binary)]
    latency: Vec<u8>,
}

/// Reads the rows that are there, adds the changes in memory (histograms do not add in SQL) and
/// writes them back; nobody else writes these tables. Rows of which nothing is left are deleted.
async fn fold_into(
    conn: &mut Conn,
    table: &str,
    project: ProjectId,
    mut rows: BTreeMap<Key<'_>, Measures>,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut keys = Keys::default();
    rows.keys().for_each(|key| keys.push(key));
    let stored: Vec<Stored> = bind_keys(
        format!(
            "SELECT position, {MEASURES} FROM {table} JOIN unnest($2, $3, $4, $5, $6, $7, $8)
                 WITH ORDINALITY AS k ({KEY}, position) USING ({KEY}) WHERE project_id = $1"
        ),
        project,
        keys,
    )
    .load(conn)
    .await?;
    let mut sums: Vec<&mut Measures> = rows.values_mut().collect();
    for row in &stored {
        let position = usize::try_from(row.position - 1).unwrap_or(usize::MAX);
        if let Some(sum) = sums.get_mut(position) {
            sum.add(&measures(row)?, 1);
        }
    }
    let (gone, kept): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, sum)| sum.is_zero());
    delete(conn, table, project, gone.iter().map(|(key, _)| *key)).await?;
    upsert(conn, table, project, &kept).await
}

fn measures(row: &Stored) -> Result<Measures> {
    Ok(Measures {
        sums: Sums {
            count: row.items,
            errors: row.errors,
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            cached_tokens: row.cached_tokens,
            reasoning_tokens: row.reasoning_tokens,
            cost_nano_usd: row.cost_nano_usd,
            duration_us: row.duration_us,
        },
        latency: Histogram::from_bytes(&row.latency)?,
    })
}

async fn delete<'a>(
    conn: &mut Conn,
    table: &str,
    project: ProjectId,
    gone: impl Iterator<Item = &'a Key<'a>>,
) -> Result<()> {
    let mut keys = Keys::default();
    gone.for_each(|key| keys.push(key));
    if !keys.bucket.is_empty() {
        let statement = format!(
            "DELETE FROM {table} WHERE project_id = $1
                 AND ({KEY}) IN (SELECT * FROM unnest($2, $3, $4, $5, $6, $7, $8))"
        );
        bind_keys(statement, project, keys).execute(conn).await?;
    }
    Ok(())
}

async fn upsert(
    conn: &mut Conn,
    table: &str,
    project: ProjectId,
    rows: &[(&Key<'_>, &Measures)],
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut keys = Keys::default();
    rows.iter().for_each(|(key, _)| keys.push(key));
    let sums = |sum: fn(&Sums) -> i64| -> Vec<i64> {
        rows.iter()
            .map(|(_, measures)| sum(&measures.sums))
            .collect()
    };
    let percentiles: Vec<Option<Percentiles>> = rows
        .iter()
        .map(|(_, measures)| measures.latency.percentiles())
        .collect();
    let percentile = |read: fn(&Percentiles) -> i64| -> Vec<i64> {
        percentiles
            .iter()
            .map(|percentiles| percentiles.as_ref().map_or(0, read))
            .collect()
    };
    let latency: Vec<Vec<u8>> = rows.iter().map(|(_, sum)| sum.latency.to_bytes()).collect();
    let statement = format!(
        "INSERT INTO {table} (project_id, {KEY}, {MEASURES}, p50_us, p95_us, p99_us)
         SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
             $17, $18, $19, $20)
         ON CONFLICT (project_id, {KEY}) DO UPDATE SET items = EXCLUDED.items,
             errors = EXCLUDED.errors, input_tokens = EXCLUDED.input_tokens,
             output_tokens = EXCLUDED.output_tokens, cached_tokens = EXCLUDED.cached_tokens,
             reasoning_tokens = EXCLUDED.reasoning_tokens, cost_nano_usd = EXCLUDED.cost_nano_usd,
             duration_us = EXCLUDED.duration_us, latency = EXCLUDED.latency,
             p50_us = EXCLUDED.p50_us, p95_us = EXCLUDED.p95_us, p99_us = EXCLUDED.p99_us"
    );
    bind_keys(statement, project, keys)
        .bind::<Array<BigInt>, _>(sums(|sum| sum.count))
        .bind::<Array<BigInt>, _>(sums(|sum| sum.errors))
        .bind::<Array<BigInt>, _>(sums(|sum| sum.input_tokens))
        .bind::<Array<BigInt>, _>(sums(|sum| sum.output_tokens))
        .bind::<Array<BigInt>, _>(sums(|sum| sum.cached_tokens))
        .bind::<Array<BigInt>, _>(sums(|sum| sum.reasoning_tokens))
        .bind::<Array<BigInt>, _>(sums(|sum| sum.cost_nano_usd))
        .bind::<Array<BigInt>, _>(sums(|sum| sum.duration_us))
        .bind::<Array<Binary>, _>(latency)
        .bind::<Array<BigInt>, _>(percentile(|percentiles| percentiles.p50_us))
        .bind::<Array<BigInt>, _>(percentile(|percentiles| percentiles.p95_us))
        .bind::<Array<BigInt>, _>(percentile(|percentiles| percentiles.p99_us))
        .execute(conn)
        .await?;
    Ok(())
}

/// A statement whose first eight parameters are the project and the columns of keys.
fn bind_keys<'q>(
    statement: String,
    project: ProjectId,
    keys: Keys<'q>,
) -> diesel::query_builder::BoxedSqlQuery<'q, diesel::pg::Pg, diesel::query_builder::SqlQuery> {
    diesel::sql_query(statement)
        .into_boxed()
        .bind::<SqlUuid, _>(project.0)
        .bind::<Array<Timestamptz>, _>(keys.bucket)
        .bind::<Array<SmallInt>, _>(keys.kind)
        .bind::<Array<SmallInt>, _>(keys.status)
        .bind::<Array<Text>, _>(keys.agent)
        .bind::<Array<Text>, _>(keys.model)
        .bind::<Array<Text>, _>(keys.tool)
        .bind::<Array<Text>, _>(keys.environment)
}
