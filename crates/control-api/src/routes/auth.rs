//! `/v1/auth`: signing in and out.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use runwatch_core::audit::{Actor, NO_PROJECT};
use runwatch_core::ids::{ProjectId, SignInId, UserId};
use runwatch_core::limits::{
    SIGN_IN_ATTEMPTS_MAX, SIGN_IN_ATTEMPTS_PER_ACCOUNT_MAX, SIGN_IN_ATTEMPTS_PER_ADDRESS_MAX,
};
use runwatch_core::token::{TokenHash, hash};
use runwatch_service::auth::{SignedIn, from_our_pages};
use runwatch_service::client;
use runwatch_service::json_body::JsonBody;
use runwatch_service::problem::Problem;
use runwatch_store::members::Membership;
use runwatch_store::pool::Conn;
use runwatch_store::sign_ins::{Renewed, SignIn};
use runwatch_store::{members, password_links, sign_ins, users};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{Act, App, Done};
use crate::cookies;
use crate::random::Token;
use crate::routes::projects::joined_as_admin;
use crate::routes::users::{UserJson, email, name};

/// What somebody signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    /// Their e-mail address.
    email: String,
    /// Their password.
    password: String,
}

/// What a link lets somebody set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// The token of the link.
    token: String,
    /// The new password: 15 characters at least.
    password: String,
    /// The address of the first admin; only with the link of the first start.
    email: Option<String>,
    /// The name of the first admin; only with the link of the first start.
    name: Option<String>,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    /// Who.
    user: UserJson,
    /// The projects that they are in.
    projects: Vec<MembershipJson>,
}

/// A project that somebody is in.
#[derive(Debug, Serialize, ToSchema)]
struct MembershipJson {
    /// The project.
    #[schema(value_type = String, format = Uuid)]
    project_id: ProjectId,
    /// Its name.
    name: String,
    /// What they are in it: `admin`, `operator`, `viewer` or `executive`.
    role: &'static str,
}

impl From<Membership> for MembershipJson {
    fn from(membership: Membership) -> Self {
        let Membership {
            project,
            name,
            role,
        } = membership;
        Self {
            project_id: project,
            name,
            role: role.name(),
        }
    }
}

/// Signs somebody in.
///
/// The answer sets two cookies: a signed token that proves who they are for 15 minutes, and one that
/// renews it for 30 days. Ten attempts in 15 minutes are made for one account from one
/// address.
#[utoipa::path(tag = "sign-in", security(()), request_body = inline(Login), responses(
    (status = 200, description = "Signed in", body = UserJson)))]
#[post("/v1/auth/login")]
pub(crate) async fn create_sign_in(
    request: HttpRequest,
    body: JsonBody<Login>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    cookies::check_secure(&request)?;
    from_our_pages(&request)?;
    let Login { email, password } = body.0;
    let email = email.trim().to_lowercase();
    let attempts = count_attempt(&app, &request, &email).await?;
    let known = app
        .run(async |conn| match email.contains('\0') {
            // Postgres keeps no text that has one.
            true => Ok(None),
            false => users::find_by_email(conn, &email).await,
        })
        .await?;
    let (user, password_hash) = known.unzip();
    let password_hash = password_hash.flatten();
    let is_right = app
        .passwords
        .is_right(password, password_hash.clone())
        .await?;
    let (Some(user), Some(password_hash), true) = (user, password_hash, is_right) else {
        tracing::warn!("An attempt to sign in was refused: the address or the password is wrong");
        return Err(wrong_password());
    };
    let id = SignInId(Uuid::now_v7());
    let refresh = Token::new()?;
    let act = Act::new(&request, NO_PROJECT, Actor::User(user.id), "create_sign_in");
    let begun = app
        .change(act, async |conn| {
            sign_ins::forget_attempts(conn, attempts).await?;
            let answer = sign_ins::begin(conn, id, user.id, &password_hash, refresh.hash).await?;
            Ok(done(answer, user.id))
        })
        .await?;
    let mut answer = HttpResponse::Ok();
    cookies::set(&mut answer, token(&app, begun)?, Some((id, refresh.text)));
    Ok(answer.json(UserJson::from(user)))
}

