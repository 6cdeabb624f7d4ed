//! Settings that every service has; each is read where it is used and nowhere else.

use std::net::SocketAddr;

use runwatch_core::secrets::{KeyRing, NotAKeyRing};
use runwatch_store::connector::Address;
use tracing_subscriber::EnvFilter;

use crate::client::TrustedProxies;
use crate::env::{Env, Secret};

/// Connections that one process may keep: below the 100 that Postgres allows by default.
const POOL_SIZE_MAX: usize = 90;
/// Threads that may answer requests.
const WORKERS_MAX: usize = 256;
/// Seconds that a stop may be asked to wait: above, supervisors have long lost patience.
const DRAIN_SECONDS_MAX: usize = 600;

/// Where the database is, and how much of it a process takes.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `DATABASE_URL`, required: the URL under which the service's own role connects; a database on another machine
    /// has to prove itself by TLS ([`runwatch_store::connector`]).
    pub url: Secret,
    /// `DATABASE_POOL_SIZE`, 8 by default: connections that are kept open at most.
    pub pool_size: usize,
    /// `RUNWATCH_UNSAFE_DURABILITY`, off by default: be ready although commits may be lost. Only
    /// for tests, which turn off fsync.
    pub unsafe_durability: bool,
}

impl DatabaseSettings {
    /// Reads them.
    pub fn from_env(env: &mut Env) -> Self {
        Self {
            url: env
                .required_checked("DATABASE_URL", |text| match text.parse::<Address>() {
                    Ok(_fit) => Ok(Secret::new(text)),
                    Err(unfit) => Err(unfit.to_string()),
                })
                .unwrap_or_default(),
            pool_size: env.number("DATABASE_POOL_SIZE", 8, 1..=POOL_SIZE_MAX),
            unsafe_durability: env.flag("RUNWATCH_UNSAFE_DURABILITY"),
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// `RUNWATCH_LOG`, `info,actix_server=warn` by default: a filter such as `info,query_api=debug`.
    pub filter: String,
    /// `RUNWATCH_LOG_FORMAT`, `text` or `json`, `json` by default.
    pub format: LogFormat,
}

impl LogSettings {
    /// Reads them.
    pub fn from_env(env: &mut Env) -> Self {
        let filter = env.checked(
            "RUNWATCH_LOG",
            "info".to_owned(),
            |text| match EnvFilter::try_new(text) {
                Ok(_) => Ok(text.to_owned()),
                Err(_) => Err("it must be a filter such as info,query_api=debug".to_owned()),
            },
        );
        let format = env.checked("RUNWATCH_LOG_FORMAT", LogFormat::Json, |text| match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err("it must be text or json".to_owned()),
        });
        Self { filter, format }
    }
}

/// Where a service listens, and how it stops.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// `INGEST_BIND` (127.0.0.1:8000), `QUERY_BIND` (127.0.0.1:8001) or `WORKER_BIND`
    /// (127.0.0.1:8003): address and port.
    pub bind: SocketAddr,
    /// `RUNWATCH_HTTP_WORKERS`, as many as the machine has cores by default: threads that answer.
    pub workers: usize,
    /// `RUNWATCH_DRAIN_SECONDS`, 20 by default: how long requests in flight may take to end when
    /// the service stops.
    pub drain_seconds: u64,
    /// `RUNWATCH_TRUSTED_PROXIES`, this machine by default: who is believed about whom they pass on.
    pub trusted_proxies: TrustedProxies,
}

impl HttpSettings {
    /// Reads them; the name of the variable for the address and its default are the binary's.
    pub fn from_env(env: &mut Env, bind_variable: &str, bind_default: SocketAddr) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let drain = env.number("RUNWATCH_DRAIN_SECONDS", 20, 0..=DRAIN_SECONDS_MAX);
        let trusted_proxies = TrustedProxies::from_env(env);
        Self {
            bind: env.parsed(bind_variable, bind_default),
            workers: env.number(
                "RUNWATCH_HTTP_WORKERS",
                cores.min(WORKERS_MAX),
                1..=WORKERS_MAX,
            ),
            drain_seconds: drain as u64,
            trusted_proxies,
        }
    }
}

/// `SECRETS_KEY`, required, or the file of `SECRETS_KEY_FILE`: what the secrets of projects are sealed under.
pub fn secrets_key(env: &mut Env) -> Option<KeyRing> {
    env.required_or_file("SECRETS_KEY", |text| {
        text.parse().map_err(|error: NotAKeyRing| error.to_string())
    })
}

/// Says in the log under which key secrets are sealed and which others open them: before an old one is taken
/// out, every service has to have the new one.
pub fn note_secrets_key(ring: &KeyRing) {
    let others: Vec<String> = ring.ids().skip(1).map(|id| id.to_string()).collect();
    let (key, others) = (ring.first(), others.join(","));
    tracing::info!(%key, others, "Secrets are sealed under this key");
}
