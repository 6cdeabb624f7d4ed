//! The cookies of somebody who is signed in.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use runwatch_core::ids::SignInId;
use runwatch_core::limits::{OIDC_SIGN_IN_SECONDS, SIGN_IN_DAYS, TOKEN_MINUTES};
use runwatch_service::auth::cookie;
use runwatch_service::auth::people::TOKEN_COOKIE;
use runwatch_service::client;
use runwatch_service::problem::Problem;

/// The cookie with the token that renews a sign-in.
const REFRESH_COOKIE: &str = "__Host-runwatch-refresh";
/// The cookie of an attempt to sign in elsewhere.
const ATTEMPT_COOKIE: &str = "__Host-runwatch-oidc";

/// What somebody who has signed in gets.
pub(crate) struct Tokens {
    /// Proves who they are.
    pub(crate) token: String,
    /// Renews it.
    pub(crate) refresh: (SignInId, String),
}

/// Gives the browser its tokens; the one that renews only if it is new.
pub(crate) fn set(
    answer: &mut HttpResponseBuilder,
    token: String,
    refresh: Option<(SignInId, String)>,
) {
    answer.cookie(of(TOKEN_COOKIE, token, Duration::minutes(TOKEN_MINUTES)));
    if let Some((id, refresh)) = refresh {
        let value = format!("{}.{refresh}", id.0.simple());
        answer.cookie(of(REFRESH_COOKIE, value, Duration::days(SIGN_IN_DAYS)));
    }
}

/// Takes them away.
pub(crate) fn clear(answer: &mut HttpResponseBuilder) {
    for name in [TOKEN_COOKIE, REFRESH_COOKIE] {
        answer.cookie(of(name, String::new(), Duration::ZERO));
    }
}

/// The sign-in and the token that renews it, as the browser sends them.
pub(crate) fn refresh_token(request: &HttpRequest) -> Option<(SignInId, &str)> {
    let cookies = request.headers().get_all(COOKIE).map(HeaderValue::as_bytes);
    let (id, token) = cookie(cookies, REFRESH_COOKIE)?.split_once('.')?;
    Some((id.parse().ok()?, token))
}

/// Gives the browser what it needs to come back with from signing in elsewhere.
pub(crate) fn set_attempt(answer: &mut HttpResponseBuilder, attempt: String) {
    let age = Duration::seconds(OIDC_SIGN_IN_SECONDS);
    answer.cookie(of(ATTEMPT_COOKIE, attempt, age));
}

/// What the browser comes back with.
pub(crate) fn attempt(request: &HttpRequest) -> Option<&str> {
    let cookies = request.headers().get_all(COOKIE).map(HeaderValue::as_bytes);
    cookie(cookies, ATTEMPT_COOKIE)
}

/// Takes it away: an attempt is made once.
pub(crate) fn clear_attempt(answer: &mut HttpResponse) -> Result<(), Problem> {
    let cleared = of(ATTEMPT_COOKIE, String::new(), Duration::ZERO);
    let set = answer.add_cookie(&cleared);
    set.map_err(|error| Problem::internal(&error))
}

fn of(name: &'static str, value: String, age: Duration) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(age)
        .finish()
}

/// Refuses to take a password, or to give a token, over a connection that others can read.
pub(crate) fn check_secure(request: &HttpRequest) -> Result<(), Problem> {
    if client::of(request).is_private {
        return Ok(());
    }
    let detail = "Signing in needs TLS, except on localhost. A proxy that ends TLS has to send \
        X-Forwarded-Proto, and be one of RUNWATCH_TRUSTED_PROXIES.";
    Err(Problem::new(StatusCode::FORBIDDEN, "tls_required", detail))
}
