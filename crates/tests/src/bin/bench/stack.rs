//! The real system: a cluster with the schema, a project with a key, and the services as child
//! processes, each under its own database role.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use runwatch_cli::process::{LastLines, Output, Process, Program};
use runwatch_core::api_key::{ApiKey, Scope};
use runwatch_core::ids::KeyId;
use runwatch_core::project_settings::ProjectSettings;
use runwatch_core::redact::{Detector, Rules};
use runwatch_store::{api_keys, migrate, pool, project_settings, projects};
use rustix::process::Signal;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use runwatch_tests::keys;

use crate::cluster::{Cluster, free_port};
use crate::http::Client;
use crate::load::{Protocol, Target};
use crate::machine;

/// How long a service may take to stop, and to become ready.
const LIMIT: Duration = Duration::from_secs(30);
/// The pause between two looks at whether something has come about.
pub(crate) const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// How long the worker may take to fold two million steps' rollups.
const FOLD_LIMIT: Duration = Duration::from_secs(600);

/// A service of ours.
#[derive(Clone, Copy)]
pub(crate) struct Service {
    name: &'static str,
    /// The database role that it connects as.
    pub(crate) role: &'static str,
    bind_variable: &'static str,
    /// Settings besides where it listens and where the database is.
    settings: &'static [(&'static str, &'static str)],
}

/// Folds what was taken in into the rollups, and makes the search index of it.
pub(crate) const WORKER: Service = Service {
    name: "alert-worker",
    role: "runwatch_worker",
    bind_variable: "WORKER_BIND",
    settings: &[("SEARCH_INDEX", "1"), ("SECRETS_KEY", keys::SECRETS)],
};
/// The worker, which makes no search index.
pub(crate) const WORKER_WITHOUT_INDEX: Service = Service {
    settings: &[("SEARCH_INDEX", "0"), ("SECRETS_KEY", keys::SECRETS)],
    ..WORKER
};
/// Answers questions.
pub(crate) const QUERY: Service = Service {
    name: "query-api",
    role: "runwatch_query",
    bind_variable: "QUERY_BIND",
    settings: &[
        ("TOKEN_PUBLIC_KEY", keys::PUBLIC),
        ("API_KEY_PEPPER", keys::PEPPER),
    ],
};
/// Takes runs in.
pub(crate) const INGEST: Service = Service {
    name: "ingest-api",
    role: "runwatch_ingest",
    bind_variable: "INGEST_BIND",
    settings: &[("API_KEY_PEPPER", keys::PEPPER)],
};

/// A project with keys.
#[derive(Clone)]
pub(crate) struct Project {
    /// Its id.
    pub(crate) id: Uuid,
    /// A key that may send and read.
    pub(crate) key: String,
    /// A key that may read, as an analyst has it.
    pub(crate) reader_key: String,
}

/// The running system.
pub(crate) struct Stack {
    /// Its database.
    pub(crate) cluster: Cluster,
    /// Where ingest-api listens for gRPC.
    pub(crate) grpc: SocketAddr,
    running: Vec<Running>,
}

struct Running {
    program: Program,
    process: Process,
    address: SocketAddr,
}

