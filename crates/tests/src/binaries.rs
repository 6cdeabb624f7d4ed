//! Our programs as processes: the ones that were built with the tests.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runwatch_cli::lifeline::Lifeline;
use runwatch_cli::process::{LastLines, Output, Process, Program};
use rustix::process::Signal;

use crate::keys;
use crate::postgres::free_port;
use crate::until::until;

/// How long a service may take until it is ready, with a database that recovers.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// How long a program may take to end in good order.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// The path of a program; `cargo build --workspace --bins` makes all of them.
pub fn path(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("a process knows its executable");
    // Tests lie one folder deeper than programs.
    let folder = tests
        .ancestors()
        .nth(2)
        .expect("tests lie in target/PROFILE/deps");
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "{} is missing: cargo build --workspace --bins",
        path.display()
    );
    path
}

/// A program with arguments and further variables.
pub fn program(
    name: &'static str,
    args: impl IntoIterator<Item = OsString>,
    env: Vec<(&'static str, String)>,
) -> Program {
    Program {
        name,
        path: path(name),
        args: args.into_iter().collect(),
        env,
        dir: "/".into(),
        account: None,
        stop_signal: Signal::TERM,
        stop_limit: STOP_LIMIT,
        output: Output::Quiet,
    }
}

/// A running ingest-api that can be killed and started again.
#[derive(Debug)]
pub struct IngestProcess {
    program: Program,
    process: Process,
    lifeline: Arc<Lifeline>,
    address: SocketAddr,
    grpc: SocketAddr,
}

impl IngestProcess {
    /// Starts it on a database and waits until it is ready.
    pub async fn start(database_url: String) -> Self {
        let [address, grpc] =
            [free_port(), free_port()].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let env = vec![
            ("API_KEY_PEPPER", keys::PEPPER.to_owned()),
            ("DATABASE_URL", database_url),
            ("INGEST_BIND", address.to_string()),
            ("INGEST_GRPC_BIND", grpc.to_string()),
        ];
        let program = program("ingest-api", [], env);
        let lifeline = Arc::new(Lifeline::start().expect("/bin/sh starts"));
        let process = spawn(&program, &lifeline);
        let started = Self {
            program,
            process,
            lifeline,
            address,
            grpc,
        };
        started.until_ready().await;
        started
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens for HTTP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for gRPC.
    pub fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// Stops it in good order, starts it again and waits until it is ready.
    pub async fn restart(&mut self) {
        let stopped = self.process.stop(&self.program).await;
        let status = stopped.expect("it can be stopped");
        assert!(status.success(), "ingest-api ended with {status}");
        self.process = spawn(&self.program, &self.lifeline);
        self.until_ready().await;
    }

    /// Kills it without a chance to end anything, starts it again and waits until it is ready.
    pub async fn kill_and_start_again(&mut self) {
        self.process
            .signal(Signal::KILL)
            .expect("a signal can be sent");
        self.process.wait().await.expect("a killed process ends");
        self.process = spawn(&self.program, &self.lifeline);
        self.until_ready().await;
    }

    /// Its number, as long as it was not killed.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Stops it in good order.
    pub async fn stop(mut self) {
        let status = self
            .process
            .stop(&self.program)
            .await
            .expect("it can be stopped");
        assert!(status.success(), "ingest-api ended with {status}");
    }

    async fn until_ready(&self) {
        let url = format!("{}/ready", self.url());
        until(READY_LIMIT, "ingest-api to be ready", async || {
            let answer = reqwest::get(&url).await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }
}

fn spawn(program: &Program, lifeline: &Arc<Lifeline>) -> Process {
    Process::spawn(program, lifeline, LastLines::default()).expect("the program starts")
}
