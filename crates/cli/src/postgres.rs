//! A private PostgreSQL server: found on the machine, set up in a folder of its own, started,
//! stopped and crashed. `runwatch up` and the tests both use it.

mod binaries;
mod cluster;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep, timeout};

use self::binaries::{Binaries, MAJOR_MIN};
use crate::account::{Account, AccountError, is_root};
use crate::lifeline::Lifeline;
use crate::process::{LastLines, Output, Process, Program};

/// The database that every new cluster has.
pub const DATABASE: &str = "runwatch";
/// The superuser of the cluster, by PostgreSQL's usual name.
pub const SUPERUSER: &str = "postgres";

/// How long a start may take: the recovery after a crash reads up to `max_wal_size`, 4 GiB.
const START_LIMIT: Duration = Duration::from_secs(300);
/// How long a fast shutdown may take: it writes out what is in shared buffers.
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// How long the processes of a killed server are waited for; they notice within moments.
const ORPHANS_LIMIT: Duration = Duration::from_secs(10);
/// The pause between two looks at whether the server is ready.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// How a server is set up and started.
#[derive(Clone, Debug)]
pub struct Options {
    /// An absolute folder for this cluster alone; made when it is not there.
    pub data_dir: PathBuf,
    /// The port on loopback.
    pub port: u16,
    /// Whether commits survive a crash of the machine.
    pub durability: Durability,
    /// How a new cluster tells who connects.
    pub auth: Auth,
    /// Where the server's log goes.
    pub output: Output,
    /// What ends the server when this process goes.
    pub lifeline: Arc<Lifeline>,
}

/// Whether commits survive a crash of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// They do.
    Full,
    /// They may not, nor even a crash of the server alone; that makes tests faster.
    OffForTests,
}

/// How a new cluster tells who connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// By password; letters and digits only.
    Scram {
        /// That of the superuser.
        password: String,
    },
    /// Whoever reaches the port is believed; for tests.
    Trust,
}

/// Why there is no running server.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// Nothing was found.
    #[error(
        "no PostgreSQL server was found in PATH or the usual folders; install PostgreSQL {MAJOR_MIN} or newer, or set DATABASE_URL"
    )]
    NotInstalled,
    /// Only old ones were found.
    #[error(
        "PostgreSQL {found} is too old; install PostgreSQL {MAJOR_MIN} or newer, or set DATABASE_URL"
    )]
    TooOld {
        /// The major version that was found.
        found: u32,
    },
    /// The cluster was made by a version that is not there any more.
    #[error(
        "the data was made by PostgreSQL {data}, but only PostgreSQL {found} is installed; install PostgreSQL {data} again, or move the data with pg_upgrade"
    )]
    WrongMajor {
        /// The cluster's major version.
        data: u32,
        /// The installed one.
        found: u32,
    },
    /// Root cannot run it, and there is nobody else.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The account of the server cannot enter the folder.
    #[error(
        "PostgreSQL does not run as root, and the account it runs as cannot enter {}; choose another --data-dir",
        path.display()
    )]
    Unreachable {
        /// The folder.
        path: PathBuf,
    },
    /// A folder or file could not be made or read.
    #[error("failed to set up {}", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program of PostgreSQL could not be run.
    #[error("failed to run {program}")]
    NotRun {
        /// The program.
        program: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A program of PostgreSQL ended with an error.
    #[error("{program} failed:\n{said}")]
    Failed {
        /// The program.
        program: &'static str,
        /// What it said.
        said: String,
    },
    /// Another server uses the folder.
    #[error(
        "another PostgreSQL server is running in {}; its process number is the first line of postmaster.pid there",
        path.display()
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The server ended while it started.
    #[error("PostgreSQL did not start; its last lines:\n{last_lines}")]
    NotStarted {
        /// Its last lines.
        last_lines: String,
    },
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    options: Options,
    program: Program,
    process: Process,
}

impl Server {
    /// Starts a server, on a new cluster if there is none yet, and waits until it takes
    /// connections.
    pub async fn start(options: Options) -> Result<Self, PostgresError> {
        let program = prepare(&options).await?;
        let process = start_process(&options, &program).await?;
        Ok(Self {
            options,
            program,
            process,
        })
    }

    /// Our database as the superuser.
    pub fn admin_url(&self) -> String {
        let login = match &self.options.auth {
            Auth::Scram { password } => format!("{SUPERUSER}:{password}"),
            Auth::Trust => SUPERUSER.to_owned(),
        };
        self.url(&login, DATABASE)
    }

