//! `bench ingest`: how many steps a second are stored durably, beside the ceiling. The search index is
//! made in the one scenario that counts it in and switched off in all others.

mod cases;

pub(crate) use cases::Scenario;

use std::time::Duration;

use anyhow::{Result, ensure};
use runwatch_cli::console::say;
use serde::Serialize;
use tokio::time::Instant;

use crate::ceiling::{self, Ceiling};
use crate::index;
use crate::ingest::cases::{Case, GRPC_WANTED, asked_for};
use crate::load::{self, Ledger, Pace, Templates};
use crate::machine::{self, Program, Watch};
use crate::report::{self, judged, rounded};
use crate::shape::STEPS;
use crate::stack::{INGEST, Stack, WORKER, WORKER_WITHOUT_INDEX};
use crate::stored::{self, Stored};

/// How well the generated payloads may compress at most: otherwise the disk would have too little
/// to do.
const COMPRESSION_MAX: f64 = 4.0;
/// Most memory that ingest-api is to take, in MB.
const MEMORY_MB_MAX: f64 = 100.0;
/// Most bytes on disk that a step is to take.
const BYTES_PER_STEP_MAX: f64 = 900.0;
/// A result as it is printed; amounts are steps.
#[derive(Serialize)]
struct Line {
    bench: &'static str,
    batch: usize,
    /// Whether the search index was made, and counted in.
    search_index: bool,
    steps_per_s: f64,
    ceiling_steps_per_s: f64,
    ratio: f64,
    /// Of the same over HTTP.
    ratio_of_http: Option<f64>,
    /// For how long the search index was made after all was sent.
    index_behind_s: Option<f64>,
    p50_ms: f64,
    p99_ms: f64,
    acked: u64,
    stored: u64,
    lost: u64,
    duplicates: u64,
    rss_mb: f64,
    worker_rss_mb: f64,
    cpu_s_per_100k: f64,
    bytes_per_step: f64,
}

/// What was measured of a case.
struct Measured {
    ledger: Ledger,
    stored: Stored,
    /// From the first request until all is stored, and in the search index if it is made.
    took: Duration,
    memory_mb: f64,
    worker_memory_mb: f64,
    /// Seconds of processor time of ingest-api, PostgreSQL, the worker and the load generator.
    cpu_s: Vec<f64>,
}

/// Measures the ceiling and every case that is asked for, each on a cluster of its own.
pub(crate) async fn run(seconds: Duration, only: &[Scenario]) -> Result<()> {
    let ceiling = ceiling::measure(seconds).await?;
    let mut rows = Vec::new();
    let (mut http, mut grpc) = (None, None);
    for case in asked_for(only) {
        let worker = if case.search_index {
            WORKER
        } else {
            WORKER_WITHOUT_INDEX
        };
        let stack = Stack::start(&[worker, INGEST]).await?;
        let measured = measure(&stack, &case, seconds).await;
        stack.stop().await?;
        machine::settle().await?;
        let measured = measured?;
        let mut line = line(&case, &measured, ceiling);
        match case.scenario {
            Scenario::Otlp => http = Some(line.steps_per_s),
            Scenario::Grpc => {
                line.ratio_of_http = http.map(|http| rounded(line.steps_per_s / http, 3));
                grpc = line.ratio_of_http;
            }
            Scenario::OtlpSingle | Scenario::Json | Scenario::SearchIndex => {}
        }
        report::line(&line);
        rows.push(row(&case, &line, &measured));
        check(&line, &measured)?;
    }
    report::table(&HEADINGS, &rows);
    if let Some(ratio) = grpc {
        let wanted = format!("≥ {GRPC_WANTED}");
        let judged = judged(ratio, ratio >= GRPC_WANTED, &wanted);
        say(&format!("gRPC : HTTP, 25 runs each: {judged}"));
    }
    ceiling.check()
}

/// The columns of the table.
const HEADINGS: [&str; 13] = [
    "sent as",
    "runs a request",
    "search index",
    "steps/s",
    "of the ceiling",
    "p50 ms",
    "p99 ms",
    "memory MB",
    "bytes a step",
    "of them steps, payloads",
    "CPU s per 100,000 steps: ingest-api + PostgreSQL",
    "worker, load generator",
    "payloads",
];

/// Fails if something was lost or doubled, or if the payloads were too easy.
fn check(line: &Line, measured: &Measured) -> Result<()> {
    ensure!(
        line.lost == 0 && line.duplicates == 0,
        "{} steps were lost, {} are there twice",
        line.lost,
        line.duplicates
    );
    ensure!(
        measured.stored.compression <= COMPRESSION_MAX,
        "the payloads compressed {:.2} : 1, which makes the figures too good",
        measured.stored.compression
    );
    Ok(())
}

