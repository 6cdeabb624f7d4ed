//! control-api: what people and automation change. Sign-in, projects, people and keys.
//!
//! A handler says in its signature what its caller needs. What it changes is written into the audit log
//! in the same transaction ([`app::App::change`]).

#![warn(missing_docs)]

mod app;
mod bootstrap;
mod cookies;
mod json;
mod oidc;
mod passwords;
mod random;
mod routes;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use runwatch_core::api_key::{ApiKey, Pepper};
use runwatch_core::audit::AuditKey;
use runwatch_core::secrets::KeyRing;
use runwatch_service::auth::cache::KeyCache;
use runwatch_service::auth::people::People;
use runwatch_service::auth::token::{TokenSigner, TokenVerifier};
use runwatch_service::clock::{Clock as _, SystemClock};
use runwatch_service::env::Env;
use runwatch_service::health::Readiness;
use runwatch_service::settings::{
    DatabaseSettings, HttpSettings, LogSettings, note_secrets_key, secrets_key,
};
use runwatch_service::{metrics, openapi, server};
use runwatch_store::pool::Pool;
use runwatch_store::roles::ServiceRole;
use utoipa::openapi::OpenApi;

pub use crate::oidc::OidcSettings;

use crate::app::App;
use crate::oidc::Oidc;
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
    /// `AUDIT_KEY`, required: what the audit log is hashed under.
    pub audit: Option<AuditKey>,
    /// `API_KEY_PEPPER`, required: what the secrets of keys are hashed under.
    pub pepper: Option<Pepper>,
    /// `SECRETS_KEY`, required: what the secrets of projects are sealed under.
    pub secrets: Option<KeyRing>,
    /// `BOOTSTRAP_API_KEY`: a key with all scopes of the first project, for installations that are set up
    /// without anybody.
    pub bootstrap: Option<ApiKey>,
    /// `OIDC_ISSUER` and what belongs to it: the provider at which people can sign in, if there is one.
    pub oidc: Option<OidcSettings>,
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
            audit: env.required_key("AUDIT_KEY", AuditKey::new),
            pepper: env.required_key("API_KEY_PEPPER", Pepper::new),
            secrets: secrets_key(env),
            bootstrap: env.checked("BOOTSTRAP_API_KEY", None, |text| match text.parse() {
                Ok(key) => Ok(Some(key)),
                Err(_not_a_key) => {
                    Err("it must be a key as `runwatch key generate` prints it".to_owned())
                }
            }),
            oidc: OidcSettings::from_env(env),
        }
    }
}

/// Starts to serve. It has to be called on the main runtime, which drives the connections.
pub fn start(settings: &Settings) -> io::Result<server::Running> {
    const READ: &str = "settings are given out only if all of them are there";
    let database = &settings.database;
    let signer = settings.signer.clone().expect(READ);
    let verifier = settings.verifier.clone().expect(READ);
    if !signer.is_proven_by(&verifier, SystemClock.now()) {
        let what = "TOKEN_PUBLIC_KEY is not the public half of TOKEN_SIGNING_KEY";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    note_secrets_key(settings.secrets.as_ref().expect(READ));
    let pepper = settings.pepper.clone().expect(READ);
    let pool = Pool::new(
        database.url.expose(),
        database.pool_size,
        ServiceRole::Control,
    );
    let readiness = readiness(&pool, database.unsafe_durability);
    let keys = Arc::new(KeyCache::of(&pool, pepper.clone()));
    let people = Arc::new(People::of(verifier, &pool));
    let app = Arc::new(App {
        pool,
        audit: settings.audit.clone().expect(READ),
        pepper,
        signer,
        passwords: Passwords::new(),
        oidc: settings.oidc.clone().map(Oidc::new).transpose()?,
        clock: Arc::new(SystemClock),
    });
    if let Some(key) = settings.bootstrap.clone() {
        tokio::spawn(bootstrap::ensure(Arc::clone(&app), key));
    }
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