    /// A database as a role, without its password.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!(
            "postgres://{role}@127.0.0.1:{}/{database}",
            self.options.port
        )
    }

    /// Stops the server in good order: connections are closed, everything is written out.
    pub async fn stop(&mut self) -> Result<(), PostgresError> {
        let stopped = self.process.stop(&self.program).await;
        stopped.map(|_status| ()).map_err(not_run)
    }

    /// Kills the server as a crash would, without a chance to write anything out.
    pub async fn kill9(&mut self) -> Result<(), PostgresError> {
        self.process.signal(Signal::KILL).map_err(not_run)?;
        self.process.wait().await.map(|_status| ()).map_err(not_run)
    }

    /// Starts the server again after [`Server::stop`] or [`Server::kill9`].
    pub async fn restart(&mut self) -> Result<(), PostgresError> {
        self.process = start_process(&self.options, &self.program).await?;
        Ok(())
    }

    /// Hands the running server over to somebody who keeps it running.
    pub fn into_parts(self) -> (Program, Process) {
        (self.program, self.process)
    }
}

impl Options {
    /// A program of PostgreSQL, run in the folder by the account.
    fn program<'a>(
        &self,
        path: &Path,
        args: impl IntoIterator<Item = &'a str>,
        dir: &Path,
        account: Option<Account>,
    ) -> Program {
        Program {
            name: "postgres",
            path: path.to_owned(),
            args: args.into_iter().map(OsString::from).collect(),
            env: Vec::new(),
            dir: dir.to_owned(),
            account,
            stop_signal: Signal::INT,
            stop_limit: STOP_LIMIT,
            output: self.output,
        }
    }
}

/// Makes sure of programs, account, cluster and settings.
async fn prepare(options: &Options) -> Result<Program, PostgresError> {
    let data_dir = &options.data_dir;
    let failed = |source| PostgresError::Folder {
        path: data_dir.clone(),
        source,
    };
    let major = cluster::major_in(data_dir);
    let binaries = Binaries::find(env::var_os("PATH").as_deref(), major)?;
    let parent = data_dir.parent().unwrap_or(data_dir);
    fs::create_dir_all(parent).map_err(failed)?;
    let account = match (is_root(), major) {
        (false, _) => None,
        (true, Some(_)) => Some(Account::owner_of(data_dir).map_err(failed)?),
        (true, None) => Some(Account::for_database()?),
    };
    if let Some(account) = account
        && !account.can_reach(parent).map_err(failed)?
    {
        return Err(PostgresError::Unreachable {
            path: parent.to_owned(),
        });
    }
    if major.is_none() {
        cluster::make(options, &binaries, account).await?;
    }
    let program = options.program(&binaries.postgres, ["-D", "."], data_dir, account);
    cluster::write_settings(options, &program).await?;
    Ok(program)
}

/// Starts the server; one that was killed may have left processes that must notice it first.
async fn start_process(options: &Options, program: &Program) -> Result<Process, PostgresError> {
    let began = Instant::now();
    loop {
        let mut process =
            Process::spawn(program, &options.lifeline, LastLines::default()).map_err(not_run)?;
        let outcome = timeout(START_LIMIT, until_ready(&mut process, &options.data_dir)).await;
        let last_lines = process.last_lines().text();
        match outcome {
            Ok(Ok(true)) => return Ok(process),
            Ok(Ok(false)) if last_lines.contains("pre-existing shared memory block") => {
                if began.elapsed() > ORPHANS_LIMIT {
                    return Err(PostgresError::InUse {
                        path: options.data_dir.clone(),
                    });
                }
                sleep(LOOK_PAUSE).await;
            }
            Ok(Ok(false)) if last_lines.contains("lock file \"postmaster.pid\" already exists") => {
                return Err(PostgresError::InUse {
                    path: options.data_dir.clone(),
                });
            }
            Ok(Ok(false)) => return Err(PostgresError::NotStarted { last_lines }),
            Ok(Err(source)) => return Err(not_run(source)),
            Err(_too_long) => {
                process.stop(program).await.map_err(not_run)?;
                return Err(PostgresError::NotStarted { last_lines });
            }
        }
    }
}

/// Waits until the server takes connections (true) or has ended (false).
async fn until_ready(process: &mut Process, data_dir: &Path) -> io::Result<bool> {
    let pid = process.pid();
    let ready = async {
        while !says_ready(data_dir, pid) {
            sleep(LOOK_PAUSE).await;
        }
    };
    tokio::select! {
        ended = process.wait() => ended.map(|_status| false),
        () = ready => Ok(true),
    }
}

/// Whether the eighth line of `postmaster.pid` says that the server takes connections, which is
/// what `pg_ctl` waits for too; the first line tells whose file it is.
fn says_ready(data_dir: &Path, pid: u32) -> bool {
    let Ok(text) = fs::read_to_string(data_dir.join("postmaster.pid")) else {
        return false;
    };
    let mut lines = text.lines();
    lines.next() == Some(pid.to_string().as_str())
        && lines.nth(6).is_some_and(|line| line.trim() == "ready")
}

fn not_run(source: io::Error) -> PostgresError {
    PostgresError::NotRun {
        program: "postgres",
        source,
    }
}
