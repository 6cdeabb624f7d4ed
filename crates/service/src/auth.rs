//! Who calls: a program with an API key, or somebody who is signed in.
//!
//! A handler that takes a [`Caller`] or an [`Ingester`] cannot be reached without the right that its type
//! names; what keys and people have which right is the table in `core::access`.

pub mod cache;
mod credential;
pub mod id_token;
pub mod people;
mod recent;
pub mod token;

pub use credential::{Credentials, cookie};

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue, ORIGIN};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use runwatch_core::access::Right;
use runwatch_core::api_key::{ApiKey, Scope};
use runwatch_core::audit::Actor;
use runwatch_core::hash::ContentKey;
use runwatch_core::ids::{KeyId, ProjectId, SignInId};
use runwatch_store::api_keys::FoundKey;
use runwatch_store::sign_ins::Person;

use crate::auth::cache::KeyCache;
use crate::auth::people::{People, TOKEN_COOKIE};
use crate::problem::Problem;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The project that somebody who is signed in speaks of.
const PROJECT: HeaderName = HeaderName::from_static("x-runwatch-project");
/// What browsers say of where a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const NO_KEY: &str =
    "Send an API key in the header X-API-Key, or in Authorization as Bearer or Basic password.";
const NOBODY: &str = "Sign in, or send an API key in the header X-API-Key.";
const WRONG_KEY: &str = "This API key is mistyped, unknown, expired or revoked.";
const SIGNED_OUT: &str = "You are not signed in any more; renew the sign-in or sign in again.";
const NO_PROJECT: &str =
    "Name the project in the header X-Runwatch-Project, or in a stream as `?project=`.";

/// A right as a type, for signatures of handlers.
pub trait Need: 'static {
    /// The right.
    const RIGHT: Right;
}

/// Defines a type for each right that handlers name.
macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl Need for $name {
            const RIGHT: Right = Right::$name;
        }
    )*};
}

needs! {
    /// [`Right::ReadFigures`]
    ReadFigures,
    /// [`Right::ReadRuns`]
    ReadRuns,
    /// [`Right::Respond`]
    Respond,
    /// [`Right::Configure`]
    Configure,
    /// [`Right::Administer`]
    Administer,
    /// [`Right::ManageAccess`]
    ManageAccess,
}

/// Somebody who has a right in a project.
#[derive(Clone, Copy, Debug)]
pub struct Caller<N> {
    /// The project: of the key, or the one that was named by somebody who is in it.
    pub project: ProjectId,
    /// Who it is.
    pub actor: Actor,
    need: PhantomData<N>,
}

/// Somebody who may read runs.
pub type Reader = Caller<ReadRuns>;
/// Somebody who may read sums.
pub type FiguresReader = Caller<ReadFigures>;

/// Somebody who is signed in, whatever they are in which project.
#[derive(Clone, Copy, Debug)]
pub struct SignedIn {
    /// Who.
    pub person: Person,
    /// Under which sign-in.
    pub sign_in: SignInId,
}

/// Somebody who is signed in and makes projects and users.
#[derive(Clone, Copy, Debug)]
pub struct InstanceAdmin {
    /// Who.
    pub person: Person,
}

/// Somebody who may send telemetry to a project.
#[derive(Clone, Debug)]
pub struct Ingester {
    /// The project that the key belongs to.
    pub project: ProjectId,
    /// The secret under which the project's contents are hashed.
    pub content_key: ContentKey,
    /// The project's settings as JSON (`project_settings::read`).
    pub settings: Arc<str>,
    /// What the project takes on the disk.
    pub stored_bytes: i64,
}

/// Somebody who may send telemetry to a project, or read it: who tries out what would become of it.
#[derive(Clone, Debug)]
pub struct Inspector {
    /// The project that the key belongs to.
    pub project: ProjectId,
    /// The secret under which the project's contents are hashed.
    pub content_key: ContentKey,
    /// The project's settings as JSON (`project_settings::read`).
    pub settings: Arc<str>,
}

type Answer<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl<N: Need> FromRequest for Caller<N> {
    type Error = Problem;
    type Future = Answer<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (project, actor) = caller(&request, N::RIGHT).await?;
            let need = PhantomData;
            Ok(Self {
                project,
                actor,
                need,
            })
        })
    }
}

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = Answer<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (sign_in, person) = signed_in(&request, None).await?;
            Ok(Self { person, sign_in })
        })
    }
}

impl FromRequest for InstanceAdmin {
    type Error = Problem;
    type Future = Answer<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (_, person) = signed_in(&request, None).await?;
            if person.is_instance_admin {
                Ok(Self { person })
            } else {
                Err(missing_role("instance admin"))
            }
        })
    }
}

/// The project and the caller, who has the right in it.
async fn caller(request: &HttpRequest, right: Right) -> Result<(ProjectId, Actor), Problem> {
    if !has_key(request) {
        let project = named_project(request)?;
        let (_, person) = signed_in(request, Some(project)).await?;
        // As if there were no such project.
        let role = person.role.ok_or_else(Problem::not_found)?;
        if !right.is_of_role(role) {
            let lowest = right.lowest_role().map_or("", |role| role.name());
            return Err(missing_role(lowest));
        }
        return Ok((project, Actor::User(person.user)));
    }
    let (id, found) = find_key(request.clone()).await?;
    match right.scope() {
        Some(scope) if found.scopes.contains(&scope) => Ok((found.project, Actor::Key(id))),
        Some(scope) => Err(Problem::missing_scope(scope.name())),
        None => {
            let detail = "No API key may do this: sign in.";
            Err(Problem::new(StatusCode::FORBIDDEN, "needs_person", detail))
        }
    }
}

