//! `bench ingest`: how many steps a second are stored durably, beside the ceiling.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::ceiling::{self, Ceiling};
use crate::load::{self, Ledger, Pace, Templates};
use crate::machine::{self, Program, Watch};
use crate::report::{self, judged, rounded};
use crate::shape::{Run, STEPS};
use crate::stack::{INGEST, Stack, WORKER};
use crate::stored::{self, Stored};
use crate::template::Format;
use crate::{native, otlp};

/// How well the generated payloads may compress at most: otherwise the disk would have too little
/// to do.
const COMPRESSION_MAX: f64 = 4.0;
/// Most memory that ingest-api is to take, in MB.
const MEMORY_MB_MAX: f64 = 100.0;
/// Most bytes on disk that a step is to take.
const BYTES_PER_STEP_MAX: f64 = 900.0;
/// By what part JSON may be slower than OTLP.
const JSON_SLOWER_MAX: f64 = 0.2;

/// One way of sending.
struct Case {
    name: &'static str,
    format: Format,
    render: fn(&Run) -> Vec<u8>,
    connections: usize,
    batch: usize,
    /// The part of the ceiling that is wanted.
    ratio_wanted: f64,
}

/// The ways of sending. The connections are as many as it takes for the highest rate.
const CASES: [Case; 3] = [
    Case {
        name: "ingest",
        format: Format::Otlp,
        render: otlp::render,
        connections: 8,
        batch: 25,
        ratio_wanted: 0.40,
    },
    Case {
        name: "ingest",
        format: Format::Otlp,
        render: otlp::render,
        connections: 32,
        batch: 1,
        ratio_wanted: 0.25,
    },
    Case {
        name: "ingest-json",
        format: Format::Native,
        render: native::render,
        connections: 8,
        batch: 25,
        ratio_wanted: 0.40 * (1.0 - JSON_SLOWER_MAX),
    },
];

/// A result as it is printed; amounts are steps.
#[derive(Serialize)]
struct Line {
    bench: &'static str,
    batch: usize,
    steps_per_s: f64,
    ceiling_steps_per_s: f64,
    ratio: f64,
    p50_ms: f64,
    p99_ms: f64,
    acked: u64,
    stored: u64,
    lost: u64,
    duplicates: u64,
    rss_mb: f64,
    cpu_s_per_100k: f64,
    bytes_per_step: f64,
}

/// What was measured of a case.
struct Measured {
    ledger: Ledger,
    stored: Stored,
    memory_mb: f64,
    /// Seconds of processor time of ingest-api, PostgreSQL, the worker and the load generator.
    cpu_s: Vec<f64>,
}

/// Measures the ceiling and every case, each on a cluster of its own.
pub(crate) async fn run(seconds: Duration) -> Result<()> {
    let ceiling = ceiling::measure(seconds).await?;
    let mut rows = Vec::new();
    for case in &CASES {
        let stack = Stack::start(&[WORKER, INGEST]).await?;
        let measured = measure(&stack, case, seconds).await;
        stack.stop().await?;
        machine::settle().await?;
        let measured = measured?;
        let line = line(case, &measured, ceiling);
        report::line(&line);
        rows.push(row(case, &line, &measured));
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
    }
    report::table(
        &[
            "sent as",
            "runs a request",
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
        ],
        &rows,
    );
    ceiling.check()
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
    let watch = Watch::begin(vec![
        Program::Alone(stack.pid(INGEST)?),
        Program::WithChildren(stack.cluster.pid()),
        Program::Alone(stack.pid(WORKER)?),
        Program::Alone(std::process::id()),
    ])?;
    let ledger = load::send(&stack.target(&project)?, &templates, pace).await?;
    let cpu_s = watch.end()?.each_s;
    let memory_mb = machine::peak_memory_mb(stack.pid(INGEST)?)?;
    stack.wait_until_folded().await?;
    let admin = stack.cluster.connect(&stack.cluster.admin_url()).await?;
    let stored = stored::read(&admin, &ledger).await?;
    Ok(Measured {
        ledger,
        stored,
        memory_mb,
        cpu_s,
    })
}

fn line(case: &Case, measured: &Measured, ceiling: Ceiling) -> Line {
    let Measured {
        ledger,
        stored,
        memory_mb,
        cpu_s,
    } = measured;
    let steps = (ledger.runs.len() * STEPS) as f64;
    let steps_per_s = steps / ledger.took.as_secs_f64();
    Line {
        bench: case.name,
        batch: case.batch,
        steps_per_s: steps_per_s.round(),
        ceiling_steps_per_s: ceiling.steps_per_s.round(),
        ratio: rounded(steps_per_s / ceiling.steps_per_s, 3),
        p50_ms: ledger.latencies.percentile_ms(50),
        p99_ms: ledger.latencies.percentile_ms(99),
        acked: stored.acked,
        stored: stored.stored,
        lost: stored.lost,
        duplicates: stored.duplicates,
        rss_mb: rounded(*memory_mb, 1),
        cpu_s_per_100k: rounded((cpu_s[0] + cpu_s[1]) / steps * 1e5, 2),
        bytes_per_step: stored.bytes_per_step.round(),
    }
}

fn row(case: &Case, line: &Line, measured: &Measured) -> Vec<String> {
    let per_100k = |cpu_s: f64| cpu_s / (measured.ledger.runs.len() * STEPS) as f64 * 1e5;
    let per_100k: Vec<f64> = measured.cpu_s.iter().copied().map(per_100k).collect();
    vec![
        match case.format {
            Format::Native => "native JSON".to_owned(),
            Format::Otlp | Format::Copy => "OTLP protobuf".to_owned(),
        },
        case.batch.to_string(),
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
