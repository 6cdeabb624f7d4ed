//! Which installation a command talks to.

use clap::Args;

/// Where `runwatch up` is reached unless it is told otherwise.
pub(crate) const URL_DEFAULT: &str = "http://127.0.0.1:8080";

/// Address and key, as `runwatch up --env-file` writes them.
#[derive(Clone, Debug, Args)]
pub struct ServerArgs {
    /// The installation's address
    #[arg(
        long,
        env = "RUNWATCH_URL",
        value_name = "URL",
        default_value = URL_DEFAULT
    )]
    pub url: String,
    /// An API key of the project; better set `RUNWATCH_API_KEY`, which no list of processes shows
    #[arg(
        long,
        env = "RUNWATCH_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub key: Option<String>,
}
