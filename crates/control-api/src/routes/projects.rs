//! `/v1/projects`: the tenants.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use runwatch_core::access::Role;
use runwatch_core::audit::{Actor, NO_PROJECT};
use runwatch_core::ids::{ProjectId, UserId};
use runwatch_service::auth::{InstanceAdmin, SignedIn};
use runwatch_service::json_body::JsonBody;
use runwatch_service::problem::Problem;
use runwatch_store::projects::Project;
use runwatch_store::{members, projects};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::app::{Act, App, Done};
use crate::json::Time;
use crate::routes::users::name;

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectJson {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    project_id: ProjectId,
    /// Its name, which no other has.
    name: String,
    /// When it was made.
    created_at: Time,
}

/// Projects.
#[derive(Debug, Serialize, ToSchema)]
struct ProjectList {
    /// By name.
    projects: Vec<ProjectJson>,
}

/// A project to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewProject {
    /// Its name.
    name: String,
}

impl From<Project> for ProjectJson {
    fn from(project: Project) -> Self {
        let Project {
            id,
            name,
            created_at,
        } = project;
        Self {
            project_id: id,
            name,
            created_at: created_at.into(),
        }
    }
}

/// Lists the projects that the caller is in; all of them for the instance's admins.
#[utoipa::path(tag = "projects", responses((status = 200, body = ProjectList)))]
#[get("/v1/projects")]
pub(crate) async fn list_projects(
    who: SignedIn,
    app: Data<App>,
) -> Result<Json<ProjectList>, Problem> {
    let person = who.person;
    let found = app
        .run(async |conn| {
            if person.is_instance_admin {
                return projects::list(conn).await;
            }
            projects::of_user(conn, person.user).await
        })
        .await?;
    let projects = found.into_iter().map(Into::into).collect();
    Ok(Json(ProjectList { projects }))
}

/// Makes a project, of which the caller is an admin.
#[utoipa::path(tag = "projects", request_body = inline(NewProject), responses(
    (status = 201, description = "The project", body = ProjectJson)))]
#[post("/v1/projects")]
pub(crate) async fn create_project(
    who: InstanceAdmin,
    request: HttpRequest,
    body: JsonBody<NewProject>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let name = name(&body.0.name)?;
    let user = who.person.user;
    let act = Act::new(&request, NO_PROJECT, Actor::User(user), "create_project");
    let joined = act.clone();
    let project = app
        .change(act, async |conn| {
            let answer = projects::create(conn, &name).await?;
            members::put(conn, answer.id, user, Role::Admin).await?;
            let deed = joined.also(answer.id, "create_member", joined_as_admin(user));
            app.note(conn, deed).await?;
            let subject = answer.id.to_string();
            let details = json!({ "name": name });
            Ok(Done {
                answer,
                subject,
                details,
            })
        })
        .await?;
    Ok(HttpResponse::Created().json(ProjectJson::from(project)))
}

/// Makes somebody an admin of a project, whoever is in it: the way to one whose admins have left.
#[utoipa::path(tag = "projects", params(
        ("project" = String, Path, description = "Id of the project"),
        ("user" = String, Path, description = "Id of the user")),
    responses((status = 204, description = "They are an admin of it")))]
#[put("/v1/projects/{project}/admins/{user}")]
pub(crate) async fn create_project_admin(
    who: InstanceAdmin,
    path: Path<(ProjectId, UserId)>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (project, user) = path.into_inner();
    let actor = Actor::User(who.person.user);
    let act = Act::new(&request, project, actor, "create_member");
    app.change(act, async |conn| {
        projects::find(conn, project).await?;
        members::lock(conn, project).await?;
        members::put(conn, project, user, Role::Admin).await?;
        Ok(joined_as_admin(user))
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What the audit log of a project says of somebody who became its admin.
pub(crate) fn joined_as_admin(user: UserId) -> Done<()> {
    Done {
        answer: (),
        subject: user.to_string(),
        details: json!({ "role": Role::Admin.name() }),
    }
}
