//! `bench overload`: what becomes of a system of which ten times as much is asked as it can do.

use std::time::Duration;

use anyhow::{Result, ensure};
use runwatch_cli::console::say;
use serde::Serialize;

use crate::cores::Cores;
use crate::load::{self, Target, Templates};
use crate::machine;
use crate::open_loop::{self, Outcome, Pace};
use crate::otlp;
use crate::report::{self, judged, rounded};
use crate::shape::STEPS;
use crate::stack::{INGEST, Stack, WORKER_WITHOUT_INDEX};
use crate::stored;
use crate::template::Format;

/// Runs in a request: about as many steps as exporters send at a time by default.
const BATCH: usize = 25;
/// How long capacity, and what is usual below it, are measured.
const BEFORE: Duration = Duration::from_secs(20);
/// How long it is watched afterwards.
const AFTER: Duration = Duration::from_secs(40);
/// Connections that find out the capacity.
const CONNECTIONS: usize = 8;
/// What is asked, in capacities: usually, under overload, and by the project beside it.
const USUAL: f64 = 0.8;
const OVERLOAD: f64 = 10.0;
const BESIDE: f64 = 0.1;

/// What is wanted: of the capacity, of the time to an answer, of memory, of the way back.
const GOODPUT_MIN: f64 = 0.9;
const P99_MS_MAX: f64 = 500.0;
const P99_TIMES_MAX: f64 = 2.0;
const MEMORY_MB_MAX: f64 = 256.0;
const BACK_AFTER_S_MAX: f64 = 30.0;

/// A result as it is printed; amounts are steps.
#[derive(Serialize)]
struct Line {
    bench: &'static str,
    seconds: f64,
    cores: usize,
    capacity_steps_per_s: f64,
    /// Of the capacity, what was really sent.
    offered: f64,
    /// Of the capacity, what was accepted, the project beside included.
    goodput: f64,
    usual_p99_ms: f64,
    p99_ms: f64,
    refused: usize,
    unsent: usize,
    /// How late the generator was at most.
    late_ms: f64,
    beside_p99_ms: f64,
    beside_refused: usize,
    back_after_s: f64,
    rss_mb: f64,
    lost: u64,
    duplicates: u64,
}

/// Measures.
pub(crate) async fn run(seconds: Duration) -> Result<()> {
    let cores = Cores::divide()?;
    cores.start_system()?;
    let stack = Stack::start(&[WORKER_WITHOUT_INDEX, INGEST]).await?;
    let measured = match cores.make_load() {
        Ok(()) => measure(&stack, seconds, cores.of_system()).await,
        Err(error) => Err(error),
    };
    stack.stop().await?;
    let line = measured?;
    report::line(&line);
    say_what_is_wanted(&line);
    ensure!(
        line.lost == 0 && line.duplicates == 0,
        "something was lost, or is there twice"
    );
    Ok(())
}

async fn measure(stack: &Stack, seconds: Duration, cores: usize) -> Result<Line> {
    let templates = Templates::draw(Format::Otlp, otlp::render);
    let busy = stack.target(&stack.project("busy").await?)?;
    let beside = stack.target(&stack.project("beside").await?)?;
    let (capacity, mut ledger) = find_capacity(&busy, &templates).await?;
    let at = |capacities: f64, seconds| Pace {
        rate: capacity * capacities,
        batch: BATCH,
        seconds,
    };
    say(&format!("Capacity: {capacity:.1} requests a second."));
    let usual = open_loop::send(&busy, &templates, at(USUAL, BEFORE), 0).await?;
    let (over, other) = tokio::try_join!(
        open_loop::send(&busy, &templates, at(OVERLOAD, seconds), 1),
        open_loop::send(&beside, &templates, at(BESIDE, seconds), 2),
    )?;
    let after = open_loop::send(&busy, &templates, at(USUAL, AFTER), 3).await?;
    let rss_mb = rounded(machine::peak_memory_mb(stack.pid(INGEST)?)?, 1);
    let all = |outcome: &Outcome| outcome.latencies(Duration::ZERO, Duration::MAX);
    let usual_p99_ms = all(&usual).percentile_ms(99);
    let (lost, duplicates) = {
        let outcomes = [&usual, &over, &other, &after];
        outcomes
            .iter()
            .for_each(|outcome| ledger.runs.extend(&outcome.runs));
        check(outcomes)?;
        let admin = stack.cluster.connect(&stack.cluster.admin_url()).await?;
        let stored = stored::read(&admin, &ledger).await?;
        (stored.lost, stored.duplicates)
    };
    let per_s = |requests: usize| requests as f64 / seconds.as_secs_f64() / capacity;
    Ok(Line {
        bench: "overload",
        seconds: seconds.as_secs_f64(),
        cores,
        capacity_steps_per_s: (capacity * (BATCH * STEPS) as f64).round(),
        offered: rounded(per_s(over.sent() + other.sent()), 2),
        goodput: rounded(
            per_s(over.accepted_within(seconds) + other.accepted_within(seconds)),
            3,
        ),
        late_ms: rounded(over.late.max(other.late).as_secs_f64() * 1e3, 1),
        usual_p99_ms,
        p99_ms: all(&over).percentile_ms(99),
        refused: over.refused,
        unsent: over.unsent + other.unsent,
        beside_p99_ms: all(&other).percentile_ms(99),
        beside_refused: other.refused,
        back_after_s: back_after(&after, usual_p99_ms).as_secs_f64(),
        rss_mb,
        lost,
        duplicates,
    })
}

