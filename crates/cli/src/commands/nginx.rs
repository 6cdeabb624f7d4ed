//! `runwatch nginx`.

use std::path;

use anyhow::{Context, Result};

use crate::args::NginxArgs;
use crate::console::say;
use crate::nginx::{Front, Upstreams, make_folder};
use crate::ports::Ports;

/// Writes the configuration to standard output.
pub(crate) fn run(args: &NginxArgs) -> Result<()> {
    let ports = Ports::from_base(args.port, args.front.grpc_port)?;
    let upstreams = Upstreams {
        ingest: args.ingest.clone(),
        ingest_grpc: args.ingest_grpc.clone(),
        query: args.query.clone(),
        control: args.control.clone(),
    };
    let front = Front::new(&args.front, ports, upstreams)?;
    let dir = path::absolute(&args.dir).context("--dir is not a folder")?;
    make_folder(&dir).with_context(|| format!("failed to make {}", dir.display()))?;
    say(front.configuration(&dir)?.trim_end());
    Ok(())
}
