//! Settings of alert-worker.

use std::net::{Ipv4Addr, SocketAddr};

use runwatch_core::secrets::KeyRing;
use runwatch_service::env::Env;
use runwatch_service::settings::{DatabaseSettings, HttpSettings, LogSettings, secrets_key};

/// All settings of the process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens, for health and metrics only.
    pub http: HttpSettings,
    /// What it logs.
    pub log: LogSettings,
    /// Where the database is.
    pub database: DatabaseSettings,
    /// `SECRETS_KEY`, required: what the secrets of projects are sealed under.
    pub secrets: Option<KeyRing>,
    /// `SEARCH_INDEX`, 1 by default: whether the search index is made.
    pub search_index: bool,
}

impl Settings {
    /// Reads them.
    pub fn from_env(env: &mut Env) -> Self {
        let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 8003));
        Self {
            http: HttpSettings::from_env(env, "WORKER_BIND", bind),
            log: LogSettings::from_env(env),
            database: DatabaseSettings::from_env(env),
            secrets: secrets_key(env),
            search_index: env.switch("SEARCH_INDEX", true),
        }
    }
}