fn has_key(request: &HttpRequest) -> bool {
    let headers = request.headers();
    headers.contains_key(API_KEY) || headers.contains_key(AUTHORIZATION)
}

/// The project that a request names: streams, which browsers send no headers with, in the query.
fn named_project(request: &HttpRequest) -> Result<ProjectId, Problem> {
    let wrong = || Problem::invalid_parameter("X-Runwatch-Project", NO_PROJECT);
    let text = match request.headers().get(PROJECT) {
        Some(header) => header.to_str().map_err(|_not_text| wrong())?.to_owned(),
        None => {
            let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
            let named = pairs.find(|(name, _)| name == "project");
            // Whoever is not signed in learns that first.
            let signed_out = || match token(request) {
                Some(_) => wrong(),
                None => Problem::unauthenticated(NOBODY),
            };
            named.ok_or_else(signed_out)?.1.into_owned()
        }
    };
    text.parse().map_err(|_not_an_id| wrong())
}

fn token(request: &HttpRequest) -> Option<&str> {
    let cookies = request.headers().get_all(COOKIE).map(HeaderValue::as_bytes);
    cookie(cookies, TOKEN_COOKIE)
}

/// Who is signed in, and what they are in the project.
async fn signed_in(
    request: &HttpRequest,
    project: Option<ProjectId>,
) -> Result<(SignInId, Person), Problem> {
    let people: Option<&Data<People>> = request.app_data();
    let (Some(people), Some(token)) = (people, token(request)) else {
        return Err(Problem::unauthenticated(NOBODY));
    };
    from_our_pages(request)?;
    let found = people
        .find(token, project)
        .await
        .map_err(|_logged| Problem::unavailable())?;
    found.ok_or_else(|| Problem::unauthenticated(SIGNED_OUT))
}

/// Refuses what another site made a browser send: cookies come along by themselves.
pub fn from_our_pages(request: &HttpRequest) -> Result<(), Problem> {
    if [Method::GET, Method::HEAD].contains(request.method()) {
        return Ok(());
    }
    let headers = request.headers();
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let is_ours = match (text(FETCH_SITE), text(ORIGIN)) {
        (Some(site), _) => ["same-origin", "none"].contains(&site),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host == Some(request.connection_info().host())
        }
        // No browser: they send one of the two with every change.
        (None, None) => true,
    };
    if is_ours {
        return Ok(());
    }
    let detail = "This request comes from another site.";
    Err(Problem::new(StatusCode::FORBIDDEN, "cross_site", detail))
}

fn missing_role(role: &'static str) -> Problem {
    let detail = format!("This call needs the role `{role}`, which you do not have.");
    Problem::new(StatusCode::FORBIDDEN, "missing_role", detail).with_member("role", role)
}

impl FromRequest for Ingester {
    type Error = Problem;
    type Future = Answer<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = authorize(request.clone(), &[Scope::Ingest]);
        Box::pin(async move { Ok(Self::of(&*found.await?)) })
    }
}

impl Ingester {
    /// Whoever has the key in these headers, if it may send telemetry.
    pub async fn find(keys: &KeyCache, credentials: Credentials<'_>) -> Result<Self, Problem> {
        let (_, found) = prove(keys, credentials).await?;
        Ok(Self::of(&*with_scope(found, &[Scope::Ingest])?))
    }

    fn of(found: &FoundKey) -> Self {
        Self {
            project: found.project,
            content_key: found.content_key,
            settings: Arc::clone(&found.settings),
            stored_bytes: found.stored_bytes,
        }
    }
}

impl FromRequest for Inspector {
    type Error = Problem;
    type Future = Answer<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = authorize(request.clone(), &[Scope::Ingest, Scope::Read]);
        Box::pin(async move {
            let found = found.await?;
            Ok(Self {
                project: found.project,
                content_key: found.content_key,
                settings: Arc::clone(&found.settings),
            })
        })
    }
}

/// Finds the key of a request, which has to have one of the scopes.
async fn authorize(
    request: HttpRequest,
    scopes: &'static [Scope],
) -> Result<Arc<FoundKey>, Problem> {
    let (_, found) = find_key(request).await?;
    with_scope(found, scopes)
}

/// The valid key of a request.
async fn find_key(request: HttpRequest) -> Result<(KeyId, Arc<FoundKey>), Problem> {
    let keys: &Data<KeyCache> = request
        .app_data()
        .expect("a service whose handlers ask who calls registers its KeyCache");
    let header = |name| request.headers().get(name).map(HeaderValue::as_bytes);
    let credentials = Credentials {
        api_key: header(API_KEY),
        authorization: header(AUTHORIZATION),
    };
    prove(keys, credentials).await
}

async fn prove(
    keys: &KeyCache,
    credentials: Credentials<'_>,
) -> Result<(KeyId, Arc<FoundKey>), Problem> {
    let text = credentials.key().ok_or(Problem::unauthenticated(NO_KEY))?;
    let wrong = || Problem::unauthenticated(WRONG_KEY);
    let key: ApiKey = text.parse().map_err(|_not_a_key| wrong())?;
    let found = keys
        .find(key.id())
        .await
        .map_err(|_logged| Problem::unavailable())?;
    let found = found.filter(|found| key.has_hash(keys.pepper(), &found.secret_hash));
    let found = found.ok_or_else(wrong)?;
    keys.note_use(key.id(), &found);
    Ok((key.id(), found))
}

fn with_scope(found: Arc<FoundKey>, scopes: &[Scope]) -> Result<Arc<FoundKey>, Problem> {
    if scopes.iter().any(|scope| found.scopes.contains(scope)) {
        Ok(found)
    } else {
        // Of several that would do, the first is what whoever calls this most likely meant.
        let missing = scopes.first().map_or("", |scope| scope.name());
        Err(Problem::missing_scope(missing))
    }
}
