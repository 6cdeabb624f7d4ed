//! nginx before services that run by themselves, with the configuration that `runwatch nginx` writes.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use runwatch_cli::lifeline::Lifeline;
use runwatch_cli::process::{LastLines, Output, Process, Program};
use rustix::process::Signal;

use crate::binaries::IngestProcess;
use crate::command::runwatch;
use crate::postgres::{folder, free_port};
use crate::until::until;

/// Where nginx may be that is not in the `PATH` of everybody.
const NGINX: [&str; 3] = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
/// How long it may take to start, and to stop.
const LIMIT: Duration = Duration::from_secs(30);

/// A running nginx.
#[derive(Debug)]
pub struct Front {
    program: Program,
    process: Process,
    address: SocketAddr,
}

impl Front {
    /// Starts it before some ingest-apis, without limits of rate; there is nothing else behind it.
    pub async fn start(ingest: &[&IngestProcess]) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let dir = folder();
        let list = |address: fn(&IngestProcess) -> SocketAddr| {
            let addresses = ingest.iter().map(|ingest| address(ingest).to_string());
            addresses.collect::<Vec<_>>().join(",")
        };
        let (http, grpc) = (list(IngestProcess::address), list(IngestProcess::grpc));
        let (port, grpc_port, dir_name) = (address.port(), free_port(), dir.display());
        let words = format!(
            "nginx --port {port} --grpc-port {grpc_port} --ingest {http} --ingest-grpc {grpc} \
             --query {http} --control {http} --ingest-rate-limit 0 --dir {dir_name}"
        );
        let written = runwatch(&words, &[]).await;
        assert!(written.success, "{}", written.error);
        let conf = dir.join("nginx.conf");
        fs::write(&conf, written.text).expect("the configuration can be written");
        let program = program(&dir, &conf);
        let lifeline = Arc::new(Lifeline::start().expect("/bin/sh starts"));
        let process = Process::spawn(&program, &lifeline, LastLines::default());
        let started = Self {
            process: process.expect("nginx starts"),
            program,
            address,
        };
        let health = format!("{}/health", started.url());
        until(LIMIT, "nginx to answer", async || {
            reqwest::get(&health).await.ok()
        })
        .await;
        started
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it.
    pub async fn stop(mut self) {
        let stopped = self.process.stop(&self.program).await;
        stopped.expect("nginx can be stopped");
    }
}

fn program(dir: &Path, conf: &Path) -> Program {
    let path = NGINX.iter().map(PathBuf::from).find(|path| path.is_file());
    Program {
        name: "nginx",
        path: path.expect("nginx is installed"),
        args: ["-e", "stderr", "-p"]
            .map(Into::into)
            .into_iter()
            .chain([dir.into(), "-c".into(), conf.into()])
            .collect(),
        env: Vec::new(),
        dir: dir.to_owned(),
        account: None,
        stop_signal: Signal::QUIT,
        stop_limit: LIMIT,
        output: Output::Quiet,
    }
}
