//! Who is what in which project.

use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{SmallInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::access::Role;
use runwatch_core::ids::{ProjectId, UserId};

use crate::error::{Result, StoreError};
use crate::pool::Conn;

const LAST_ADMIN: StoreError = StoreError::Rule {
    code: "last_admin",
    detail: "A project has one admin at least; make somebody else an admin first.",
};

/// Somebody in a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// How they are known.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they are in it.
    pub role: Role,
}

/// A project that somebody is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The project.
    pub project: ProjectId,
    /// Its name.
    pub name: String,
    /// What they are in it.
    pub role: Role,
}

#[derive(QueryableByName)]
struct MemberRow {
    #[diesel(sql_type = SqlUuid)]
    user_id: Uuid,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = SmallInt)]
    role: i16,
}

#[derive(QueryableByName)]
struct MembershipRow {
    #[diesel(sql_type = SqlUuid)]
    project_id: Uuid,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = SmallInt)]
    role: i16,
}

#[derive(QueryableByName)]
struct ProjectRow {
    #[diesel(sql_type = SqlUuid)]
    project_id: Uuid,
}

/// Those in a project, by address.
pub async fn list(conn: &mut Conn, project: ProjectId) -> Result<Vec<Member>> {
    let rows: Vec<MemberRow> = sql_query(
        "SELECT user_id, email, name, role FROM members JOIN users USING (user_id)
         WHERE project_id = $1 ORDER BY email",
    )
    .bind::<SqlUuid, _>(project.0)
    .load(conn)
    .await?;
    let member = |row: MemberRow| Member {
        user: UserId(row.user_id),
        email: row.email,
        name: row.name,
        role: Role::from_code(row.role),
    };
    Ok(rows.into_iter().map(member).collect())
}

/// The projects that somebody is in, by name.
pub async fn of_user(conn: &mut Conn, user: UserId) -> Result<Vec<Membership>> {
    let rows: Vec<MembershipRow> = sql_query(
        "SELECT project_id, name, role FROM members JOIN projects USING (project_id)
         WHERE user_id = $1 ORDER BY name",
    )
    .bind::<SqlUuid, _>(user.0)
    .load(conn)
    .await?;
    let membership = |row: MembershipRow| Membership {
        project: ProjectId(row.project_id),
        name: row.name,
        role: Role::from_code(row.role),
    };
    Ok(rows.into_iter().map(membership).collect())
}

/// Takes somebody into a project, or changes what they are in it; [`StoreError::NotFound`] if there is
/// nobody of this id.
pub async fn put(conn: &mut Conn, project: ProjectId, user: UserId, role: Role) -> Result<()> {
    let rows = sql_query(
        "INSERT INTO members (project_id, user_id, role, added_at)
         SELECT $1, user_id, $3, rw_now() FROM users WHERE user_id = $2
         ON CONFLICT (project_id, user_id) DO UPDATE SET role = excluded.role",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<SqlUuid, _>(user.0)
    .bind::<SmallInt, _>(role.code())
    .execute(conn)
    .await?;
    found(rows)
}

/// Makes somebody an admin of all projects that there are, who is the first person of all; gives the
/// projects.
pub async fn put_in_all(conn: &mut Conn, user: UserId) -> Result<Vec<ProjectId>> {
    let projects: Vec<ProjectRow> = sql_query(
        "INSERT INTO members (project_id, user_id, role, added_at)
         SELECT project_id, $1, $2, rw_now() FROM projects RETURNING project_id",
    )
    .bind::<SqlUuid, _>(user.0)
    .bind::<SmallInt, _>(Role::Admin.code())
    .load(conn)
    .await?;
    let id = |row: ProjectRow| ProjectId(row.project_id);
    Ok(projects.into_iter().map(id).collect())
}

/// Changes what somebody is in a project; [`StoreError::NotFound`] if they are not in it.
pub async fn change(conn: &mut Conn, project: ProjectId, user: UserId, role: Role) -> Result<()> {
    let rows = sql_query("UPDATE members SET role = $3 WHERE project_id = $1 AND user_id = $2")
        .bind::<SqlUuid, _>(project.0)
        .bind::<SqlUuid, _>(user.0)
        .bind::<SmallInt, _>(role.code())
        .execute(conn)
        .await?;
    found(rows)
}

/// Takes somebody out of a project.
pub async fn remove(conn: &mut Conn, project: ProjectId, user: UserId) -> Result<()> {
    let rows = sql_query("DELETE FROM members WHERE project_id = $1 AND user_id = $2")
        .bind::<SqlUuid, _>(project.0)
        .bind::<SqlUuid, _>(user.0)
        .execute(conn)
        .await?;
    found(rows)
}

/// Lets nobody else change who is in a project, or its keys, until the end of the transaction. What is
/// read from then on is what they did before.
pub async fn lock(conn: &mut Conn, project: ProjectId) -> Result<()> {
    sql_query("SELECT FROM projects WHERE project_id = $1 FOR NO KEY UPDATE")
        .bind::<SqlUuid, _>(project.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Refuses to leave a project without an admin, of whom it then would get none. [`lock`] comes before.
pub async fn check_admin_left(conn: &mut Conn, project: ProjectId) -> Result<()> {
    let admins = sql_query(
        "SELECT 1 FROM members JOIN users USING (user_id)
         WHERE project_id = $1 AND role = $2 AND disabled_at IS NULL LIMIT 1",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<SmallInt, _>(Role::Admin.code())
    .execute(conn)
    .await?;
    if admins == 0 {
        return Err(LAST_ADMIN);
    }
    Ok(())
}

fn found(rows: usize) -> Result<()> {
    if rows == 0 {
        Err(StoreError::NotFound)
    } else {
        Ok(())
    }
}
