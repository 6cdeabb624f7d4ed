//! `/v1/users`: people, whom the instance's admins add.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use runwatch_core::audit::{Actor, NO_PROJECT};
use runwatch_core::ids::UserId;
use runwatch_core::limits::{NAME_BYTES_MAX, PASSWORD_LINK_HOURS};
use runwatch_service::auth::InstanceAdmin;
use runwatch_service::json_body::JsonBody;
use runwatch_service::problem::Problem;
use runwatch_store::error::StoreError;
use runwatch_store::users::{NewUser, User};
use runwatch_store::{identities, password_links, users};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::app::{Act, App, Done};
use crate::json::Time;
use crate::random::Token;

/// Somebody who signs in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserJson {
    /// Their id.
    #[schema(value_type = String, format = Uuid)]
    user_id: UserId,
    /// Their e-mail address.
    email: String,
    /// What they are called.
    name: String,
    /// Whether they make projects and users.
    is_instance_admin: bool,
    /// When they were added.
    created_at: Time,
    /// Since when they may not sign in any more; null if they may.
    disabled_at: Option<Time>,
}

/// Everybody.
#[derive(Debug, Serialize, ToSchema)]
struct UserList {
    /// The users, by address.
    users: Vec<UserJson>,
}

/// Somebody to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserToAdd {
    /// Their e-mail address.
    email: String,
    /// What they are called.
    name: String,
}

/// What is to be changed of a user; what is not named stays as it is.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserChange {
    /// Whether they may not sign in any more.
    disabled: Option<bool>,
    /// Whether they make projects and users.
    is_instance_admin: Option<bool>,
}

/// A link that sets a password once.
#[derive(Debug, Serialize, ToSchema)]
struct PasswordLink {
    /// The token, to be sent to `POST /v1/auth/password`; it is shown only now.
    token: String,
    /// Hours for which it may be used.
    valid_hours: i64,
}

/// Somebody who was added, and the link by which they set their password.
#[derive(Debug, Serialize, ToSchema)]
struct AddedUser {
    /// Who.
    user: UserJson,
    /// Their link.
    password_link: PasswordLink,
}

impl From<User> for UserJson {
    fn from(user: User) -> Self {
        let User {
            id,
            email,
            name,
            is_instance_admin,
            created_at,
            disabled_at,
        } = user;
        Self {
            user_id: id,
            email,
            name,
            is_instance_admin,
            created_at: created_at.into(),
            disabled_at: disabled_at.map(Into::into),
        }
    }
}

impl PasswordLink {
    fn new(token: String) -> Self {
        Self {
            token,
            valid_hours: PASSWORD_LINK_HOURS,
        }
    }
}

/// Lists everybody.
#[utoipa::path(tag = "people", responses((status = 200, body = UserList)))]
#[get("/v1/users")]
pub(crate) async fn list_users(
    _who: InstanceAdmin,
    app: Data<App>,
) -> Result<Json<UserList>, Problem> {
    let users = app.run(users::list).await?;
    let users = users.into_iter().map(Into::into).collect();
    Ok(Json(UserList { users }))
}

/// Adds somebody, and gives the link by which they set their password.
#[utoipa::path(tag = "people", request_body = inline(UserToAdd), responses(
    (status = 201, description = "Added", body = AddedUser)))]
#[post("/v1/users")]
pub(crate) async fn create_user(
    who: InstanceAdmin,
    request: HttpRequest,
    body: JsonBody<UserToAdd>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (email, name) = (email(&body.0.email)?, name(&body.0.name)?);
    let token = Token::new()?;
    let actor = Actor::User(who.person.user);
    let act = Act::new(&request, NO_PROJECT, actor, "create_user");
    let user = app
        .change(act, async |conn| {
            let new = NewUser {
                email: &email,
                name: &name,
                password_hash: None,
                is_instance_admin: false,
            };
            let user = users::create(conn, &new).await?;
            password_links::create(conn, Some(user.id), token.hash).await?;
            let subject = user.id.to_string();
            let details = json!({ "email": user.email });
            Ok(Done {
                answer: user,
                subject,
                details,
            })
        })
        .await?;
    let user = user.into();
    let password_link = PasswordLink::new(token.text);
    Ok(HttpResponse::Created().json(AddedUser {
        user,
        password_link,
    }))
}

