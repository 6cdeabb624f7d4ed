//! Who calls: an API key, found by its id and proven by its secret.
//!
//! A handler that takes a [`Reader`] or an [`Ingester`] cannot be reached without the right.

pub mod cache;
mod credential;

pub use credential::Credentials;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use runwatch_core::api_key::{ApiKey, Scope};
use runwatch_core::hash::ContentKey;
use runwatch_core::ids::ProjectId;
use runwatch_store::api_keys::FoundKey;

use crate::auth::cache::KeyCache;
use crate::problem::Problem;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const NO_KEY: &str =
    "Send an API key in the header X-API-Key, or in Authorization as Bearer or Basic password.";
const WRONG_KEY: &str = "This API key is mistyped, unknown or revoked.";

/// Somebody who may read a project.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// The project that the key belongs to.
    pub project: ProjectId,
}

/// Somebody who may send telemetry to a project.
#[derive(Clone, Copy, Debug)]
pub struct Ingester {
    /// The project that the key belongs to.
    pub project: ProjectId,
    /// The secret under which the project's contents are hashed.
    pub content_key: ContentKey,
}

/// Somebody who may send telemetry to a project, or read it: who tries out what would become of it.
#[derive(Clone, Copy, Debug)]
pub struct Inspector {
    /// The secret under which the project's contents are hashed.
    pub content_key: ContentKey,
}

impl FromRequest for Reader {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = authorize(request.clone(), &[Scope::Read]);
        Box::pin(async move {
            Ok(Self {
                project: found.await?.project,
            })
        })
    }
}

impl FromRequest for Ingester {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = authorize(request.clone(), &[Scope::Ingest]);
        Box::pin(async move { Ok(Self::of(&*found.await?)) })
    }
}

impl Ingester {
    /// Whoever has the key in these headers, if it may send telemetry.
    pub async fn find(keys: &KeyCache, credentials: Credentials<'_>) -> Result<Self, Problem> {
        Ok(Self::of(
            &*prove(keys, credentials, &[Scope::Ingest]).await?,
        ))
    }

    fn of(found: &FoundKey) -> Self {
        Self {
            project: found.project,
            content_key: found.content_key,
        }
    }
}

impl FromRequest for Inspector {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = authorize(request.clone(), &[Scope::Ingest, Scope::Read]);
        Box::pin(async move {
            Ok(Self {
                content_key: found.await?.content_key,
            })
        })
    }
}

/// Finds the key of a request, which has to have one of the scopes.
async fn authorize(
    request: HttpRequest,
    scopes: &'static [Scope],
) -> Result<Arc<FoundKey>, Problem> {
    let keys: &Data<KeyCache> = request
        .app_data()
        .expect("a service whose handlers ask who calls registers its KeyCache");
    let header = |name| request.headers().get(name).map(HeaderValue::as_bytes);
    let credentials = Credentials {
        api_key: header(API_KEY),
        authorization: header(AUTHORIZATION),
    };
    prove(keys, credentials, scopes).await
}

async fn prove(
    keys: &KeyCache,
    credentials: Credentials<'_>,
    scopes: &[Scope],
) -> Result<Arc<FoundKey>, Problem> {
    let text = credentials.key().ok_or(Problem::unauthenticated(NO_KEY))?;
    let wrong = || Problem::unauthenticated(WRONG_KEY);
    let key: ApiKey = text.parse().map_err(|_not_a_key| wrong())?;
    let found = keys
        .find(key.id())
        .await
        .map_err(|_logged| Problem::unavailable())?;
    let found = found
        .filter(|found| key.has_hash(&found.secret_hash))
        .ok_or_else(wrong)?;
    if scopes.iter().any(|scope| found.scopes.contains(scope)) {
        Ok(found)
    } else {
        // Of several that would do, the first is what whoever calls this most likely meant.
        let missing = scopes.first().map_or("", |scope| scope.name());
        Err(Problem::missing_scope(missing))
    }
}
