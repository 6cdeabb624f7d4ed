//! Arguments of `runwatch runs`.

use clap::{Args, Subcommand};
use runwatch_core::failures::FailureType;
use runwatch_core::ids::RunId;
use runwatch_core::run::RunStatus;

use super::server::ServerArgs;
use crate::time_span::Since;

/// Runs that one command lists at most.
const RUNS_MAX: i64 = 10_000;
/// Steps of a run that one command shows at most: those that the API lays out as a tree.
const STEPS_MAX: i64 = 5_000;

/// What can be done with runs.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// List runs, the latest first
    #[command(visible_alias = "ls")]
    List(Box<ListRunsArgs>),
    /// Show one run: what it cost, its steps over time, what went wrong
    Show(ShowRunArgs),
}

/// Arguments of `runwatch runs list`.
#[derive(Debug, Args)]
pub struct ListRunsArgs {
    /// Only of this agent
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// Only in these states, separated by commas: running, succeeded, failed, cancelled,
    /// `timed_out`, abandoned
    #[arg(long, value_delimiter = ',', value_parser = status)]
    pub status: Vec<RunStatus>,
    /// Only with a failure of this type, such as `rate_limit`, timeout, `tool_error` or loop
    #[arg(long, value_name = "TYPE", value_parser = failure_type)]
    pub failure: Option<FailureType>,
    /// Only of this session
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// Only for this user
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
    /// Only in this environment
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// Only with this release
    #[arg(long, value_name = "NAME")]
    pub release: Option<String>,
    /// Only with this tag
    #[arg(long)]
    pub tag: Option<String>,
    /// Only with a step that used this model
    #[arg(long)]
    pub model: Option<String>,
    /// Only with a step that called this tool
    #[arg(long)]
    pub tool: Option<String>,
    /// Only started since then: so long ago, such as 15m, 24h or 7d, or a time in RFC 3339
    #[arg(long, value_name = "WHEN")]
    pub since: Option<Since>,
    /// Runs to list, 10,000 at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=RUNS_MAX))]
    pub limit: u32,
    /// Print the runs as a JSON array, as the API has them
    #[arg(long)]
    pub json: bool,
    /// The installation.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Arguments of `runwatch runs show`.
#[derive(Debug, Args)]
pub struct ShowRunArgs {
    /// The run's id: a UUID or 32 hex digits
    pub run: RunId,
    /// Steps to show, 5,000 at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=STEPS_MAX))]
    pub steps: u32,
    /// Print the run as JSON, as the API has it, with its `timeline` as a further member
    #[arg(long)]
    pub json: bool,
    /// The installation.
    #[command(flatten)]
    pub server: ServerArgs,
}

pub(super) fn status(name: &str) -> Result<RunStatus, String> {
    let names = || RunStatus::ALL.map(RunStatus::name).join(", ");
    RunStatus::from_name(name).ok_or_else(|| format!("a run is one of {}", names()))
}

fn failure_type(name: &str) -> Result<FailureType, String> {
    let names = || FailureType::ALL.map(FailureType::name).join(", ");
    FailureType::from_name(name).ok_or_else(|| format!("a failure is one of {}", names()))
}
