//! Arguments of `runwatch tail`.

use clap::Args;
use runwatch_core::run::RunStatus;

use super::runs::status;
use super::server::ServerArgs;

/// Arguments of `runwatch tail`.
#[derive(Debug, Args)]
pub struct TailArgs {
    /// Only runs of this agent
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// Only runs in these states, separated by commas, such as `failed,timed_out`
    #[arg(long, value_delimiter = ',', value_parser = status)]
    pub status: Vec<RunStatus>,
    /// Show each step as well, below its run
    #[arg(long)]
    pub steps: bool,
    /// Print every event as a JSON object of its own line: `event`, `id` and `data`
    #[arg(long)]
    pub json: bool,
    /// The installation.
    #[command(flatten)]
    pub server: ServerArgs,
}
