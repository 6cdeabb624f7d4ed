//! Measures the real binaries on this machine: what is stored a second, how fast it is read, and
//! how soon it is seen. `scripts/bench` builds everything and starts it.

mod ceiling;
mod cluster;
mod copy_rows;
mod http;
mod ingest;
mod load;
mod machine;
mod native;
mod otlp;
mod random;
mod report;
mod shape;
mod stack;
mod stored;
mod template;
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
    /// How many seconds each measurement under load takes.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Bench {
    /// Steps stored a second, beside a bare COPY of the same steps.
    Ingest,
}

// One thread makes the load: it shares the machine's cores with what is measured.
#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<()> {
    let args = Args::parse();
    let seconds = Duration::from_secs(args.seconds);
    match args.bench {
        Bench::Ingest => ingest::run(seconds).await,
    }
}
