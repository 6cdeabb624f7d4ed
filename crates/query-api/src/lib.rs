//! query-api: everything that can be read of a project. Its database role can only SELECT.
//!
//! A handler reads in one transaction that sees one project ([`app::App::read`]), and turns rows
//! into the shapes of the API, which are defined beside it.

#![warn(missing_docs)]

mod app;
mod routes;

mod cursor;
mod json;
mod range;
mod schema;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use runwatch_core::api_key::Pepper;
use runwatch_service::auth::cache::KeyCache;
use runwatch_service::auth::people::People;
use runwatch_service::auth::token::TokenVerifier;
use runwatch_service::clock::SystemClock;
use runwatch_service::env::Env;
use runwatch_service::health::Readiness;
use runwatch_service::settings::{DatabaseSettings, HttpSettings, LogSettings};
use runwatch_service::{metrics, openapi, server};
use runwatch_store::export::ExportPool;
use runwatch_store::pool::Pool;
use runwatch_store::roles::ServiceRole;
use utoipa::openapi::OpenApi;

use crate::app::App;

const TITLE: &str = "Runwatch query API";
const DESCRIPTION: &str = "Reads the runs, steps, failures and usage of a project. Times are RFC \
    3339 in UTC. Lists end with a `next_cursor`, to be sent back as `cursor`; none means that \
    there is no more.";

/// Connections that exports read with, besides those of everything else.
const EXPORT_CONNECTIONS: usize = 2;
/// The longest that a statement may be allowed: ten minutes.
const TIMEOUT_MS_MAX: usize = 600_000;

/// What query-api can be told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the database is.
    pub database: DatabaseSettings,
    /// What is logged.
    pub log: LogSettings,
    /// Where it listens.
    pub http: HttpSettings,
    /// `QUERY_TIMEOUT_MS`, 5,000 by default: how long one statement may take.
    pub timeout: Duration,
    /// `TOKEN_PUBLIC_KEY`, required: what the tokens of people are proven by.
    pub verifier: Option<TokenVerifier>,
    /// `API_KEY_PEPPER`, required: what the secrets of keys are hashed under.
    pub pepper: Option<Pepper>,
}

impl Settings {
    /// Reads them.
    pub fn from_env(env: &mut Env) -> Self {
        let bind = SocketAddr::from(([127, 0, 0, 1], 8001));
        Self {
            database: DatabaseSettings::from_env(env),
            log: LogSettings::from_env(env),
            http: HttpSettings::from_env(env, "QUERY_BIND", bind),
            timeout: Duration::from_millis(env.number(
                "QUERY_TIMEOUT_MS",
                5_000,
                100..=TIMEOUT_MS_MAX,
            ) as u64),
            verifier: TokenVerifier::from_env(env),
            pepper: env.required_key("API_KEY_PEPPER", Pepper::new),
        }
    }
}

/// Starts to serve. It has to be called on the main runtime, which drives the connections.
pub fn start(settings: &Settings) -> io::Result<server::Running> {
    const READ: &str = "settings are given out only if all of them are there";
    let database = &settings.database;
    let pool = Pool::new(
        database.url.expose(),
        database.pool_size,
        ServiceRole::Query,
    );
    let readiness = readiness(&pool, database.unsafe_durability);
    let keys = Arc::new(KeyCache::of(&pool, settings.pepper.clone().expect(READ)));
    let verifier = settings.verifier.clone().expect(READ);
    let people = Arc::new(People::of(verifier, &pool));
    let exports = ExportPool::new(database.url.expose(), EXPORT_CONNECTIONS);
    let clock = Arc::new(SystemClock);
    let app = Arc::new(App::new(
        pool,
        exports,
        readiness.clone(),
        clock,
        settings.timeout,
    ));
    let service = server::Service {
        registry: metrics::registry(),
        readiness,
        document: document(),
        routes: routes::register(app, keys, people),
    };
    server::start(&settings.http, service)
}

/// The document that describes the API.
pub fn document() -> OpenApi {
    openapi::document(
        TITLE,
        DESCRIPTION,
        &[&openapi::KEYS[..], &openapi::PEOPLE].concat(),
        routes::documented,
    )
}

fn readiness(pool: &Pool, unsafe_durability: bool) -> Readiness {
    let pool = pool.clone();
    Readiness::new(move || {
        let pool = pool.clone();
        async move { app::check(&pool, unsafe_durability).await }
    })
}
