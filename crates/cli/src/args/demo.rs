//! Arguments of `runwatch demo`.

use clap::Args;
use runwatch_core::limits::PAST_DAYS_MAX;
use runwatch_core::time::DAY_US;

use super::server::ServerArgs;
use crate::time_span::TimeSpan;

/// Runs a minute that can be asked for.
const RATE_MAX: i64 = 10_000;

/// Arguments of `runwatch demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Decides what the agents do: the same seed tells the same story of the same minutes, so that
    /// sending it again stores nothing twice
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Runs a minute in the busy hours of the day, all agents together
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=RATE_MAX))]
    pub rate: u32,
    /// Fill so much of the past first, such as 24h, up to 29d
    #[arg(long, value_name = "SPAN", value_parser = backfill)]
    pub backfill: Option<TimeSpan>,
    /// End after so long, such as 10m [default: at Ctrl-C]
    #[arg(long, value_name = "SPAN")]
    pub duration: Option<TimeSpan>,
    /// The installation; the key needs the scope ingest.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Ingest believes no times that lie further back than [`PAST_DAYS_MAX`].
fn backfill(text: &str) -> Result<TimeSpan, String> {
    let span: TimeSpan = text.parse().map_err(|error| format!("{error}"))?;
    let days_max = PAST_DAYS_MAX - 1;
    match span.0 <= days_max * DAY_US {
        true => Ok(span),
        false => Err(format!("at most {days_max}d can be filled")),
    }
}