/// Requests a second that are stored when twice as much is asked as some connections get through that wait
/// for their answers, or as many as those if that is more; and what was acknowledged meanwhile.
async fn find_capacity(target: &Target, templates: &Templates) -> Result<(f64, load::Ledger)> {
    let pace = load::Pace {
        connections: CONNECTIONS,
        batch: BATCH,
        seconds: BEFORE,
        runs_max: usize::MAX,
        spread: Duration::ZERO,
    };
    let mut ledger = load::send(target, templates, pace).await?;
    let closed = ledger.runs.len() as f64 / BATCH as f64 / ledger.took.as_secs_f64();
    let pace = Pace {
        rate: 2.0 * closed,
        batch: BATCH,
        seconds: BEFORE,
    };
    let outcome = open_loop::send(target, templates, pace, 4).await?;
    let open = outcome.accepted_within(BEFORE) as f64 / BEFORE.as_secs_f64();
    ledger.runs.extend(outcome.runs);
    Ok((open.max(closed), ledger))
}

/// Fails if a request was neither accepted nor refused as it should be.
fn check(outcomes: [&Outcome; 4]) -> Result<()> {
    let failures: Vec<&String> = outcomes
        .iter()
        .flat_map(|outcome| &outcome.failures)
        .collect();
    let first = failures.first().map_or("", |failure| failure.as_str());
    ensure!(
        failures.is_empty(),
        "{} requests failed; the first: {first}",
        failures.len()
    );
    Ok(())
}

/// When the last second began in which answers took longer than they do usually, or requests were refused.
fn back_after(after: &Outcome, usual_p99_ms: f64) -> Duration {
    let normal_ms = P99_MS_MAX.max(P99_TIMES_MAX * usual_p99_ms);
    let slow = |second: &u64| {
        let from = Duration::from_secs(*second);
        after
            .latencies(from, from + Duration::from_secs(1))
            .percentile_ms(99)
            > normal_ms
    };
    let last = (0..AFTER.as_secs()).rev().find(slow);
    last.map_or(Duration::ZERO, |second| Duration::from_secs(second + 1))
}

fn say_what_is_wanted(line: &Line) {
    let p99_max = P99_MS_MAX.max(P99_TIMES_MAX * line.usual_p99_ms);
    let rows = [
        ("sent, in capacities", line.offered.to_string()),
        (
            "accepted, in capacities",
            judged(line.goodput, line.goodput >= GOODPUT_MIN, "≥ 0.9"),
        ),
        ("p99 ms at 0.8 capacities", line.usual_p99_ms.to_string()),
        (
            "p99 ms of what is accepted",
            judged(line.p99_ms, line.p99_ms <= p99_max, &format!("≤ {p99_max}")),
        ),
        (
            "ms that a request began too late, at most",
            line.late_ms.to_string(),
        ),
        ("refused, each with Retry-After", line.refused.to_string()),
        (
            "refused of the project beside",
            judged(line.beside_refused as f64, line.beside_refused == 0, "0"),
        ),
        (
            "p99 ms of the project beside",
            line.beside_p99_ms.to_string(),
        ),
        (
            "s until all is as usual",
            judged(
                line.back_after_s,
                line.back_after_s <= BACK_AFTER_S_MAX,
                "≤ 30",
            ),
        ),
        (
            "memory MB",
            judged(line.rss_mb, line.rss_mb <= MEMORY_MB_MAX, "≤ 256"),
        ),
    ];
    report::table(
        &["overload", "measured"],
        &rows.map(|(what, figure)| vec![what.to_owned(), figure]),
    );
}
