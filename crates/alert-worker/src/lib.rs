//! alert-worker: the upkeep that no request waits for. Several of them share the work: each job
//! takes rows that no other holds.

pub mod settings;

mod jobs;
mod metrics;
mod schedule;

use std::io;
use std::net::SocketAddr;

use tokio::sync::watch;
use tokio::task::JoinSet;

use runwatch_service::health::Readiness;
use runwatch_service::server::{Running, Service};
use runwatch_service::settings::note_secrets_key;
use runwatch_service::{metrics as service_metrics, openapi, server};
use runwatch_store::pool::Pool;
use runwatch_store::roles::ServiceRole;
use runwatch_store::settings::{NotFit, check_writable};

use crate::jobs::Jobs;
use crate::metrics::JobMetrics;
use crate::settings::Settings;

/// A worker that runs.
pub struct Worker {
    server: Running,
    jobs: JoinSet<()>,
    stop: watch::Sender<bool>,
}

/// Starts the jobs and the server for health and metrics, on the current runtime, which has to be
/// a multi-threaded one.
pub fn start(settings: &Settings) -> io::Result<Worker> {
    let secrets = settings.secrets.as_ref();
    note_secrets_key(secrets.expect("settings are given out only if all of them are there"));
    let url = settings.database.url.expose();
    let pool = Pool::new(url, settings.database.pool_size, ServiceRole::Worker);
    let mut registry = service_metrics::registry();
    let metrics = JobMetrics::register(&mut registry);
    let unsafe_durability = settings.database.unsafe_durability;
    let for_check = pool.clone();
    let readiness = Readiness::new(move || check(for_check.clone(), unsafe_durability));
    let document = openapi::document(
        "Runwatch worker",
        "Health and metrics only.",
        &[],
        server::no_routes,
    );
    let service = Service {
        registry,
        readiness,
        document,
        routes: server::no_routes,
    };
    let server = server::start(&settings.http, service)?;
    let (stop, stopped) = watch::channel(false);
    let jobs = Jobs::new(pool, url.to_owned(), settings.search_index).start(&metrics, &stopped);
    Ok(Worker { server, jobs, stop })
}

impl Worker {
    /// The address of health and metrics.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// Works until SIGTERM or SIGINT; then ends each job after the transaction that it is in.
    pub async fn run_until_signal(self) -> anyhow::Result<()> {
        self.server.run_until_signal().await?;
        finish(self.jobs, &self.stop).await;
        Ok(())
    }

    /// Ends each job after the transaction that it is in.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.server.stop().await?;
        finish(self.jobs, &self.stop).await;
        Ok(())
    }
}

async fn finish(mut jobs: JoinSet<()>, stop: &watch::Sender<bool>) {
    stop.send_replace(true);
    while let Some(ended) = jobs.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "A job ended in a panic");
        }
    }
}

async fn check(pool: Pool, unsafe_durability: bool) -> Result<(), String> {
    let mut conn = pool.get().await.map_err(|error| error.to_string())?;
    match check_writable(&mut conn)
        .await
        .map_err(|error| error.to_string())?
    {
        Some(NotFit::NotDurable(..)) if unsafe_durability => Ok(()),
        Some(unfit) => Err(unfit.to_string()),
        None => Ok(()),
    }
}
