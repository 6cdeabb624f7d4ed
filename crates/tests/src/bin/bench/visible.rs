//! `bench visible`: how long after its acknowledgement a run is read, with its rollups.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::http::Client;
use crate::load::{self, Pace, Target, Templates};
use crate::machine::Watch;
use crate::otlp;
use crate::report::{self, Latencies, judged};
use crate::shape::STEPS;
use crate::stack::{INGEST, QUERY, Stack, WORKER};
use crate::template::Format;

/// How long it may take for 99 of 100 runs.
const WANTED_P99_MS: f64 = 1_000.0;
/// After which time a run that is not seen is taken for lost.
const LIMIT: Duration = Duration::from_secs(30);

/// A result as it is printed.
#[derive(Serialize)]
struct Line {
    bench: &'static str,
    /// Steps a second that other runs brought meanwhile.
    load_steps_per_s: f64,
    runs: usize,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

/// Measures on an idle system and on one that takes in as much as it can.
pub(crate) async fn run(seconds: Duration) -> Result<()> {
    let mut rows = Vec::new();
    for is_loaded in [false, true] {
        let stack = Stack::start(&[WORKER, QUERY, INGEST]).await?;
        let measured = measure(&stack, seconds, is_loaded).await;
        stack.stop().await?;
        let line = measured?;
        report::line(&line);
        rows.push(vec![
            line.load_steps_per_s.to_string(),
            line.runs.to_string(),
            line.p50_ms.to_string(),
            judged(
                line.p99_ms,
                line.p99_ms < WANTED_P99_MS,
                &format!("< {WANTED_P99_MS}"),
            ),
            line.max_ms.to_string(),
        ]);
    }
    report::table(
        &["other steps/s", "runs", "p50 ms", "p99 ms", "max ms"],
        &rows,
    );
    Ok(())
}

async fn measure(stack: &Stack, seconds: Duration, is_loaded: bool) -> Result<Line> {
    let templates = Templates::draw(Format::Otlp, otlp::render);
    // The others are another project's, so that ours can be counted exactly.
    let others = stack.target(&stack.project("others").await?)?;
    let ours = stack.target(&stack.project("ours").await?)?;
    let pace = Pace {
        connections: if is_loaded { 8 } else { 0 },
        batch: 25,
        seconds,
        runs_max: usize::MAX,
        spread: Duration::ZERO,
    };
    let watch = Watch::begin(stack.programs())?;
    let (load, seen) = tokio::try_join!(
        load::send(&others, &templates, pace),
        look(&ours, stack.address(QUERY)?, &templates, seconds),
    )?;
    watch.end()?;
    let (runs, latencies) = seen;
    Ok(Line {
        bench: "visible",
        load_steps_per_s: ((load.runs.len() * STEPS) as f64 / seconds.as_secs_f64()).round(),
        runs,
        p50_ms: latencies.percentile_ms(50),
        p99_ms: latencies.percentile_ms(99),
        max_ms: latencies.percentile_ms(100),
    })
}

/// Sends run after run and looks for each until it is seen.
async fn look(
    target: &Target,
    query: SocketAddr,
    templates: &Templates,
    seconds: Duration,
) -> Result<(usize, Latencies)> {
    let one = Pace {
        connections: 1,
        batch: 1,
        seconds: Duration::MAX,
        runs_max: 1,
        spread: Duration::ZERO,
    };
    let mut client = Client::connect(query).await?;
    let mut latencies = Latencies::default();
    let mut runs = 0;
    let began = Instant::now();
    while began.elapsed() < seconds {
        let ledger = load::send_as(target, templates, one, runs).await?;
        let acknowledged_at = Instant::now();
        runs += 1;
        for run in &ledger.runs {
            while !is_seen(&mut client, &target.key, &run.to_string(), runs).await? {
                ensure!(acknowledged_at.elapsed() < LIMIT, "run {run} is not seen");
            }
        }
        latencies.push(acknowledged_at.elapsed());
    }
    Ok((usize::try_from(runs)?, latencies))
}

/// Whether the run is read with all of its steps, and usage counts all runs and steps so far.
async fn is_seen(client: &mut Client, key: &str, run: &str, runs: u64) -> Result<bool> {
    let answer = client.get(&format!("/v1/runs/{run}"), key).await?;
    if answer.status == 404 {
        return Ok(false);
    }
    let run: Value = serde_json::from_slice(&answer.ok()?)?;
    let usage = client.get("/v1/usage?bucket=all", key).await?.ok()?;
    let usage: Value = serde_json::from_slice(&usage)?;
    let usage = &usage["rows"][0];
    Ok(run["totals"]["steps"] == STEPS
        && usage["runs"]["count"] == runs
        && usage["steps"]["count"] == runs * STEPS as u64)
}
