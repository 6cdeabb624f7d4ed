//! Measures the real binaries on this machine: what is stored a second, how fast it is read, and
//! how soon it is seen. `scripts/bench` builds everything and starts it.

mod ceiling;
mod cluster;
mod copy_rows;
mod cores;
mod export;
mod grpc;
mod http;
mod index;
mod ingest;
mod load;
mod machine;
mod native;
mod open_loop;
mod otlp;
mod overload;
mod query;
mod random;
mod report;
mod requests;
mod search;
mod shape;
mod stack;
mod stored;
mod straight;
mod template;
mod visible;
mod words;

use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};

/// Measures Runwatch on this machine, on a private database that is removed afterwards.
#[derive(Parser)]
#[command(name = "bench")]
struct Args {
    /// What to measure.
    bench: Bench,
    /// How many seconds each measurement takes; 60 for `ingest`, 5 for each question of `query`, 30
    /// at most for each of `search`, 30 for `visible`, 60 for `overload` unless said
    /// otherwise.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: Option<u64>,
    /// How many runs are stored before `query`, `search` and `export` measure.
    #[arg(long, default_value_t = query::RUNS, value_parser = runs)]
    runs: usize,
    /// The only way of sending that `ingest` measures; several may be given.
    #[arg(long)]
    only: Vec<ingest::Scenario>,
}

fn runs(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|runs| *runs > 0);
    number.ok_or_else(|| "it must be a number above 0".to_owned())
}

#[derive(Clone, Copy, ValueEnum)]
enum Bench {
    /// Steps stored a second, beside a bare COPY of the same steps.
    Ingest,
    /// Latency of what is read most, beside the same SQL alone.
    Query,
    /// Latency of searches, and what their index takes.
    Search,
    /// Steps exported a second in each form.
    Export,
    /// Time from the acknowledgement of a run until it is read.
    Visible,
    /// What becomes of a system of which ten times as much is asked as it can do.
    Overload,
}

// One thread makes the load: it shares the machine's cores with what is measured.
#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<()> {
    let args = Args::parse();
    anyhow::ensure!(
        args.only.is_empty() || matches!(args.bench, Bench::Ingest),
        "--only goes with `ingest`"
    );
    let seconds = |default| Duration::from_secs(args.seconds.unwrap_or(default));
    match args.bench {
        Bench::Ingest => ingest::run(seconds(60), &args.only).await,
        Bench::Query => query::run(seconds(5), args.runs).await,
        Bench::Search => search::run(seconds(30), args.runs).await,
        Bench::Export => export::run(args.runs).await,
        Bench::Visible => visible::run(seconds(30)).await,
        Bench::Overload => overload::run(seconds(60)).await,
    }
}
