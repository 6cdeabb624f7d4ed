//! What runs, in the order in which it is started and, backwards, stopped.

use std::sync::Arc;

use anyhow::{Context, Result};

use super::data_dir::DataDir;
use super::ready::{self, Question};
use super::service_keys::ServiceKeys;
use super::services::{RoleUrls, demo_program, programs};
use crate::args::UpArgs;
use crate::console::say;
use crate::lifeline::Lifeline;
use crate::nginx::{self, AccessLog, Front, Upstreams};
use crate::ports::{Ports, local_address, on_loopback};
use crate::postgres::{Auth, Durability, Options, Server};
use crate::process::Output;
use crate::secrets::Secrets;
use crate::supervisor::Supervised;

/// The running parts.
pub(super) struct Stack {
    lifeline: Arc<Lifeline>,
    postgres: Option<Supervised>,
    services: Vec<Supervised>,
    nginx: Option<Supervised>,
    demo: Option<Supervised>,
}

impl Stack {
    /// Nothing runs yet.
    pub(super) fn new(lifeline: Arc<Lifeline>) -> Self {
        Self {
            lifeline,
            postgres: None,
            services: Vec::new(),
            nginx: None,
            demo: None,
        }
    }

    /// Starts the private database, unless there is another; gives its URL for administration.
    pub(super) async fn start_database(
        &mut self,
        args: &UpArgs,
        ports: Ports,
        data_dir: &DataDir,
        secrets: &mut Secrets,
    ) -> Result<String> {
        if let Some(url) = &args.database_url {
            say("Using the database of DATABASE_URL.");
            return Ok(url.clone());
        }
        let password = secrets.password("password.postgres");
        let password = password.context("failed to keep a password in the data folder")?;
        let folder = data_dir.path().join("postgres");
        let doing = if folder.exists() {
            "Starting"
        } else {
            "Setting up"
        };
        say(&format!("{doing} PostgreSQL in {}.", folder.display()));
        let server = Server::start(Options {
            data_dir: folder,
            port: ports.postgres,
            durability: Durability::Full,
            auth: Auth::Scram { password },
            output: Output::Console,
            lifeline: Arc::clone(&self.lifeline),
        });
        let server = server.await.context("failed to start PostgreSQL")?;
        let admin_url = server.admin_url();
        let (program, process) = server.into_parts();
        self.postgres = Some(Supervised::adopt(program, process, &self.lifeline));
        Ok(admin_url)
    }

    /// Starts all services, then waits until each is ready.
    pub(super) async fn start_services(
        &mut self,
        roles: &RoleUrls,
        keys: &ServiceKeys,
        ports: Ports,
        public_url: &str,
    ) -> Result<()> {
        for program in programs(roles, keys, ports, public_url)? {
            let name = program.name;
            say(&format!("Starting {name}."));
            let service = Supervised::start(program, &self.lifeline);
            self.services
                .push(service.with_context(|| format!("failed to start {name}"))?);
        }
        for service in &self.services {
            let port = ports
                .services()
                .into_iter()
                .find(|(name, _)| *name == service.name());
            let (name, port) = port.context("every service has a port")?;
            let question = Question {
                name,
                address: on_loopback(port),
                path: "/ready",
            };
            ready::wait(question, service.last_lines()).await?;
        }
        Ok(())
    }

    /// Starts nginx, the last part: from then on everything can be reached.
    pub(super) async fn start_front(
        &mut self,
        args: &UpArgs,
        ports: Ports,
        data_dir: &DataDir,
    ) -> Result<AccessLog> {
        let front = Front::new(&args.front, ports, Upstreams::on_loopback(ports))?;
        let (program, access_log) = nginx::prepare(&front, &data_dir.path().join("nginx")).await?;
        say("Starting nginx.");
        let nginx = Supervised::start(program, &self.lifeline).context("failed to start nginx")?;
        let nginx = self.nginx.insert(nginx);
        let address = local_address(args, ports);
        let question = Question {
            name: "nginx",
            address,
            path: "/health",
        };
        ready::wait(question, nginx.last_lines()).await?;
        Ok(access_log)
    }

    /// Starts the made-up agents; they are clients like any other.
    pub(super) fn start_demo(&mut self, url: &str, ingest_key: &str) -> Result<()> {
        let program = demo_program(url, ingest_key)?;
        let demo = Supervised::start(program, &self.lifeline);
        self.demo = Some(demo.context("failed to start the demo")?);
        Ok(())
    }

    /// Stops what runs: first nobody comes in any more, then the services end what they have
    /// begun, and the database goes last.
    pub(super) async fn stop(self) {
        let Self {
            lifeline: _,
            postgres,
            services,
            nginx,
            demo,
        } = self;
        if let Some(demo) = demo {
            demo.stop().await;
        }
        if let Some(nginx) = nginx {
            nginx.stop().await;
        }
        let (worker, apis): (Vec<_>, Vec<_>) = services
            .into_iter()
            .partition(|service| service.name() == "alert-worker");
        futures_util::future::join_all(apis.into_iter().map(Supervised::stop)).await;
        futures_util::future::join_all(worker.into_iter().map(Supervised::stop)).await;
        if let Some(postgres) = postgres {
            postgres.stop().await;
        }
    }
}
