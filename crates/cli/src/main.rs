//! The command `runwatch`.

use std::process::ExitCode;

use clap::Parser;
use runwatch_cli::args::Cli;
use runwatch_cli::console;

#[tokio::main]
async fn main() -> ExitCode {
    match runwatch_cli::run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::complain(&format!("runwatch: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
