//! A whole installation as people start it: `runwatch up`, with nginx in front.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{self, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::binaries;
use crate::postgres::folder;
use crate::until::until;

/// How long a start may take: a new cluster, migrations, four services.
const START_LIMIT: Duration = Duration::from_secs(90);
/// How long a stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// Ports that belong together, the public one first.
const PORTS: u16 = 10;
/// Where they are looked for: below Linux's `ip_local_port_range`, which begins at 32,768.
const PORTS_FROM: u16 = 12_000;
const PORTS_TO: u16 = 32_000;

/// A running `runwatch up`.
#[derive(Debug)]
pub struct Installation {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    /// Held by whoever does not want to hear anything.
    ears: Arc<tokio::sync::Mutex<()>>,
    env_file: PathBuf,
}

impl Installation {
    /// A folder for an installation's data.
    pub fn data_dir() -> PathBuf {
        folder()
    }

    /// Starts it with its data in this folder, and waits until it says that it runs.
    pub async fn start(data_dir: &Path) -> Self {
        Self::start_with(data_dir, &[]).await
    }

    /// The same with further arguments.
    pub async fn start_with(data_dir: &Path, args: &[&str]) -> Self {
        let env_file = data_dir.with_extension("env");
        let mut child = Command::new(binaries::path("runwatch"))
            .args(["up", "--ingest-rate-limit", "0", "--query-rate-limit", "0"])
            .args(["--port", &base_port().to_string()])
            .arg("--data-dir")
            .arg(data_dir)
            .arg("--env-file")
            .arg(&env_file)
            .args(args)
            .env_remove("DATABASE_URL")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("runwatch starts");
        let (lines, ears) = (Arc::default(), Arc::default());
        tokio::spawn(read(
            child.stdout.take().expect("it is a pipe"),
            Arc::clone(&lines),
            Arc::clone(&ears),
        ));
        tokio::spawn(read(
            child.stderr.take().expect("it is a pipe"),
            Arc::clone(&lines),
            Arc::clone(&ears),
        ));
        let mut started = Self {
            child,
            lines,
            ears,
            env_file,
        };
        until(START_LIMIT, "runwatch up to say that it runs", async || {
            let ended = started.child.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "it ended: {}", started.text());
            started
                .text()
                .contains("Ctrl-C stops everything.")
                .then_some(())
        })
        .await;
        started
    }

    /// Everything that it has said.
    pub fn text(&self) -> String {
        self.lines
            .lock()
            .expect("nobody panics while holding it")
            .join("\n")
    }

    /// Does something while nobody reads what it says, as behind a terminal that was stopped.
    pub async fn unheard<T>(&self, work: impl AsyncFnOnce() -> T) -> T {
        let _not_listening = self.ears.lock().await;
        work().await
    }

    /// A variable of the file for scripts.
    pub fn variable(&self, name: &str) -> String {
        let text = fs::read_to_string(&self.env_file).expect("the file for scripts is written");
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value
            .unwrap_or_else(|| panic!("{name} is in {text}"))
            .to_owned()
    }

    /// Where it can be reached.
    pub fn url(&self) -> String {
        self.variable("RUNWATCH_URL")
    }

    /// The token of the link that it prints for the first account.
    pub fn setup_token(&self) -> String {
        let text = self.text();
        let token = text.split_once("/setup#").map(|(_, rest)| rest);
        let token = token.and_then(|rest| rest.split_whitespace().next());
        token
            .unwrap_or_else(|| panic!("it prints no link: {text}"))
            .to_owned()
    }

    /// A key with all scopes.
    pub fn key(&self) -> String {
        self.variable("RUNWATCH_API_KEY")
    }

    /// Where OTLP over gRPC is taken, as it says when it runs: `… for HTTP, URL for gRPC`.
    pub fn grpc_url(&self) -> String {
        let text = self.text();
        let url = text
            .lines()
            .find_map(|line| line.split_once(" for HTTP, ")?.1.strip_suffix(" for gRPC"));
        let url = url.unwrap_or_else(|| panic!("it says nothing of gRPC: {text}"));
        url.to_owned()
    }

    /// The number of its process.
    pub fn pid(&self) -> Pid {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        pid.and_then(Pid::from_raw).expect("it runs")
    }

    /// The processes that it has started and that have this name.
    pub fn children(&self, name: &str) -> Vec<Pid> {
        let parent = self.pid();
        let numbers = fs::read_dir("/proc")
            .expect("processes are listed")
            .flatten();
        let pids = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let of_ours = |pid: &i32| stat(*pid).is_some_and(|(comm, of)| comm == name && of == parent);
        pids.filter(of_ours).filter_map(Pid::from_raw).collect()
    }

    /// Presses Ctrl-C and waits until everything has ended.
    pub async fn interrupt(mut self) -> ExitStatus {
        kill_process(self.pid(), Signal::INT).expect("a signal can be sent");
        let ended = timeout(STOP_LIMIT, self.child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("it does not end: {}", self.text()));
        ended.expect("a child can be waited for")
    }
}

/// Name and parent of a process, from `/proc/PID/stat`: `pid (comm) state ppid …`.
fn stat(pid: i32) -> Option<(String, Pid)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (head, rest) = text.rsplit_once(')')?;
    let (_, comm) = head.split_once('(')?;
    let parent = rest.split_whitespace().nth(1)?.parse().ok()?;
    Some((comm.to_owned(), Pid::from_raw(parent)?))
}

async fn read(
    pipe: impl AsyncRead + Unpin,
    lines: Arc<Mutex<Vec<String>>>,
    ears: Arc<tokio::sync::Mutex<()>>,
) {
    let mut pipe = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = pipe.next_line().await {
        let _listening = ears.lock().await;
        lines
            .lock()
            .expect("nobody panics while holding it")
            .push(line);
    }
}

/// A port that is free with those that follow it. It is none that the system gives to connections,
/// since those come and go, nor one that another test of this process was given.
fn base_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let (low, high) = (u32::from(PORTS_FROM), u32::from(PORTS_TO));
    loop {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        // Another process begins elsewhere.
        let slot =
            process::id().wrapping_mul(37).wrapping_add(given) % ((high - low) / u32::from(PORTS));
        let base = low + slot * u32::from(PORTS);
        let base = u16::try_from(base).expect("it is between two ports");
        let is_free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if (base..base + PORTS).all(is_free) {
            return base;
        }
    }
}
