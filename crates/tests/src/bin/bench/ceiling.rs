//! The ceiling: how fast this machine's PostgreSQL takes the same steps when nothing else is done
//! with them. They are copied in binary, flat and uncompressed, into a reference table.

use std::io::Cursor;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::SinkExt;
use runwatch_cli::console::say;
use runwatch_service::clock::{Clock, SystemClock};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::copy_rows::{COPY, HEADER, TABLE, TRAILER, render};
use crate::load::Templates;
use crate::machine::{self, Program, Watch};
use crate::random::Random;
use crate::shape::STEPS;
use crate::template::Format;

/// Connections that copy.
const CONNECTIONS: u64 = 2;
/// Rows of one commit, made of whole runs.
const ROWS_PER_COMMIT: usize = 2_000;
/// Seconds of PostgreSQL's processor time for 100,000 rows above which something else disturbed
/// the machine: 2.4 were measured on a quiet one.
const CPU_S_MAX: f64 = 2.6;
/// How often a disturbed measurement is repeated.
const ATTEMPTS: usize = 3;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ceiling {
    /// Rows committed a second.
    pub(crate) steps_per_s: f64,
    /// Seconds of PostgreSQL's processor time for 100,000 rows.
    cpu_s_per_100k: f64,
    /// Bytes on disk of a row, with both indexes.
    bytes_per_step: f64,
    /// Whether other programs, or something outside of this machine, slowed it down.
    is_disturbed: bool,
}

/// Measures it on a cluster of its own, again if the machine was disturbed. If it always is, the
/// highest counts, since a ceiling too low would make everything beside it look good.
pub(crate) async fn measure(seconds: Duration) -> Result<Ceiling> {
    say("The ceiling: binary COPY of the same steps, flat and uncompressed.");
    let mut highest: Option<Ceiling> = None;
    for _ in 0..ATTEMPTS {
        let cluster = Cluster::start().await?;
        let measured = measure_on(&cluster, seconds).await;
        cluster.stop().await?;
        machine::settle().await?;
        let measured = measured?;
        say(&format!(
            "{:.0} steps/s, {:.2} s of PostgreSQL's processor time for 100,000 steps, {:.0} bytes \
             a step.",
            measured.steps_per_s, measured.cpu_s_per_100k, measured.bytes_per_step
        ));
        highest = highest
            .filter(|highest| highest.steps_per_s > measured.steps_per_s)
            .or(Some(measured));
        if !measured.is_disturbed {
            break;
        }
    }
    highest.context("no attempt was made")
}

impl Ceiling {
    /// Fails if something outside of this machine slowed it down: what was measured beside it is
    /// not to be kept either.
    pub(crate) fn check(self) -> Result<()> {
        ensure!(
            self.cpu_s_per_100k <= CPU_S_MAX,
            "DISTURBED: the ceiling took more than {CPU_S_MAX} s each time, so these figures are \
             not to be kept"
        );
        Ok(())
    }
}

async fn measure_on(cluster: &Cluster, seconds: Duration) -> Result<Ceiling> {
    let admin = cluster.connect(&cluster.admin_url()).await?;
    admin.batch_execute(TABLE).await?;
    let templates = Templates::draw(Format::Copy, render);
    let watch = Watch::begin(vec![
        Program::WithChildren(cluster.pid()),
        Program::Alone(std::process::id()),
    ])?;
    let began = Instant::now();
    let mut connections = JoinSet::new();
    for number in 0..CONNECTIONS {
        let client = cluster.connect(&cluster.admin_url()).await?;
        connections.spawn(copy(client, templates.clone(), number, began + seconds));
    }
    let mut rows = 0;
    while let Some(ended) = connections.join_next().await {
        rows += ended.context("a connection's task panicked")??;
    }
    let took = began.elapsed();
    let used = watch.end()?;
    let cpu_s = used.each_s[0];
    let rows = rows as f64;
    let bytes: i64 = admin
        .query_one(
            "SELECT sum(pg_total_relation_size(relid))::bigint
             FROM pg_partition_tree('reference.steps')",
            &[],
        )
        .await?
        .try_get(0)?;
    let cpu_s_per_100k = cpu_s / rows * 1e5;
    Ok(Ceiling {
        steps_per_s: rows / took.as_secs_f64(),
        cpu_s_per_100k,
        bytes_per_step: bytes as f64 / rows,
        is_disturbed: used.is_disturbed || cpu_s_per_100k > CPU_S_MAX,
    })
}

/// Copies commit after commit, and gives the number of rows.
async fn copy(
    client: tokio_postgres::Client,
    templates: Templates,
    number: u64,
    until: Instant,
) -> Result<u64> {
    let mut random = Random::new(number);
    let statement = client.prepare(COPY).await?;
    let mut rows = 0;
    while Instant::now() < until {
        let mut sink = pin!(client.copy_in(&statement).await?);
        sink.send(Cursor::new(HEADER.to_vec())).await?;
        for _ in 0..ROWS_PER_COMMIT / STEPS {
            let (template, identity) = templates.pick(&mut random, SystemClock.now(), 0);
            let mut bytes = Vec::with_capacity(template.bytes().len());
            template.append(&identity, &mut bytes);
            sink.send(Cursor::new(bytes)).await?;
        }
        sink.send(Cursor::new(TRAILER.to_vec())).await?;
        let copied = sink.finish().await?;
        ensure!(
            copied == ROWS_PER_COMMIT as u64,
            "{copied} rows were copied"
        );
        rows += copied;
    }
    Ok(rows)
}
