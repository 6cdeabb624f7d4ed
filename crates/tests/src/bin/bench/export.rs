//! `bench export`: how fast all steps are exported in each form, and what memory that takes.

use anyhow::{Context, Result, ensure};
use runwatch_cli::console::say;
use runwatch_core::time::{DAY_US, Timestamp};
use runwatch_service::clock::{Clock, SystemClock};
use serde::Serialize;
use tokio::time::Instant;

use crate::http::Client;
use crate::machine::{Watch, peak_memory_mb};
use crate::query;
use crate::report::{self, judged, rounded};
use crate::shape::STEPS;
use crate::stack::{INGEST, QUERY, Stack, WORKER};

/// Steps a second that are wanted of the forms that are text.
const WANTED_PER_S: f64 = 100_000.0;

/// The forms, and how many lines they have besides the rows; of Parquet lines say nothing.
const FORMATS: [(&str, Option<usize>); 3] =
    [("jsonl", Some(0)), ("csv", Some(1)), ("parquet", None)];

/// A result as it is printed.
#[derive(Serialize)]
struct Line {
    bench: &'static str,
    format: &'static str,
    rows: usize,
    rows_per_s: f64,
    mb_per_s: f64,
    rss_mb: f64,
}

/// Fills a database and exports its steps.
pub(crate) async fn run(runs: usize) -> Result<()> {
    let stack = Stack::start(&[WORKER, QUERY, INGEST]).await?;
    let rows = measure(&stack, runs).await;
    stack.stop().await?;
    report::table(
        &["form", "steps", "steps/s", "MB/s", "query-api MB at most"],
        &rows?,
    );
    Ok(())
}

async fn measure(stack: &Stack, runs: usize) -> Result<Vec<Vec<String>>> {
    let project = stack.project("bench").await?;
    let steps = runs * STEPS;
    say(&format!("Storing {runs} runs with {steps} steps."));
    query::fill(stack, &project, runs).await?;
    let watch = Watch::begin(stack.programs())?;
    let mut rows = Vec::new();
    for (format, heading) in FORMATS {
        let mut client = Client::connect(stack.address(QUERY)?).await?;
        let path = path(format);
        let (mut bytes, mut lines) = (0, 0);
        let began = Instant::now();
        let status = client
            .download(&path, &project.key, |piece| {
                bytes += piece.len();
                lines += memchr::memchr_iter(b'\n', piece).count();
            })
            .await
            .context(format)?;
        let took = began.elapsed().as_secs_f64();
        ensure!(status == 200, "{format}: answered {status}");
        if let Some(heading) = heading {
            ensure!(lines == steps + heading, "{format}: {lines} lines");
        }
        let line = Line {
            bench: "export",
            format,
            rows: steps,
            rows_per_s: rounded(steps as f64 / took, 0),
            mb_per_s: rounded(bytes as f64 / took / 1e6, 1),
            rss_mb: rounded(peak_memory_mb(stack.pid(QUERY)?)?, 0),
        };
        report::line(&line);
        rows.push(row(&line, heading.is_some()));
    }
    watch.end()?;
    Ok(rows)
}

/// All steps: the runs were spread over a day, and it took a while to store them.
fn path(format: &str) -> String {
    let now = SystemClock.now();
    let from = Timestamp(now.0 - 3 * DAY_US).to_rfc3339();
    format!("/v1/export?what=steps&format={format}&from={from}")
}

fn row(line: &Line, is_text: bool) -> Vec<String> {
    let speed = if is_text {
        let wanted = format!("≥ {WANTED_PER_S}");
        judged(line.rows_per_s, line.rows_per_s >= WANTED_PER_S, &wanted)
    } else {
        line.rows_per_s.to_string()
    };
    vec![
        line.format.to_owned(),
        line.rows.to_string(),
        speed,
        line.mb_per_s.to_string(),
        line.rss_mb.to_string(),
    ]
}
