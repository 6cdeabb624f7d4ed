//! `/v1/members`: who is what in the project.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use runwatch_core::access::Role;
use runwatch_core::ids::UserId;
use runwatch_service::auth::{Caller, ManageAccess};
use runwatch_service::json_body::JsonBody;
use runwatch_service::problem::Problem;
use runwatch_store::members::Member;
use runwatch_store::{members, users};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::app::{Act, App, Done};
use crate::routes::users::email;

/// Somebody in the project.
#[derive(Debug, Serialize, ToSchema)]
struct MemberJson {
    /// Who.
    #[schema(value_type = String, format = Uuid)]
    user_id: UserId,
    /// Their e-mail address.
    email: String,
    /// What they are called.
    name: String,
    /// What they are in it: `admin`, `operator`, `viewer` or `executive`.
    role: &'static str,
}

/// Those in the project.
#[derive(Debug, Serialize, ToSchema)]
struct MemberList {
    /// By address.
    members: Vec<MemberJson>,
}

/// Somebody to be taken in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMember {
    /// The e-mail address of somebody who was added to the installation.
    email: String,
    /// What they are to be: `admin`, `operator`, `viewer` or `executive`.
    #[schema(value_type = String)]
    role: Role,
}

/// What is to be changed of a member.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberChange {
    /// What they are to be: `admin`, `operator`, `viewer` or `executive`.
    #[schema(value_type = String)]
    role: Role,
}

impl From<Member> for MemberJson {
    fn from(member: Member) -> Self {
        let Member {
            user,
            email,
            name,
            role,
        } = member;
        Self {
            user_id: user,
            email,
            name,
            role: role.name(),
        }
    }
}

/// Lists those in the project.
#[utoipa::path(tag = "people", responses((status = 200, body = MemberList)))]
#[get("/v1/members")]
pub(crate) async fn list_members(
    who: Caller<ManageAccess>,
    app: Data<App>,
) -> Result<Json<MemberList>, Problem> {
    let members = app
        .run(async |conn| members::list(conn, who.project).await)
        .await?;
    let members = members.into_iter().map(Into::into).collect();
    Ok(Json(MemberList { members }))
}

/// Takes somebody into the project, who was added to the installation before.
#[utoipa::path(tag = "people", request_body = inline(NewMember), responses(
    (status = 204, description = "They are in it")))]
#[post("/v1/members")]
pub(crate) async fn create_member(
    who: Caller<ManageAccess>,
    request: HttpRequest,
    body: JsonBody<NewMember>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let NewMember { email: text, role } = body.0;
    let email = email(&text)?;
    let known = app
        .run(async |conn| users::find_by_email(conn, &email).await)
        .await?;
    let Some((user, _)) = known else {
        let detail = "Nobody of this address was added; an admin of the installation can do that.";
        return Err(Problem::invalid_parameter("email", detail));
    };
    let (user, project) = (user.id, who.project);
    let act = Act::new(&request, project, who.actor, "create_member");
    app.change(act, async |conn| {
        members::lock(conn, project).await?;
        members::put(conn, project, user, role).await?;
        members::check_admin_left(conn, project).await?;
        Ok(done(user, json!({ "role": role.name() })))
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Changes what somebody is in the project, who is in it.
#[utoipa::path(tag = "people", params(("user" = String, Path, description = "Id of the user")),
    request_body = inline(MemberChange), responses((status = 204, description = "Changed")))]
#[put("/v1/members/{user}")]
pub(crate) async fn change_member(
    who: Caller<ManageAccess>,
    path: Path<UserId>,
    request: HttpRequest,
    body: JsonBody<MemberChange>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (user, role, project) = (path.into_inner(), body.0.role, who.project);
    let act = Act::new(&request, project, who.actor, "change_member");
    app.change(act, async |conn| {
        members::lock(conn, project).await?;
        members::change(conn, project, user, role).await?;
        members::check_admin_left(conn, project).await?;
        Ok(done(user, json!({ "role": role.name() })))
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes somebody out of the project: within 5 s they see nothing of it any more.
#[utoipa::path(tag = "people", params(("user" = String, Path, description = "Id of the user")),
    responses((status = 204, description = "They are out of it")))]
#[delete("/v1/members/{user}")]
pub(crate) async fn delete_member(
    who: Caller<ManageAccess>,
    path: Path<UserId>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (user, project) = (path.into_inner(), who.project);
    let act = Act::new(&request, project, who.actor, "delete_member");
    app.change(act, async |conn| {
        members::lock(conn, project).await?;
        members::remove(conn, project, user).await?;
        members::check_admin_left(conn, project).await?;
        Ok(done(user, json!({})))
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn done(user: UserId, details: Value) -> Done<()> {
    Done {
        answer: (),
        subject: user.to_string(),
        details,
    }
}
