//! Arguments of `runwatch doctor`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `runwatch doctor`.
#[derive(Clone, Debug, Args)]
pub struct DoctorArgs {
    /// The database, best as somebody who administrates it [default: that of the data folder]
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The folder of `runwatch up` [default: .runwatch, for root /var/lib/runwatch]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The public port of `runwatch up` [default: that of the data folder, else 8080]
    #[arg(long, value_name = "P")]
    pub port: Option<u16>,
    /// Check the settings in this file too, of lines such as NAME=value
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
    /// The installation's address: checks that everything answers there
    #[arg(long, env = "RUNWATCH_URL", value_name = "URL")]
    pub url: Option<String>,
    /// The address of one service, past nginx: checks its /health and /ready; may be repeated
    #[arg(long, value_name = "URL")]
    pub service: Vec<String>,
    /// An API key with the scopes ingest and read, for --probe
    #[arg(
        long,
        env = "RUNWATCH_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub key: Option<String>,
    /// Send a run to --url and read it back; it stays, as a run of the agent runwatch-doctor
    #[arg(long)]
    pub probe: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
