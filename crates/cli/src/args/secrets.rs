//! Arguments of `runwatch secrets`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::AdminArgs;

/// What can be done with the keys that secrets are sealed under.
#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Say how many projects and secrets are under which key, and fail if one is missing
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The keys and the installation.
        #[command(flatten)]
        keys: SecretsArgs,
    },
    /// Put the data key of every project under the first key of `SECRETS_KEY`, while the services run. What is
    /// done stays done: broken off, it goes on when it is run again
    Rotate {
        /// Make new data keys too, and seal every secret anew: for when somebody may have had the database
        /// together with a key. Broken off, it begins again
        #[arg(long)]
        data_keys: bool,
        /// The keys and the installation.
        #[command(flatten)]
        keys: SecretsArgs,
    },
    /// Print a new key for `SECRETS_KEY`
    GenerateKey,
}

/// Keys that secrets are sealed under, and the installation that they are of.
#[derive(Clone, Debug, Args)]
pub struct SecretsArgs {
    /// Keys as alert-worker and control-api have them; better by the variable, which no list of processes shows
    #[arg(long, env = "SECRETS_KEY", hide_env_values = true, hide = true)]
    pub secrets_key: Option<String>,
    /// A file with the keys as alert-worker and control-api have them in `SECRETS_KEY` [default: those of the data
    /// folder]
    #[arg(long, env = "SECRETS_KEY_FILE", value_name = "PATH")]
    pub secrets_key_file: Option<PathBuf>,
    /// The installation.
    #[command(flatten)]
    pub installation: AdminArgs,
}