/// Renews a sign-in by the cookie that was set for it, which is used up: the answer sets a new one.
#[utoipa::path(tag = "sign-in", security(()), responses((status = 204, description = "Renewed")))]
#[post("/v1/auth/refresh")]
pub(crate) async fn renew_sign_in(
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    cookies::check_secure(&request)?;
    from_our_pages(&request)?;
    let (id, shown) = cookies::refresh_token(&request).ok_or_else(signed_out)?;
    let shown = hash(shown);
    let new = Token::new()?;
    let renewed = app
        .run(async |conn| {
            let renewed = sign_ins::renew(conn, id, shown, new.hash).await?;
            if let Renewed::Stolen(known) = renewed {
                let act = Act::new(&request, NO_PROJECT, Actor::System, "delete_sign_in");
                let details = json!({ "reason": "its token was used twice" });
                let subject = known.user.to_string();
                let done = Done {
                    answer: (),
                    subject,
                    details,
                };
                app.note(conn, act.also(NO_PROJECT, act.action, done))
                    .await?;
            }
            Ok(renewed)
        })
        .await?;
    let (begun, refresh) = match renewed {
        Renewed::Yes(known) => (known, Some((id, new.text))),
        Renewed::Already(known) => (known, None),
        Renewed::Stolen(known) => {
            let user = known.user;
            tracing::warn!(%user, "A sign-in was ended, because its token was used twice");
            return Err(signed_out());
        }
        Renewed::No => return Err(signed_out()),
    };
    let mut answer = HttpResponse::NoContent();
    cookies::set(&mut answer, token(&app, begun)?, refresh);
    Ok(answer.finish())
}

/// Signs somebody out, by either cookie: within 5 s no service takes their token any more.
#[utoipa::path(tag = "sign-in", security(()), responses((status = 204, description = "Signed out")))]
#[post("/v1/auth/logout")]
pub(crate) async fn delete_sign_in(
    who: Option<SignedIn>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    from_our_pages(&request)?;
    let ended = match (who, cookies::refresh_token(&request)) {
        (Some(who), _) => Some((who.sign_in, who.person.user)),
        (None, Some((id, shown))) => {
            let shown = hash(shown);
            let find = async |conn: &mut Conn| sign_ins::find(conn, id, shown).await;
            app.run(find).await?.map(|known| (known.id, known.user))
        }
        (None, None) => None,
    };
    if let Some((id, user)) = ended {
        let act = Act::new(&request, NO_PROJECT, Actor::User(user), "delete_sign_in");
        app.change(act, async |conn| {
            sign_ins::end(conn, id).await?;
            Ok(done((), user))
        })
        .await?;
    }
    let mut answer = HttpResponse::NoContent();
    cookies::clear(&mut answer);
    Ok(answer.finish())
}

/// Who is signed in, and what they are in which projects.
#[utoipa::path(tag = "sign-in", responses((status = 200, body = Me)))]
#[get("/v1/auth/me")]
pub(crate) async fn get_me(who: SignedIn, app: Data<App>) -> Result<Json<Me>, Problem> {
    let id = who.person.user;
    let (user, memberships) = app
        .run(async |conn| {
            let user = users::find(conn, id).await?;
            Ok((user, members::of_user(conn, id).await?))
        })
        .await?;
    Ok(Json(Me {
        user: user.into(),
        projects: memberships.into_iter().map(Into::into).collect(),
    }))
}

/// Sets a password by a link, once, and signs its user out everywhere.
///
/// The link of the first start makes the first admin of the installation, who makes projects and invites
/// others.
#[utoipa::path(tag = "sign-in", security(()), request_body = inline(NewPassword), responses(
    (status = 200, description = "The password is set", body = UserJson)))]
