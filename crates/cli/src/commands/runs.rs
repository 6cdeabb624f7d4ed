//! `runwatch runs`.

mod list;
mod show;

use anyhow::Result;

use crate::args::RunsCommand;
use crate::terminal::Colour;

/// Lists runs, or shows one.
pub(crate) async fn run(command: RunsCommand) -> Result<()> {
    match command {
        RunsCommand::List(args) => list::run(*args).await,
        RunsCommand::Show(args) => show::run(args).await,
    }
}

/// The colour of where a run or step stands.
pub(crate) fn colour_of(standing: &str) -> Option<Colour> {
    match standing {
        "succeeded" => Some(Colour::Green),
        "failed" | "timed_out" => Some(Colour::Red),
        "stalled" | "abandoned" | "cancelled" => Some(Colour::Yellow),
        "running" => Some(Colour::Blue),
        _ => None,
    }
}
