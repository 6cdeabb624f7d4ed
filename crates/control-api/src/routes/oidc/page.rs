//! What people see when signing in elsewhere did not work: they come by a link, and not by a program.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError as _};
use runwatch_service::problem::Problem;
use runwatch_service::request::request_id;

const HTML: &str = include_str!("../../../pages/sign_in_failed.html");
/// The page has nothing but its style.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page about a problem. It says what we say of it, and nothing of the request.
pub(super) fn page(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let plain = problem.error_response();
    let mut answer = private(plain.status());
    if let Some(seconds) = plain.headers().get(RETRY_AFTER) {
        answer.insert_header((RETRY_AFTER, seconds.clone()));
    }
    let html = HTML
        .replace("{text}", problem.detail())
        .replace("{code}", problem.code())
        .replace("{request}", &request_id(request));
    answer
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(html)
}

/// An answer that nobody keeps, and that tells nobody by which address it was reached.
pub(super) fn private(status: StatusCode) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"));
    answer
}

/// The way back did not come from this browser's attempt, or too late.
pub(super) fn expired() -> Problem {
    let detail = "This sign-in took too long, was used already, or was begun in another browser or tab. \
        Begin again.";
    Problem::new(StatusCode::BAD_REQUEST, "oidc_expired", detail)
}

/// The provider, or whoever was asked there, said no.
pub(super) fn refused() -> Problem {
    let detail = "The sign-in was cancelled or refused where you signed in.";
    Problem::new(StatusCode::FORBIDDEN, "oidc_refused", detail)
}

/// There is nobody here whom this is. Who is not let in does not learn why.
pub(super) fn no_account() -> Problem {
    let detail = "You have signed in there, but nobody here has this account. Ask whoever runs Runwatch to \
        add you with the e-mail address that you use there.";
    Problem::new(StatusCode::FORBIDDEN, "oidc_no_account", detail)
}

/// What the provider says cannot be believed.
pub(super) fn invalid() -> Problem {
    let detail = "The answer of the sign-in service cannot be used. Whoever runs Runwatch finds the reason \
        in its log.";
    Problem::new(StatusCode::BAD_GATEWAY, "oidc_invalid", detail)
}

/// The provider cannot be asked.
pub(super) fn unavailable() -> Problem {
    let detail = "The sign-in service does not answer now. Try again in a moment, or sign in with your \
        password.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "oidc_unavailable", detail)
}
