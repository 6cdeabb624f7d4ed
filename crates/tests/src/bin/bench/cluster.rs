//! A private PostgreSQL cluster with full durability and the settings of `runwatch up`, in a
//! folder that is removed afterwards.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use runwatch_cli::lifeline::Lifeline;
use runwatch_cli::postgres::{Auth, DATABASE, Durability, Options, Server};
use runwatch_cli::process::{Output, Process, Program};
use runwatch_tests::database::try_connect;
use tokio_postgres::Client;

/// Where clusters are made: on a disk, which `/tmp` need not be.
const FOLDER: &str = "/var/tmp";

/// Tells the clusters of one process apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A running cluster.
pub(crate) struct Cluster {
    folder: PathBuf,
    port: u16,
    admin_url: String,
    lifeline: Arc<Lifeline>,
    program: Program,
    process: Process,
}

impl Cluster {
    /// Makes and starts a cluster.
    pub(crate) async fn start() -> Result<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = format!("{FOLDER}/runwatch-bench-{}-{number}", std::process::id());
        let lifeline = Arc::new(Lifeline::start()?);
        let port = free_port()?;
        let options = Options {
            data_dir: PathBuf::from(&folder),
            port,
            durability: Durability::Full,
            auth: Auth::Trust,
            output: Output::Quiet,
            lifeline: lifeline.clone(),
        };
        let server = Server::start(options).await?;
        let admin_url = server.admin_url();
        let (program, process) = server.into_parts();
        Ok(Self {
            folder: folder.into(),
            port,
            admin_url,
            lifeline,
            program,
            process,
        })
    }

    /// What ends the processes that belong to the cluster when this one goes.
    pub(crate) fn lifeline(&self) -> &Arc<Lifeline> {
        &self.lifeline
    }

    /// The number of the server's first process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The database as the superuser.
    pub(crate) fn admin_url(&self) -> String {
        self.admin_url.clone()
    }

    /// The database as a role.
    pub(crate) fn url(&self, role: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{DATABASE}", self.port)
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self, url: &str) -> Result<Client> {
        Ok(try_connect(url).await?)
    }

    /// Stops the server and removes the folder.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.process.stop(&self.program).await?;
        std::fs::remove_dir_all(&self.folder)
            .with_context(|| format!("{} stays", self.folder.display()))
    }
}

/// A port on loopback that nobody listens at.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
