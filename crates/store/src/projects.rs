//! Projects: the tenants.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::ids::{ProjectId, UserId};
use runwatch_core::project_settings::ProjectSettings;
use runwatch_core::time::Timestamp;

use crate::error::{Result, StoreError};
use crate::pool::Conn;
use crate::project_settings;
use crate::schema::{members, projects};

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its name, unique in the installation.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

type Row = (Uuid, String, DateTime<Utc>);

const COLUMNS: (projects::project_id, projects::name, projects::created_at) =
    (projects::project_id, projects::name, projects::created_at);

/// Makes a project with the settings of new ones; [`StoreError::Exists`] if the name is taken.
pub async fn create(conn: &mut Conn, name: &str) -> Result<Project> {
    let row: Option<Row> = diesel::insert_into(projects::table)
        .values((
            projects::project_id.eq(Uuid::now_v7()),
            projects::name.eq(name),
            projects::content_key.eq(diesel::dsl::sql::<diesel::sql_types::Uuid>(
                "gen_random_uuid()",
            )),
        ))
        .on_conflict(projects::name)
        .do_nothing()
        .returning(COLUMNS)
        .get_result(conn)
        .await
        .optional()?;
    let made = row.map(project);
    let made = made.ok_or(StoreError::Exists("a project of this name"))?;
    project_settings::put(conn, made.id, &ProjectSettings::of_new_project()).await?;
    Ok(made)
}

/// A project by its id; [`StoreError::NotFound`] if there is none.
pub async fn find(conn: &mut Conn, project: ProjectId) -> Result<Project> {
    let row: Option<Row> = projects::table
        .find(project.0)
        .select(COLUMNS)
        .first(conn)
        .await
        .optional()?;
    row.map(self::project).ok_or(StoreError::NotFound)
}

/// All projects by name.
pub async fn list(conn: &mut Conn) -> Result<Vec<Project>> {
    let rows: Vec<Row> = projects::table
        .select(COLUMNS)
        .order(projects::name)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(project).collect())
}

/// The projects that somebody is in, by name.
pub async fn of_user(conn: &mut Conn, user: UserId) -> Result<Vec<Project>> {
    let of_user = members::table
        .filter(members::user_id.eq(user.0))
        .select(members::project_id);
    let rows: Vec<Row> = projects::table
        .select(COLUMNS)
        .filter(projects::project_id.eq_any(of_user))
        .order(projects::name)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(project).collect())
}

/// The project of a name.
pub async fn find_by_name(conn: &mut Conn, name: &str) -> Result<Option<Project>> {
    let row: Option<Row> = projects::table
        .select(COLUMNS)
        .filter(projects::name.eq(name))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(project))
}

fn project((id, name, created_at): Row) -> Project {
    Project {
        id: ProjectId(id),
        name,
        created_at: Timestamp(created_at.timestamp_micros()),
    }
}
