//! `/v1/auth/oidc`: signing in at an OpenID provider, and the ways in which people can sign in.

mod page;
mod returned;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get};
use runwatch_core::audit::{Actor, NO_PROJECT};
use runwatch_core::ids::{SignInId, UserId};
use runwatch_core::limits::{NAME_BYTES_MAX, SIGN_IN_ATTEMPTS_PER_ADDRESS_MAX};
use runwatch_core::token::hash;
use runwatch_service::auth::id_token::About;
use runwatch_service::client;
use runwatch_service::problem::Problem;
use runwatch_store::identities::{self, Identity, Owner};
use runwatch_store::{sign_ins, users};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{Act, App, Done};
use crate::cookies::{self, Tokens};
use crate::oidc::{Attempt, Oidc, OidcError};
use crate::random::Token;
use crate::routes::auth::{count_attempts, token};
use crate::routes::oidc::page::{page, private};
use crate::routes::oidc::returned::Returned;

/// Where people are sent who have signed in.
const HOME: &str = "/";

/// How people can sign in.
#[derive(Debug, Serialize, ToSchema)]
struct SignInMethods {
    /// By their e-mail address and a password, at `POST /v1/auth/login`.
    password: bool,
    /// At an OpenID provider, by opening `GET /v1/auth/oidc`; null if there is none.
    oidc: Option<OidcMethod>,
}

/// An OpenID provider at which people can sign in.
#[derive(Debug, Serialize, ToSchema)]
struct OidcMethod {
    /// What stands on the button.
    name: String,
}

/// Lists the ways in which people can sign in.
#[utoipa::path(tag = "sign-in", security(()), responses((status = 200, body = SignInMethods)))]
#[get("/v1/auth/methods")]
pub(crate) async fn list_sign_in_methods(app: Data<App>) -> Json<SignInMethods> {
    let name = app.oidc.as_ref().map(|oidc| oidc.settings().name.clone());
    Json(SignInMethods {
        password: true,
        oidc: name.map(|name| OidcMethod { name }),
    })
}

/// Sends a browser to the OpenID provider to sign in there; 404 if there is none.
///
/// What goes wrong is told on a page for people.
#[utoipa::path(tag = "sign-in", security(()), responses(
    (status = 303, description = "On to the provider"),
    (status = 503, description = "The provider does not answer", body = String, content_type = "text/html")))]
#[get("/v1/auth/oidc")]
pub(crate) async fn get_oidc_sign_in(
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let oidc = app.oidc.as_ref().ok_or_else(Problem::not_found)?;
    Ok(match begin(&app, oidc, &request).await {
        Ok((attempt, url)) => {
            let mut answer = private(StatusCode::SEE_OTHER);
            cookies::set_attempt(&mut answer, attempt.to_cookie());
            answer.insert_header((LOCATION, url)).finish()
        }
        Err(problem) => page(&request, &problem),
    })
}

/// Signs in whoever comes back from the OpenID provider, by its code, and sends them to the dashboard.
///
/// What goes wrong is told on a page for people.
#[utoipa::path(tag = "sign-in", security(()), params(
        ("state" = Option<String>, Query, description = "By which the browser that began is known"),
        ("code" = Option<String>, Query, description = "What the provider gives its tokens for"),
        ("iss" = Option<String>, Query, description = "The provider that sends somebody back"),
        ("error" = Option<String>, Query, description = "There if the provider says no")),
    responses(
        (status = 303, description = "Signed in"),
        (status = 400, description = "Too late, used, or begun elsewhere", body = String, content_type = "text/html"),
        (status = 403, description = "The provider says no, or nobody here has this account", body = String, content_type = "text/html"),
        (status = 502, description = "The provider cannot be believed", body = String, content_type = "text/html"),
        (status = 503, description = "The provider does not answer", body = String, content_type = "text/html")))]
#[get("/v1/auth/oidc/callback")]
pub(crate) async fn create_oidc_sign_in(
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let oidc = app.oidc.as_ref().ok_or_else(Problem::not_found)?;
    let mut answer = match Box::pin(finish(&app, oidc, &request)).await {
        Ok(tokens) => {
            let mut answer = private(StatusCode::SEE_OTHER);
            cookies::set(&mut answer, tokens.token, Some(tokens.refresh));
            answer.insert_header((LOCATION, HOME)).finish()
        }
        Err(problem) => page(&request, &problem),
    };
    cookies::clear_attempt(&mut answer)?;
    Ok(answer)
}

/// A new attempt, and where the browser is sent with it.
async fn begin(
    app: &App,
    oidc: &Oidc,
    request: &HttpRequest,
) -> Result<(Attempt, String), Problem> {
    cookies::check_secure(request)?;
    count(app, request, "oidc address").await?;
    let attempt = Attempt::new()?;
    let url = oidc.authorization_url(&attempt).await.map_err(problem)?;
    Ok((attempt, url))
}

