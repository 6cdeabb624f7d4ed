//! The HTTP server: how it starts, what it answers by itself, and how it stops.

pub(crate) mod connection;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpServer};
use prometheus_client::registry::Registry;
use runwatch_core::limits::WIRE_BYTES_MAX;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::health::{Readiness, get_health, get_ready};
use crate::metrics::{HttpMetrics, get_metrics};
use crate::problem::Problem;
use crate::request::{Observer, refuse};
use crate::settings::HttpSettings;

/// How long connections are still accepted after a stop was asked for, so that whoever sends
/// requests here notices that we are no longer ready.
const ACCEPT_WHILE_DRAINING: Duration = Duration::from_secs(1);
/// How long a client may take to send the head of a request, and how long a connection without a
/// request is kept: longer than nginx keeps its own (60 s), so that it is nginx who closes.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long what a refused client goes on sending is read and thrown away, so that it gets to see
/// the answer.
const LINGER: Duration = Duration::from_secs(5);

/// Connections that one worker holds, each with some hundred kilobytes at most; further ones wait to be
/// accepted. nginx, which stands before, keeps a few dozen.
const CONNECTIONS_PER_WORKER_MAX: usize = 1_000;

/// A service to be served.
pub struct Service<R> {
    /// What it counts about itself.
    pub registry: Registry,
    /// Whether it can do its work.
    pub readiness: Readiness,
    /// What it offers ([`crate::openapi::document`]): paths with other methods are answered 405.
    pub document: OpenApi,
    /// Registers its handlers.
    pub routes: R,
}

/// A server that runs.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    readiness: Readiness,
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
    drain: Duration,
    companion: Option<Companion>,
}

/// A server of another protocol in the same process, which stops together with the HTTP server.
#[derive(Debug)]
pub struct Companion {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Sent or dropped, it takes no more connections and finishes what is in flight.
    pub stop: oneshot::Sender<()>,
    /// Ends when all is finished.
    pub task: JoinHandle<io::Result<()>>,
}

impl Companion {
    async fn stop(self, drain: Duration) -> io::Result<()> {
        drop(self.stop);
        let abort = self.task.abort_handle();
        match timeout(drain, self.task).await {
            Ok(ended) => ended.map_err(io::Error::other)?,
            Err(_elapsed) => {
                abort.abort();
                Ok(())
            }
        }
    }
}

/// Starts to serve; port 0 takes any free port. It has to be called on the main runtime.
///
/// A request whose body is not read to its end, because it was refused early, is answered with
/// `Connection: close` by the server, which then goes on reading for [`LINGER`] at most.
pub fn start<R>(settings: &HttpSettings, service: Service<R>) -> io::Result<Running>
where
    R: Fn(&mut ServiceConfig<'_>) + Clone + Send + 'static,
{
    let Service {
        mut registry,
        readiness,
        document,
        routes,
    } = service;
    let metrics = HttpMetrics::register(&mut registry);
    let observer = Observer {
        metrics,
        readiness: readiness.clone(),
    };
    let registry = Data::new(registry);
    let ready = Data::new(readiness.clone());
    let document = Data::new(document);
    let proxies = Data::new(settings.trusted_proxies.clone());
    let server = HttpServer::new(move || {
        let observer = observer.clone();
        let routes = routes.clone();
        App::new()
            .app_data(registry.clone())
            .app_data(ready.clone())
            .app_data(document.clone())
            .app_data(proxies.clone())
            .app_data(web::PayloadConfig::new(WIRE_BYTES_MAX))
            .app_data(path_config())
            .route("/health", web::get().to(get_health))
            .route("/ready", web::get().to(get_ready))
            .route("/metrics", web::get().to(get_metrics))
            .default_service(web::to(refuse_request))
            .wrap(from_fn(move |request, next| {
                observer.clone().observe(request, next)
            }))
            .into_utoipa_app()
            .configure(|config| routes(config))
            .into_app()
    })
    .workers(settings.workers)
    .max_connections(CONNECTIONS_PER_WORKER_MAX)
    .on_connect(connection::remember)
    .client_request_timeout(HEAD_TIMEOUT)
    .client_disconnect_timeout(LINGER)
    .keep_alive(KEEP_ALIVE)
    // A streamed answer goes out in several writes; none of them waits for the client's ACK.
    .tcp_nodelay(true)
    .shutdown_timeout(settings.drain_seconds)
    .disable_signals()
    .bind(settings.bind)?;
    let addr = server.addrs().first().copied().unwrap_or(settings.bind);
    let server = server.run();
    let handle = server.handle();
    tracing::info!(%addr, "Listening on {addr}");
    Ok(Running {
        addr,
        readiness,
        handle,
        task: tokio::spawn(server),
        drain: Duration::from_secs(settings.drain_seconds),
        companion: None,
    })
}

impl Running {
    /// The address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Has another server stop together with this one.
    pub fn with_companion(self, companion: Companion) -> Self {
        let companion = Some(companion);
        Self { companion, ..self }
    }

    /// The address on which the other server listens, if there is one.
    pub fn companion_addr(&self) -> Option<SocketAddr> {
        self.companion.as_ref().map(|companion| companion.addr)
    }

    /// Waits for SIGTERM or SIGINT; then is not ready, lets clients notice, takes no more
    /// connections and finishes what is in flight.
    pub async fn run_until_signal(mut self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            ended = &mut self.task => return ended.map_err(io::Error::other)?,
        }
        tracing::info!("Stopping: requests in flight are finished, new ones go elsewhere");
        self.readiness.drain();
        tokio::time::sleep(ACCEPT_WHILE_DRAINING).await;
        self.stop().await
    }

    /// Takes no more connections and finishes what is in flight.
    pub async fn stop(self) -> io::Result<()> {
        self.readiness.drain();
        let others = async {
            match self.companion {
                Some(companion) => companion.stop(self.drain).await,
                None => Ok(()),
            }
        };
        let ((), others) = tokio::join!(self.handle.stop(true), others);
        self.task.await.map_err(io::Error::other)??;
        others
    }
}

/// The routes of a service that offers nothing but health and metrics.
pub fn no_routes(_: &mut ServiceConfig<'_>) {}

fn path_config() -> web::PathConfig {
    web::PathConfig::default()
        .error_handler(|_, _| Problem::bad_request("An id in the path is not one.").into())
}

async fn refuse_request(request: HttpRequest, document: Data<OpenApi>) -> actix_web::HttpResponse {
    refuse(&request, &document)
}
