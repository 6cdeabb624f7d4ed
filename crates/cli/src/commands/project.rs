//! `runwatch project`.

use anyhow::{Context, Result};
use runwatch_core::access::Role;
use runwatch_core::audit::NO_PROJECT;
use runwatch_store::members;
use runwatch_store::pool::Conn;
use runwatch_store::projects::{self, Project};
use serde::Serialize;
use serde_json::json;

use crate::admin::{Admin, Done};
use crate::args::ProjectCommand;
use crate::commands::user;
use crate::console::{say, table};

/// A project as it is printed as JSON.
#[derive(Debug, Serialize)]
struct ProjectJson {
    id: String,
    name: String,
    created_at: String,
}

impl From<Project> for ProjectJson {
    fn from(project: Project) -> Self {
        let Project {
            id,
            name,
            created_at,
        } = project;
        Self {
            id: id.to_string(),
            name,
            created_at: created_at.to_rfc3339(),
        }
    }
}

/// Creates or lists projects.
pub(crate) async fn run(command: ProjectCommand) -> Result<()> {
    match command {
        ProjectCommand::Create {
            name,
            admin,
            json,
            installation,
        } => {
            let mut installation = Admin::open(&installation).await?;
            let project = create(&mut installation, &name, admin.as_deref()).await;
            let project =
                project.with_context(|| format!("failed to create the project {name:?}"))?;
            let project = ProjectJson::from(project);
            say(&match json {
                true => serde_json::to_string(&project)?,
                false => format!("Created the project {:?} ({}).", project.name, project.id),
            });
        }
        ProjectCommand::List { json, installation } => {
            let mut conn = Admin::open(&installation).await?.conn;
            let projects = projects::list(&mut conn)
                .await
                .context("failed to list projects")?;
            let projects: Vec<ProjectJson> = projects.into_iter().map(Into::into).collect();
            say(&match json {
                true => serde_json::to_string(&projects)?,
                false => as_table(&projects),
            });
        }
    }
    Ok(())
}

/// Makes a project, and somebody its admin if they are named.
pub(crate) async fn create(
    installation: &mut Admin,
    name: &str,
    admin: Option<&str>,
) -> Result<Project> {
    let admin = match admin {
        Some(email) => Some(user::find(&mut installation.conn, email).await?.id),
        None => None,
    };
    installation
        .change(NO_PROJECT, "create_project", async |conn| {
            let answer = projects::create(conn, name).await?;
            if let Some(admin) = admin {
                members::put(conn, answer.id, admin, Role::Admin).await?;
            }
            let subject = answer.id.to_string();
            let details = json!({ "name": name, "admin": admin.map(|id| id.to_string()) });
            Ok(Done {
                answer,
                subject,
                details,
            })
        })
        .await
}

/// The project of a name, or a sentence that says how to make it.
pub(crate) async fn find(conn: &mut Conn, name: &str) -> Result<Project> {
    let found = projects::find_by_name(conn, name)
        .await
        .context("failed to look up projects")?;
    found.with_context(|| {
        format!("there is no project {name:?}; `runwatch project list` shows those there are")
    })
}

fn as_table(projects: &[ProjectJson]) -> String {
    let row = |project: &ProjectJson| {
        vec![
            project.id.clone(),
            project.name.clone(),
            project.created_at.clone(),
        ]
    };
    let rows: Vec<_> = projects.iter().map(row).collect();
    table(&["ID", "NAME", "CREATED"], &rows)
}