/// Signs in whoever comes back.
async fn finish(app: &App, oidc: &Oidc, request: &HttpRequest) -> Result<Tokens, Problem> {
    cookies::check_secure(request)?;
    let attempt = cookies::attempt(request).and_then(Attempt::from_cookie);
    let returned = Returned::parse(request.query_string());
    let (Some(attempt), Some(returned)) = (attempt, returned) else {
        return Err(page::expired());
    };
    let state = returned.state.as_deref();
    if !state.is_some_and(|state| attempt.is_state(state)) {
        return Err(page::expired());
    }
    count(app, request, "address").await?;
    let issuer = returned.issuer.as_deref();
    oidc.check_issuer(issuer).await.map_err(problem)?;
    if returned.is_error {
        return Err(page::refused());
    }
    let code = returned.code.ok_or_else(page::expired)?;
    let proven = oidc.identify(&attempt, &code, app.clock.now()).await;
    let proven = proven.map_err(problem)?;
    let identity = Identity {
        issuer: &oidc.settings().issuer,
        subject: &proven.subject,
    };
    let user = match owner(app, identity).await? {
        Some(user) => user,
        None => link(app, request, identity, email(oidc, &proven.about)?).await?,
    };
    sign_in(app, request, user, identity).await
}

/// Who is linked to an identity, if anybody is.
async fn owner(app: &App, identity: Identity<'_>) -> Result<Option<UserId>, Problem> {
    let owner = app
        .run(async |conn| identities::find(conn, identity).await)
        .await?;
    match owner {
        Some(Owner::User(user)) => Ok(Some(user)),
        Some(Owner::Disabled) => Err(nobody("their account is disabled")),
        None => Ok(None),
    }
}

/// The address by which somebody may be found who is not linked yet.
fn email(oidc: &Oidc, about: &About) -> Result<String, Problem> {
    let is_verified = about.email_verified;
    if !is_verified.unwrap_or(oidc.settings().trusts_email) {
        return Err(nobody(match is_verified {
            Some(_) => "the provider says that their address is not verified",
            None => "the provider does not say that their address is verified",
        }));
    }
    // Letters beyond ASCII are compared as they are: some become others in lower case, as the Kelvin sign.
    let email = about.email.as_deref().unwrap_or_default();
    let email = email.trim().to_ascii_lowercase();
    let is_fit = (1..=NAME_BYTES_MAX).contains(&email.len());
    if is_fit && !email.chars().any(char::is_control) {
        return Ok(email);
    }
    Err(nobody("the provider does not say their address"))
}

/// Links an identity to whoever has this address.
async fn link(
    app: &App,
    request: &HttpRequest,
    identity: Identity<'_>,
    email: String,
) -> Result<UserId, Problem> {
    let known = app
        .run(async |conn| users::find_by_email(conn, &email).await)
        .await?;
    let (user, _) = known.ok_or_else(|| nobody("nobody who may sign in has their address"))?;
    let act = Act::new(request, NO_PROJECT, Actor::User(user.id), "link_identity");
    let linked = app
        .change(act, async |conn| {
            identities::link(conn, identity, user.id, &email).await?;
            let Identity { issuer, subject } = identity;
            Ok(Done {
                answer: (),
                subject: user.id.to_string(),
                details: json!({ "issuer": issuer, "identity": subject }),
            })
        })
        .await;
    match linked {
        Ok(()) => Ok(user.id),
        // Another request of theirs may have linked them a moment ago.
        Err(problem) if problem.code() == "exists" => {
            let owner = owner(app, identity).await?;
            owner.ok_or_else(|| nobody("who has their address is linked to another identity"))
        }
        Err(problem) => Err(problem),
    }
}

/// Begins the sign-in.
async fn sign_in(
    app: &App,
    request: &HttpRequest,
    user: UserId,
    identity: Identity<'_>,
) -> Result<Tokens, Problem> {
    let id = SignInId(Uuid::now_v7());
    let refresh = Token::new()?;
    let act = Act::new(request, NO_PROJECT, Actor::User(user), "create_sign_in");
    let begun = app
        .change(act, async |conn| {
            let answer =
                sign_ins::begin_by_identity(conn, id, user, identity, refresh.hash).await?;
            Ok(Done {
                answer,
                subject: user.to_string(),
                details: json!({ "by": "oidc" }),
            })
        })
        .await?;
    Ok(Tokens {
        token: token(app, begun)?,
        refresh: (id, refresh.text),
    })
}

/// Counts an attempt by the address that it comes from.
async fn count(app: &App, request: &HttpRequest, of: &str) -> Result<(), Problem> {
    let subject = hash(&format!("{of} {}", client::of(request).address));
    count_attempts(app, subject, SIGN_IN_ATTEMPTS_PER_ADDRESS_MAX).await
}

/// Nobody is let in. The log says why, and not whom.
fn nobody(reason: &'static str) -> Problem {
    tracing::warn!(reason, "A sign-in at the OpenID provider was refused");
    page::no_account()
}

/// What people are told when the provider vouches for nobody. The log has the reason.
fn problem(error: OidcError) -> Problem {
    tracing::warn!(
        error = &error as &dyn std::error::Error,
        "A sign-in at the OpenID provider failed"
    );
    match error {
        OidcError::Unavailable(..) | OidcError::TooSlow => page::unavailable(),
        OidcError::Unusable(..) | OidcError::Invalid(_) | OidcError::Token(_) => page::invalid(),
        OidcError::CodeRefused => page::expired(),
    }
}
