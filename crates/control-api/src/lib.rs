//! control-api: what people and automation change. Sign-in, projects, people and keys.
//!
//! A handler says in its signature what its caller needs. What it changes is written into the audit log
//! in the same transaction ([`app::App::change`]).

#![warn(missing_docs)]

mod app;
mod cookies;
mod json;
mod passwords;
mod random;
mod routes;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use runwatch_core::audit::AuditKey;
use runwatch_service::auth::cache::KeyCache;
use runwatch_service::auth::people::People;
use runwatch_service::auth::token::{TokenSigner, TokenVerifier};
use runwatch_service::clock::SystemClock;
use runwatch_service::env::Env;
use runwatch_service::health::Readiness;
use runwatch_service::settings::{DatabaseSettings, HttpSettings, LogSettings};
use runwatch_service::{metrics, openapi, server};
use runwatch_store::pool::Pool;
use utoipa::openapi::OpenApi;

use crate::app::App;
use crate::passwords::Passwords;

const TITLE: &str = "Runwatch control API";
const DESCRIPTION: &str = "Changes what Runwatch does, and for whom. People sign in and name the project \
    in the header X-Runwatch-Project; what they change is in the audit log. Times are RFC 3339 in UTC.";

/// What control-api can be told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the database is.
    pub database: DatabaseSettings,
    /// What is logged.
    pub log: LogSettings,
    /// Where it listens.
    pub http: HttpSettings,
    /// `TOKEN_SIGNING_KEY`: what tokens are signed with.
    pub signer: Option<TokenSigner>,
    /// `TOKEN_PUBLIC_KEY`: what they are proven by.
    pub verifier: Option<TokenVerifier>,
    /// `AUDIT_KEY`, required: 32 bytes in Base64, under which the audit log is hashed.
    pub audit: Option<AuditKey>,
}

impl Settings {
    /// Reads them.
    pub fn from_env(env: &mut Env) -> Self {
        let bind = SocketAddr::from(([127, 0, 0, 1], 8002));
        Self {
            database: DatabaseSettings::from_env(env),
            log: LogSettings::from_env(env),
            http: HttpSettings::from_env(env, "CONTROL_BIND", bind),
            signer: TokenSigner::from_env(env),
            verifier: TokenVerifier::from_env(env),
            audit: env.required_checked("AUDIT_KEY", |text| {
                let key = random::key(text).map(AuditKey::new);
                key.ok_or_else(|| "it must be 32 bytes in Base64".to_owned())
            }),
        }
    }
}

/// Starts to serve. It has to be called on the main runtime, which drives the connections.
pub fn start(settings: &Settings) -> io::Result<server::Running> {
    const READ: &str = "settings are given out only if all of them are there";
    let database = &settings.database;
    let pool = Pool::new(database.url.expose(), database.pool_size);
    let readiness = readiness(&pool, database.unsafe_durability);
    let keys = Arc::new(KeyCache::of(&pool));
    let people = Arc::new(People::of(settings.verifier.clone().expect(READ), &pool));
    let app = Arc::new(App {
        pool,
        audit: settings.audit.clone().expect(READ),
        signer: settings.signer.clone().expect(READ),
        passwords: Passwords::new(),
        clock: Arc::new(SystemClock),
    });
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
    openapi::document(TITLE, DESCRIPTION, &openapi::PEOPLE, routes::documented)
}

fn readiness(pool: &Pool, unsafe_durability: bool) -> Readiness {
    let pool = pool.clone();
    Readiness::new(move || {
        let pool = pool.clone();
        async move { app::check(&pool, unsafe_durability).await }
    })
}
