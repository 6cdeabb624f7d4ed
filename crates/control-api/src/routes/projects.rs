//! `/v1/projects`: the tenants.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use runwatch_core::access::Role;
use runwatch_core::audit::{Actor, NO_PROJECT};
use runwatch_core::ids::ProjectId;
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
    let project = app
        .change(act, async |conn| {
            let answer = projects::create(conn, &name).await?;
            members::put(conn, answer.id, user, Role::Admin).await?;
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