async fn measure(stack: &Stack, case: &Case, seconds: Duration) -> Result<Measured> {
    let project = stack.project("bench").await?;
    let templates = Templates::draw(case.format, case.render);
    let pace = Pace {
        connections: case.connections,
        batch: case.batch,
        seconds,
        runs_max: usize::MAX,
        spread: Duration::ZERO,
    };
    let target = stack.target_of(&project, case.protocol)?;
    let watch = Watch::begin(vec![
        Program::Alone(stack.pid(INGEST)?),
        Program::WithChildren(stack.cluster.pid()),
        Program::Alone(stack.pid(WORKER)?),
        Program::Alone(std::process::id()),
    ])?;
    let ledger = load::send(&target, &templates, pace).await?;
    let mut took = ledger.took;
    if case.search_index {
        let sent = Instant::now();
        index::wait_until_made(stack).await?;
        took += sent.elapsed();
    }
    let cpu_s = watch.end()?.each_s;
    let memory_mb = machine::peak_memory_mb(stack.pid(INGEST)?)?;
    let worker_memory_mb = machine::peak_memory_mb(stack.pid(WORKER)?)?;
    stack.wait_until_folded().await?;
    let admin = stack.cluster.connect(&stack.cluster.admin_url()).await?;
    let has_index = index::is_there(&admin).await?;
    ensure!(
        has_index == case.search_index,
        "a search index was made: {has_index}, but it should be: {}",
        case.search_index
    );
    let stored = stored::read(&admin, &ledger).await?;
    Ok(Measured {
        ledger,
        stored,
        took,
        memory_mb,
        worker_memory_mb,
        cpu_s,
    })
}

fn line(case: &Case, measured: &Measured, ceiling: Ceiling) -> Line {
    let Measured {
        ledger,
        stored,
        took,
        memory_mb,
        worker_memory_mb,
        cpu_s,
    } = measured;
    let steps = (ledger.runs.len() * STEPS) as f64;
    let steps_per_s = steps / took.as_secs_f64();
    let behind = *took - ledger.took;
    Line {
        bench: case.bench,
        batch: case.batch,
        search_index: case.search_index,
        steps_per_s: steps_per_s.round(),
        ceiling_steps_per_s: ceiling.steps_per_s.round(),
        ratio: rounded(steps_per_s / ceiling.steps_per_s, 3),
        ratio_of_http: None,
        index_behind_s: case.search_index.then(|| rounded(behind.as_secs_f64(), 1)),
        p50_ms: ledger.latencies.percentile_ms(50),
        p99_ms: ledger.latencies.percentile_ms(99),
        acked: stored.acked,
        stored: stored.stored,
        lost: stored.lost,
        duplicates: stored.duplicates,
        rss_mb: rounded(*memory_mb, 1),
        worker_rss_mb: rounded(*worker_memory_mb, 1),
        cpu_s_per_100k: rounded((cpu_s[0] + cpu_s[1]) / steps * 1e5, 2),
        bytes_per_step: stored.bytes_per_step.round(),
    }
}

fn row(case: &Case, line: &Line, measured: &Measured) -> Vec<String> {
    let per_100k = |cpu_s: f64| cpu_s / (measured.ledger.runs.len() * STEPS) as f64 * 1e5;
    let per_100k: Vec<f64> = measured.cpu_s.iter().copied().map(per_100k).collect();
    vec![
        case.sent_as().to_owned(),
        case.batch.to_string(),
        match line.index_behind_s {
            Some(behind_s) => format!("counted in, {behind_s} s behind"),
            None => "off".to_owned(),
        },
        line.steps_per_s.to_string(),
        judged(
            line.ratio,
            line.ratio >= case.ratio_wanted,
            &format!("≥ {:.2}", case.ratio_wanted),
        ),
        line.p50_ms.to_string(),
        line.p99_ms.to_string(),
        judged(
            line.rss_mb,
            line.rss_mb <= MEMORY_MB_MAX,
            &format!("≤ {MEMORY_MB_MAX}"),
        ),
        judged(
            line.bytes_per_step,
            line.bytes_per_step <= BYTES_PER_STEP_MAX,
            &format!("≤ {BYTES_PER_STEP_MAX}"),
        ),
        format!(
            "{:.0}, {:.0}",
            measured.stored.of_which[0], measured.stored.of_which[1]
        ),
        format!("{:.2} + {:.2}", per_100k[0], per_100k[1]),
        format!("{:.2}, {:.2}", per_100k[2], per_100k[3]),
        format!("{:.2} : 1", measured.stored.compression),
    ]
}