/// Lets somebody in no more, or again, or makes them an admin of the installation. Who is let in no more is
/// signed out everywhere within 5 s; the last admin stays one.
#[utoipa::path(tag = "people", params(("user" = String, Path, description = "Id of the user")),
    request_body = inline(UserChange), responses((status = 200, body = UserJson)))]
#[patch("/v1/users/{user}")]
pub(crate) async fn change_user(
    who: InstanceAdmin,
    path: Path<UserId>,
    request: HttpRequest,
    body: JsonBody<UserChange>,
    app: Data<App>,
) -> Result<Json<UserJson>, Problem> {
    let (id, change) = (path.into_inner(), body.0);
    if change.disabled == Some(true) && id == who.person.user {
        return Err(not_yourself());
    }
    let actor = Actor::User(who.person.user);
    let act = Act::new(&request, NO_PROJECT, actor, "change_user");
    let user = app
        .change(act, async |conn| {
            if let Some(is_admin) = change.is_instance_admin {
                users::set_instance_admin(conn, id, is_admin).await?;
            }
            if let Some(disabled) = change.disabled {
                users::set_disabled(conn, id, disabled).await?;
            }
            Ok(Done {
                answer: users::find(conn, id).await?,
                subject: id.to_string(),
                details: json!(change),
            })
        })
        .await?;
    Ok(Json(user.into()))
}

/// Makes a link by which somebody sets their password once. Links that they had before work no longer.
#[utoipa::path(tag = "people", params(("user" = String, Path, description = "Id of the user")),
    responses((status = 201, description = "The link", body = PasswordLink)))]
#[post("/v1/users/{user}/password-link")]
pub(crate) async fn create_password_link(
    who: InstanceAdmin,
    path: Path<UserId>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    let token = Token::new()?;
    let actor = Actor::User(who.person.user);
    let act = Act::new(&request, NO_PROJECT, actor, "create_password_link");
    app.change(act, async |conn| {
        let user = users::find(conn, id).await?;
        if user.disabled_at.is_some() {
            return Err(StoreError::NotFound);
        }
        password_links::create(conn, Some(id), token.hash).await?;
        Ok(Done {
            answer: (),
            subject: id.to_string(),
            details: json!({}),
        })
    })
    .await?;
    Ok(HttpResponse::Created().json(PasswordLink::new(token.text)))
}

/// Forgets who somebody is at the OpenID provider, and signs them out everywhere within 5 s.
///
/// Who signs in there next with their verified address is linked to them again.
#[utoipa::path(tag = "people", params(("user" = String, Path, description = "Id of the user")),
    responses((status = 204, description = "Forgotten")))]
#[delete("/v1/users/{user}/identities")]
pub(crate) async fn delete_identities(
    who: InstanceAdmin,
    path: Path<UserId>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    let actor = Actor::User(who.person.user);
    let act = Act::new(&request, NO_PROJECT, actor, "delete_identities");
    app.change(act, async |conn| {
        let deleted = identities::delete_all(conn, id).await?;
        Ok(Done {
            answer: (),
            subject: id.to_string(),
            details: json!({ "identities": deleted }),
        })
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An address as it is kept: in lower case. Whether somebody reads it, only a mail can tell.
pub(crate) fn email(text: &str) -> Result<String, Problem> {
    let email = text.trim().to_lowercase();
    let is_one = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    let is_plain = email.chars().all(|c| !c.is_whitespace() && !c.is_control());
    if is_one && is_plain && email.len() <= NAME_BYTES_MAX {
        return Ok(email);
    }
    let detail = "It must be an e-mail address.";
    Err(Problem::invalid_parameter("email", detail))
}

/// A name of a person or thing.
pub(crate) fn name(text: &str) -> Result<String, Problem> {
    let name = text.trim();
    let is_fit = !name.is_empty() && name.len() <= NAME_BYTES_MAX;
    if is_fit && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    let detail = format!("It must be a name of 1 to {NAME_BYTES_MAX} bytes on one line.");
    Err(Problem::invalid_parameter("name", detail))
}

fn not_yourself() -> Problem {
    let detail = "You cannot shut yourself out; another admin can.";
    Problem::new(StatusCode::CONFLICT, "not_yourself", detail)
}