#[post("/v1/auth/password")]
pub(crate) async fn create_password(
    request: HttpRequest,
    body: JsonBody<NewPassword>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    cookies::check_secure(&request)?;
    from_our_pages(&request)?;
    let body = body.0;
    let token = hash(&body.token);
    let of = app
        .run(async |conn| password_links::find(conn, token).await)
        .await?;
    let of = of.ok_or_else(wrong_link)?;
    let first_admin = match of {
        password_links::LinkOf::User(_) => None,
        password_links::LinkOf::FirstAdmin => Some((
            email(&body.email.unwrap_or_default())?,
            name(&body.name.unwrap_or_default())?,
        )),
    };
    let password = app.passwords.hash(body.password).await?;
    // Who has the link acts as whom it is of.
    let (actor, details) = match of {
        password_links::LinkOf::User(user) => (Actor::User(user), json!({ "by": "link" })),
        password_links::LinkOf::FirstAdmin => (Actor::System, json!({ "first_admin": true })),
    };
    let act = Act::new(&request, NO_PROJECT, actor, "create_password");
    let joined = act.clone();
    let user = app
        .change(act, async |conn| {
            let admin = first_admin.as_ref();
            let admin = admin.map(|(email, name)| (email.as_str(), name.as_str()));
            let redeemed = password_links::redeem(conn, token, &password, admin).await?;
            let user = redeemed.user;
            for project in redeemed.projects {
                let deed = joined.also(project, "create_member", joined_as_admin(user.id));
                app.note(conn, deed).await?;
            }
            let subject = user.id.to_string();
            Ok(Done {
                answer: user,
                subject,
                details,
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(UserJson::from(user)))
}

fn done<T>(answer: T, user: UserId) -> Done<T> {
    Done {
        answer,
        subject: user.to_string(),
        details: json!({}),
    }
}

/// The token that proves who has signed in.
pub(super) fn token(app: &App, begun: SignIn) -> Result<String, Problem> {
    let signed = app.signer.sign(begun.user, begun.id, app.clock.now());
    signed.map_err(|error| Problem::internal(&error))
}

/// Counts an attempt to sign in, by the address that it comes from, by the account, and by both; gives
/// back what it is counted under by both.
async fn count_attempt(
    app: &App,
    request: &HttpRequest,
    email: &str,
) -> Result<TokenHash, Problem> {
    let address = client::of(request).address;
    let account = hash(&format!("account {email}"));
    let both = hash(&format!("account {email} address {address}"));
    for (subject, attempts_max) in [
        (both, SIGN_IN_ATTEMPTS_MAX),
        (
            hash(&format!("address {address}")),
            SIGN_IN_ATTEMPTS_PER_ADDRESS_MAX,
        ),
        (account, SIGN_IN_ATTEMPTS_PER_ACCOUNT_MAX),
    ] {
        count_attempts(app, subject, attempts_max).await?;
    }
    Ok(both)
}

/// Counts an attempt by what it is limited by.
pub(super) async fn count_attempts(
    app: &App,
    subject: TokenHash,
    attempts_max: i32,
) -> Result<(), Problem> {
    let wait = app
        .run(async |conn| sign_ins::attempt(conn, subject, attempts_max).await)
        .await?;
    wait.map_or(Ok(()), |seconds| Err(too_many_attempts(seconds)))
}

fn too_many_attempts(seconds: u32) -> Problem {
    let detail = "There were too many attempts to sign in; wait for the time in Retry-After.";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail)
        .with_retry_after(seconds)
}

fn wrong_password() -> Problem {
    let detail = "The address or the password is wrong.";
    Problem::new(StatusCode::UNAUTHORIZED, "wrong_password", detail)
}

fn signed_out() -> Problem {
    Problem::unauthenticated("The sign-in has ended; sign in again.")
}

fn wrong_link() -> Problem {
    let detail = "This link was used, is too old, or never was; ask for a new one.";
    Problem::new(StatusCode::GONE, "wrong_link", detail)
}
