//! `runwatch up`: everything on one machine, from one command, until Ctrl-C.
//!
//! The order: data folder and its lock, ports, PostgreSQL, migrations, roles, first project and
//! keys, services, nginx. It stops in the opposite order.

mod banner;
mod data_dir;
mod first_keys;
mod ready;
mod service_keys;
mod services;
mod setup_link;
mod stack;

use std::sync::Arc;

use anyhow::{Context, Result};

use crate::admin::Admin;
use crate::args::UpArgs;
use crate::console::{say, say_in_background};
use crate::installation::Installation;
use crate::lifeline::Lifeline;
use crate::ports::{Ports, check_free, on_loopback};
use crate::secrets::{Secrets, write_owner_only};
use crate::stop_signals::StopSignals;

pub(crate) use data_dir::{FREE_BYTES_MIN, default_data_dir};

use banner::Banner;
use data_dir::DataDir;
use service_keys::ServiceKeys;
use stack::Stack;

/// Starts everything, says how to use it, and stops everything when asked to.
pub(crate) async fn run(args: UpArgs) -> Result<()> {
    let _saying = say_in_background();
    let mut stop_signals = StopSignals::listen().context("failed to listen for signals")?;
    let ports = Ports::from_base(args.port, args.front.grpc_port)?;
    let data_dir = DataDir::open(args.data_dir.as_deref()).await?;
    check_ports(&args, ports)?;
    let secrets = Secrets::open(data_dir.path().join("secrets"))
        .context("failed to read the secrets in the data folder")?;
    let lifeline = Lifeline::start_holding(data_dir.children_lock());
    let lifeline = Arc::new(lifeline.context("failed to start /bin/sh")?);

    let mut stack = Stack::new(Arc::clone(&lifeline));
    let outcome = tokio::select! {
        outcome = run_until_failure(&args, ports, &data_dir, secrets, &mut stack) => outcome,
        () = stop_signals.received() => Ok(()),
    };
    say("Stopping.");
    tokio::select! {
        () = stack.stop() => {}
        () = stop_signals.received() => say("Not waiting: the rest is ended in the background."),
    }
    if let Some(lifeline) = Arc::into_inner(lifeline) {
        lifeline
            .finish()
            .context("failed to wait for the last processes")?;
    }
    if outcome.is_ok() {
        say("Stopped.");
    }
    outcome
}

/// Starts everything and stays; it returns only if something cannot be started.
async fn run_until_failure(
    args: &UpArgs,
    ports: Ports,
    data_dir: &DataDir,
    mut secrets: Secrets,
    stack: &mut Stack,
) -> Result<()> {
    let admin_url = stack
        .start_database(args, ports, data_dir, &mut secrets)
        .await?;
    let roles = services::prepare_database(&admin_url, &mut secrets).await?;
    let service_keys = ServiceKeys::ensure(&mut secrets)?;
    let mut admin = Admin::of(&admin_url, Installation::find(Some(data_dir.path()), None)).await?;
    let keys = first_keys::ensure(&mut admin, &mut secrets).await?;
    let setup_token = setup_link::token(&mut admin).await?;
    drop(admin);
    let banner = Banner::new(args, ports, keys, setup_token);
    stack
        .start_services(&roles, &service_keys, ports, banner.public_url())
        .await?;
    let access_log = stack.start_front(args, ports, data_dir).await?;
    if let Some(path) = &args.env_file {
        write_owner_only(path, &banner.env_file())
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    say(&banner.text());
    if args.demo {
        stack.start_demo(banner.local_url(), banner.ingest_key())?;
    }
    access_log.keep_small().await
}

fn check_ports(args: &UpArgs, ports: Ports) -> Result<()> {
    check_free(args.front.listen, ports.nginx, "nginx")?;
    check_free(args.front.listen, ports.grpc, "nginx, for gRPC")?;
    if args.front.tls_cert.is_some() {
        let local = on_loopback(ports.local);
        check_free(local.ip(), local.port(), "nginx, for this machine")?;
    }
    let internal = on_loopback(ports.ingest_grpc);
    check_free(internal.ip(), internal.port(), "ingest-api, for gRPC")?;
    for (name, port) in ports.services() {
        check_free(on_loopback(port).ip(), port, name)?;
    }
    if args.database_url.is_none() {
        check_free(
            on_loopback(ports.postgres).ip(),
            ports.postgres,
            "PostgreSQL",
        )?;
    }
    Ok(())
}