impl Stack {
    /// Starts the services on a cluster of their own and waits until they are ready.
    pub(crate) async fn start(services: &[Service]) -> Result<Self> {
        let cluster = Cluster::start().await?;
        migrate::up(&cluster.admin_url()).await?;
        let mut stack = Self {
            cluster,
            grpc: SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?)),
            running: Vec::new(),
        };
        match stack.start_services(services).await {
            Ok(()) => Ok(stack),
            Err(error) => {
                stack.stop().await?;
                Err(error)
            }
        }
    }

    async fn start_services(&mut self, services: &[Service]) -> Result<()> {
        for service in services {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
            let mut env = vec![
                ("DATABASE_URL", self.cluster.url(service.role)),
                (service.bind_variable, address.to_string()),
                ("INGEST_GRPC_BIND", self.grpc.to_string()),
            ];
            let settings = service.settings.iter();
            env.extend(settings.map(|(name, value)| (*name, (*value).to_owned())));
            let program = Program {
                name: service.name,
                path: beside_ourselves(service.name)?,
                args: Vec::new(),
                env,
                dir: "/".into(),
                account: None,
                stop_signal: Signal::TERM,
                stop_limit: LIMIT,
                output: Output::Quiet,
            };
            let lifeline = self.cluster.lifeline();
            let process = Process::spawn(&program, lifeline, LastLines::default())?;
            self.running.push(Running {
                program,
                process,
                address,
            });
        }
        for running in &self.running {
            wait_until_ready(running).await?;
        }
        Ok(())
    }

    /// Makes a project with keys, which looks for everything that can be looked for.
    pub(crate) async fn project(&self, name: &str) -> Result<Project> {
        let mut conn = pool::connect(&self.cluster.url("runwatch_control")).await?;
        let project = projects::create(&mut conn, name).await?;
        project_settings::put(&mut conn, project.id, &strictest()).await?;
        let mut key = async |scopes| {
            let id = KeyId(Uuid::now_v7());
            // The cluster lives for this measurement only, so that nothing needs to be secret.
            let key = ApiKey::from_random(id, [7; 32]);
            let new = api_keys::NewKey {
                id,
                name: "bench".to_owned(),
                scopes,
                secret_hash: key.secret_hash(&keys::pepper()),
                expires_at: None,
            };
            api_keys::create(&mut conn, project.id, &new).await?;
            anyhow::Ok(key.to_text())
        };
        Ok(Project {
            id: project.id.0,
            key: key(vec![Scope::Ingest, Scope::Read]).await?,
            reader_key: key(vec![Scope::Read]).await?,
        })
    }

    /// Where a service listens.
    pub(crate) fn address(&self, service: Service) -> Result<SocketAddr> {
        Ok(self.running(service)?.address)
    }

    /// The number of a service's process.
    pub(crate) fn pid(&self, service: Service) -> Result<u32> {
        Ok(self.running(service)?.process.pid())
    }

    /// All programs of the system and this one, so that others are noticed.
    pub(crate) fn programs(&self) -> Vec<machine::Program> {
        let services = self.running.iter().map(|running| running.process.pid());
        let alone = services.chain([std::process::id()]);
        let mut programs: Vec<_> = alone.map(machine::Program::Alone).collect();
        programs.push(machine::Program::WithChildren(self.cluster.pid()));
        programs
    }

    /// Where a project's runs are sent over HTTP.
    pub(crate) fn target(&self, project: &Project) -> Result<Target> {
        self.target_of(project, Protocol::Http)
    }

    /// Where a project's runs are sent, and how.
    pub(crate) fn target_of(&self, project: &Project, protocol: Protocol) -> Result<Target> {
        Ok(Target {
            address: match protocol {
                Protocol::Http => self.address(INGEST)?,
                Protocol::Grpc => self.grpc,
            },
            protocol,
            key: project.key.clone(),
        })
    }

    /// Waits until the worker has folded everything into the rollups.
    pub(crate) async fn wait_until_folded(&self) -> Result<()> {
        let admin = self.cluster.connect(&self.cluster.admin_url()).await?;
        let began = Instant::now();
        while admin
            .query_one("SELECT EXISTS (SELECT FROM usage_deltas)", &[])
            .await?
            .try_get(0)?
        {
            if began.elapsed() > FOLD_LIMIT {
                bail!(
                    "the worker has not folded everything within {} s",
                    FOLD_LIMIT.as_secs()
                );
            }
            sleep(LOOK_PAUSE).await;
        }
        Ok(())
    }

    /// Stops everything, the services before their database.
    pub(crate) async fn stop(mut self) -> Result<()> {
        while let Some(Running {
            program,
            mut process,
            ..
        }) = self.running.pop()
        {
            process.stop(&program).await?;
        }
        self.cluster.stop().await
    }

    fn running(&self, service: Service) -> Result<&Running> {
        let running = self
            .running
            .iter()
            .find(|running| running.program.name == service.name);
        running.with_context(|| format!("{} was not started", service.name))
    }
}

async fn wait_until_ready(running: &Running) -> Result<()> {
    let began = Instant::now();
    while !is_ready(running.address).await {
        if began.elapsed() > LIMIT {
            let last_lines = running.process.last_lines().text();
            bail!(
                "{} is not ready; its last lines:\n{last_lines}",
                running.program.name
            );
        }
        sleep(LOOK_PAUSE).await;
    }
    Ok(())
}

async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut client) = Client::connect(address).await else {
        return false;
    };
    client
        .get("/ready", "")
        .await
        .is_ok_and(|answer| answer.status == 200)
}

/// The executable of a service, which is built together with ours.
fn beside_ourselves(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    anyhow::ensure!(
        path.is_file(),
        "{} is missing: start scripts/bench",
        path.display()
    );
    Ok(path)
}

/// Settings with all detectors of redaction.
fn strictest() -> ProjectSettings {
    ProjectSettings {
        redaction: Rules {
            detectors: Detector::ALL.to_vec(),
            patterns: Vec::new(),
        },
        ..ProjectSettings::default()
    }
}
