//! Arguments of `runwatch validate`.

use std::path::PathBuf;

use clap::Args;

use crate::args::server::ServerArgs;

/// Arguments of `runwatch validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// What would be sent: an export of OpenTelemetry traces in protobuf or JSON, or runs in JSON or
    /// NDJSON, plain or gzip; - is the standard input
    pub file: PathBuf,
    /// What the items of a file in the native form are: run, step or failure
    #[arg(long, value_name = "ITEM", default_value = "run", value_parser = ["run", "step", "failure"])]
    pub item: String,
    /// Print the answer as JSON, as the API has it
    #[arg(long)]
    pub json: bool,
    /// The installation.
    #[command(flatten)]
    pub server: ServerArgs,
}
