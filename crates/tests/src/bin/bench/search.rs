//! `bench search`: how fast texts are found over HTTP, and what the index takes that finds them. A few
//! runs have texts that nothing else has; each answer about them is held against what was sent.

mod ask;
mod check;
mod needles;
mod numbers;
mod questions;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use runwatch_cli::console::say;
use serde::Serialize;
use tokio::time::Instant;

use crate::index::{self, Size};
use crate::load::{self, Templates, draw_runs};
use crate::machine::{Watch, peak_memory_mb};
use crate::report::{self, judged, rounded};
use crate::search::ask::{Asked, Asking};
use crate::search::needles::{NEEDLES, Needle};
use crate::search::questions::Kind;
use crate::shape::STEPS;
use crate::stack::{INGEST, Project, QUERY, Stack, WORKER};
use crate::template::Format;
use crate::{otlp, query};

/// A result about the index as it is printed.
#[derive(Serialize)]
struct IndexLine {
    bench: &'static str,
    runs: usize,
    steps: usize,
    /// Steps stored a second while the index was made.
    stored_steps_per_s: f64,
    /// For how long the index was made after all was stored, and then merged.
    behind_s: f64,
    merged_s: f64,
    segments: i64,
    /// Bytes on disk, with what merged segments left behind, and those of the blocks alone.
    bytes_per_step: f64,
    bytes_of_blocks_per_step: f64,
    worker_rss_mb: f64,
}

/// A result about questions as it is printed.
#[derive(Serialize)]
struct Line {
    bench: &'static str,
    query: &'static str,
    questions: usize,
    /// Pages that were read, several where a question needed them.
    calls: usize,
    hits: usize,
    p50_ms: f64,
    p90_ms: f64,
    max_ms: f64,
}

/// How long filling took, with what was sent besides the load.
struct Filled {
    needles: Vec<Needle>,
    steps: usize,
    took: Duration,
    behind: Duration,
}

/// Fills a database and searches; a kind of question is asked for so long at most.
pub(crate) async fn run(at_most: Duration, runs: usize) -> Result<()> {
    let stack = Stack::start(&[WORKER, QUERY, INGEST]).await?;
    let measured = measure(&stack, at_most, runs).await;
    stack.stop().await?;
    let (index, rows) = measured?;
    report::table(
        &[
            "steps",
            "stored steps/s meanwhile",
            "index behind s",
            "merged s later",
            "segments",
            "bytes a step on disk",
            "of them blocks",
            "worker MB",
        ],
        &[index],
    );
    report::table(
        &[
            "searched",
            "questions",
            "calls",
            "hits",
            "p50 ms",
            "p90 ms",
            "max ms",
        ],
        &rows,
    );
    Ok(())
}

async fn measure(
    stack: &Stack,
    at_most: Duration,
    runs: usize,
) -> Result<(Vec<String>, Vec<Vec<String>>)> {
    let (project, others) = (
        stack.project("bench").await?,
        stack.project("others").await?,
    );
    let (words, drawn) = draw_runs();
    let numbers = numbers::with_false_candidates(&drawn);
    say(&format!(
        "Storing {} runs with {} steps; {} runs have what is searched for.",
        runs + NEEDLES,
        (runs + NEEDLES) * STEPS,
        NEEDLES
    ));
    let kinds = |needles: &[Needle]| questions::kinds(&words, &drawn, needles, &numbers);
    let texts = needles::texts(&numbers);
    let filled = fill(stack, [&project, &others], texts, runs).await?;
    let index = take_index(stack, &project, runs, &filled).await?;

    let mut asking = Asking::new(stack.address(QUERY)?, &project.reader_key).await?;
    let watch = Watch::begin(stack.programs())?;
    let mut rows = Vec::new();
    for kind in kinds(&filled.needles) {
        let asked = asking.ask(&kind, at_most).await.context(kind.name)?;
        rows.push(row(&kind, &asked));
    }
    watch.end()?;
    Ok((index, rows))
}

/// Stores the runs of the first project, and among them over all the time those with the texts, which
/// the second project has too. Waits until the index is made.
async fn fill(
    stack: &Stack,
    [project, others]: [&Project; 2],
    texts: Vec<String>,
    runs: usize,
) -> Result<Filled> {
    let templates = Templates::draw(Format::Otlp, otlp::render);
    let (target, others) = (stack.target(project)?, stack.target(others)?);
    let sent = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let (ledger, needles) = tokio::try_join!(
        load::send_counted(&target, &templates, query::pace(runs), 0, sent.clone()),
        needles::send([&target, &others], texts, &sent, runs),
    )?;
    let took = began.elapsed();
    let stored = ledger.runs.len();
    ensure!(stored == runs, "{stored} runs were stored");
    let began = Instant::now();
    index::wait_until_made(stack).await?;
    Ok(Filled {
        steps: (stored + needles.len()) * STEPS,
        needles,
        took,
        behind: began.elapsed(),
    })
}

/// Waits until the index is merged, and tells what it took.
async fn take_index(
    stack: &Stack,
    project: &Project,
    runs: usize,
    filled: &Filled,
) -> Result<Vec<String>> {
    let began = Instant::now();
    index::wait_until_settled(stack).await?;
    let merged_s = began.elapsed().as_secs_f64();
    let admin = stack.cluster.connect(&stack.cluster.admin_url()).await?;
    let Size {
        segments,
        bytes,
        bytes_of_blocks,
    } = index::size(&admin, project.id).await?;
    query::settle(stack).await?;
    let per_step = |bytes: i64| rounded(bytes as f64 / filled.steps as f64, 1);
    let line = IndexLine {
        bench: "search-index",
        runs: runs + NEEDLES,
        steps: filled.steps,
        stored_steps_per_s: rounded(filled.steps as f64 / filled.took.as_secs_f64(), 0),
        behind_s: rounded(filled.behind.as_secs_f64(), 1),
        merged_s: rounded(merged_s, 1),
        segments,
        bytes_per_step: per_step(bytes),
        bytes_of_blocks_per_step: per_step(bytes_of_blocks),
        worker_rss_mb: rounded(peak_memory_mb(stack.pid(WORKER)?)?, 1),
    };
    report::line(&line);
    Ok(vec![
        line.steps.to_string(),
        line.stored_steps_per_s.to_string(),
        line.behind_s.to_string(),
        line.merged_s.to_string(),
        line.segments.to_string(),
        line.bytes_per_step.to_string(),
        line.bytes_of_blocks_per_step.to_string(),
        line.worker_rss_mb.to_string(),
    ])
}

/// Prints what was asked, and gives it as a row.
fn row(kind: &Kind, asked: &Asked) -> Vec<String> {
    let line = Line {
        bench: "search",
        query: kind.name,
        questions: asked.questions,
        calls: asked.calls,
        hits: asked.hits,
        p50_ms: asked.latencies.percentile_ms(50),
        p90_ms: asked.latencies.percentile_ms(90),
        max_ms: asked.latencies.percentile_ms(100),
    };
    report::line(&line);
    let p50 = kind.wanted_p50_ms.map(|wanted| {
        let is_as_wanted = line.p50_ms <= wanted;
        judged(line.p50_ms, is_as_wanted, &format!("≤ {wanted}"))
    });
    vec![
        line.query.to_owned(),
        line.questions.to_string(),
        line.calls.to_string(),
        line.hits.to_string(),
        p50.unwrap_or_else(|| line.p50_ms.to_string()),
        line.p90_ms.to_string(),
        line.max_ms.to_string(),
    ]
}
