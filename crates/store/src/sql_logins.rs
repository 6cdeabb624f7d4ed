//! Logins of analysts who ask the database themselves: each is a role bound to one project, which reads the views of
//! the schema `analytics` (migration 15) and nothing else.
//!
//! Making and dropping roles is for whoever administrates the database, and so is everything here but [`end_overdue`].

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Integer, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use runwatch_core::ids::ProjectId;
use runwatch_core::limits::{
    SQL_CONNECTIONS_MAX, SQL_IDLE_IN_TRANSACTION_SECONDS, SQL_LOGIN_NAME_BYTES_MAX,
    SQL_TEMP_FILES_MIB,
};
use runwatch_core::time::Timestamp;

use crate::error::{Result, StoreError};
use crate::pool::Conn;
use crate::roles::set_password;

/// What the names of the roles begin with.
const PREFIX: &str = "runwatch_sql_";
/// How long connections that are ended may take to be gone.
const END_MS: i64 = 10_000;
const TOO_FAR: StoreError = StoreError::Rule {
    code: "out_of_range",
    detail: "The time is too far away.",
};

/// What a login is called: lower-case letters, digits and `_`, so that it never needs quoting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginName(String);

impl LoginName {
    /// The role in the database.
    pub fn role(&self) -> String {
        format!("{PREFIX}{}", self.0)
    }
}

impl fmt::Display for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that no login is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name is a lower-case letter, and then up to 39 more, digits or _, such as ada or grafana_2"
)]
pub struct NotALoginName;

impl FromStr for LoginName {
    type Err = NotALoginName;

    fn from_str(text: &str) -> Result<Self, NotALoginName> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let begins = text.starts_with(|first: char| first.is_ascii_lowercase());
        let is_one = begins && text.len() <= SQL_LOGIN_NAME_BYTES_MAX && text.bytes().all(fits);
        is_one.then(|| Self(text.to_owned())).ok_or(NotALoginName)
    }
}

/// A login to be made.
#[derive(Clone, Debug)]
pub struct NewLogin {
    /// What it is called.
    pub name: LoginName,
    /// The password; letters and digits.
    pub password: String,
    /// From when on it works no longer.
    pub expires_at: Timestamp,
    /// Connections that it may have at a time.
    pub connections: i32,
    /// Seconds that one of its statements may take.
    pub statement_seconds: i32,
}

/// A login as it is listed.
#[derive(Clone, Debug)]
pub struct SqlLogin {
    /// What it is called.
    pub name: LoginName,
    /// Whose rows it reads.
    pub project: ProjectId,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it works no longer.
    pub expires_at: Timestamp,
    /// Connections that it may have at a time.
    pub connections: i32,
    /// Those that it has.
    pub open_connections: i64,
    /// Seconds that one of its statements may take.
    pub statement_seconds: i32,
}

/// Makes a role bound to a project, in the caller's transaction.
///
/// [`StoreError::Exists`] if there is a role of this name, on the whole server; [`StoreError::Rule`] if all logins
/// together could have too many connections.
pub async fn create(conn: &mut Conn, project: ProjectId, new: &NewLogin) -> Result<()> {
    let role = new.name.role();
    if does_exist(conn, &role).await? {
        return Err(StoreError::Exists("a role of this name"));
    }
    let written = sql_query(
        "INSERT INTO sql_logins (project_id, role, created_at, expires_at, connections, statement_seconds)
         SELECT $1, $2, now(), $3, $4, $5
         WHERE $4 + (SELECT coalesce(sum(connections), 0) FROM sql_logins WHERE expires_at > now()) <= $6",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<Text, _>(&role)
    .bind::<Timestamptz, _>(new.expires_at.to_utc().ok_or(TOO_FAR)?)
    .bind::<Integer, _>(new.connections)
    .bind::<Integer, _>(new.statement_seconds)
    .bind::<Integer, _>(SQL_CONNECTIONS_MAX)
    .execute(conn)
    .await?;
    if written == 0 {
        return Err(StoreError::Rule {
            code: "too_many_connections",
            detail: "All SQL logins together would have more connections than the services leave to them, 30: \
                     revoke one, or give them fewer.",
        });
    }
    conn.batch_execute(&statements(&role, new)).await?;
    if may_limit_temp_files(conn).await? {
        let limit = format!("ALTER ROLE {role} SET temp_file_limit = '{SQL_TEMP_FILES_MIB}MB'");
        conn.batch_execute(&limit).await?;
    }
    set_password(conn, &role, &new.password).await
}

/// What makes the role. The owner becomes a member, so that it may end the role's connections and see its statements
/// (`end_overdue_sql`); it gets no further rights by that.
fn statements(role: &str, new: &NewLogin) -> String {
    let NewLogin {
        connections,
        statement_seconds,
        ..
    } = new;
    let until = new.expires_at.to_rfc3339();
    format!(
        "CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT
             CONNECTION LIMIT {connections} VALID UNTIL '{until}' IN ROLE runwatch_sql;
         GRANT {role} TO runwatch_owner;
         ALTER ROLE {role} SET search_path = analytics;
         ALTER ROLE {role} SET default_transaction_read_only = on;
         ALTER ROLE {role} SET statement_timeout = '{statement_seconds}s';
         ALTER ROLE {role} SET idle_in_transaction_session_timeout = '{SQL_IDLE_IN_TRANSACTION_SECONDS}s'"
    )
}

/// Whether this connection may limit the temporary files of others, which only superusers may and those whom they let.
pub async fn may_limit_temp_files(conn: &mut Conn) -> Result<bool> {
    let asked =
        "SELECT coalesce(has_parameter_privilege('temp_file_limit', 'SET'), false) AS value";
    let truth: Truth = sql_query(asked).get_result(conn).await?;
    Ok(truth.value)
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    project_id: Uuid,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    expires_at: DateTime<Utc>,
    #[diesel(sql_type = Integer)]
    connections: i32,
    #[diesel(sql_type = BigInt)]
    open_connections: i64,
    #[diesel(sql_type = Integer)]
    statement_seconds: i32,
}

/// All logins by name, expired ones too.
pub async fn list(conn: &mut Conn) -> Result<Vec<SqlLogin>> {
    let rows: Vec<Row> = sql_query(
        "SELECT project_id, role, created_at, expires_at, connections, statement_seconds,
             (SELECT count(*) FROM pg_stat_activity WHERE usename = role AND backend_type = 'client backend')
                 AS open_connections
         FROM sql_logins ORDER BY role",
    )
    .load(conn)
    .await?;
    rows.into_iter().map(login).collect()
}

fn login(row: Row) -> Result<SqlLogin> {
    let Row {
        project_id,
        role,
        created_at,
        expires_at,
        connections,
        open_connections,
        statement_seconds,
    } = row;
    let name = role
        .strip_prefix(PREFIX)
        .and_then(|name| name.parse().ok())
        .ok_or_else(|| StoreError::Unreadable(format!("the SQL login {role}")))?;
    Ok(SqlLogin {
        name,
        project: ProjectId(project_id),
        created_at: Timestamp(created_at.timestamp_micros()),
        expires_at: Timestamp(expires_at.timestamp_micros()),
        connections,
        open_connections,
        statement_seconds,
    })
}

/// Takes a login its project and lets it in no more, in the caller's transaction: from then on it sees no row, also
/// where it is connected. [`drop_role`] comes behind it.
pub async fn revoke(conn: &mut Conn, project: ProjectId, name: &LoginName) -> Result<()> {
    let role = name.role();
    sql_query("DELETE FROM sql_logins WHERE project_id = $1 AND role = $2")
        .bind::<SqlUuid, _>(project.0)
        .bind::<Text, _>(&role)
        .execute(conn)
        .await?;
    if does_exist(conn, &role).await? {
        conn.batch_execute(&format!("ALTER ROLE {role} NOLOGIN"))
            .await?;
    }
    Ok(())
}

/// Ends the connections of a role that was revoked, waits until they are gone, and drops it; false if there is none.
pub async fn drop_role(conn: &mut Conn, name: &LoginName) -> Result<bool> {
    let role = name.role();
    if !does_exist(conn, &role).await? {
        return Ok(false);
    }
    sql_query("SELECT pg_terminate_backend(pid, $2) FROM pg_stat_activity WHERE usename = $1")
        .bind::<Text, _>(&role)
        .bind::<BigInt, _>(END_MS)
        .execute(conn)
        .await?;
    // It owns nothing, unless somebody gave it more than we did.
    conn.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .await?;
    Ok(true)
}

/// Other databases of the server that every role may connect to, in which a login sees no row of ours, but may make
/// temporary tables and large objects.
pub async fn other_databases(conn: &mut Conn) -> Result<Vec<String>> {
    #[derive(QueryableByName)]
    struct Database {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let rows: Vec<Database> = sql_query(
        "SELECT datname::text AS name FROM pg_database
         WHERE datname <> current_database() AND datallowconn
             AND has_database_privilege('runwatch_sql', oid, 'CONNECT') ORDER BY 1",
    )
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// Closes a database to everybody who was not let in by name.
pub async fn close_database(conn: &mut Conn, database: &str) -> Result<()> {
    let quoted = database.replace('"', "\"\"");
    let revoke = format!("REVOKE CONNECT ON DATABASE \"{quoted}\" FROM PUBLIC");
    Ok(conn.batch_execute(&revoke).await?)
}

/// What was ended of a login, or told to end.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Ended {
    /// The role.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// Why, in a few words.
    #[diesel(sql_type = Text)]
    pub why: String,
}

/// Ends statements and transactions of logins that take too long, and connections of logins that have expired: for the
/// worker, who may do no more to them than this.
pub async fn end_overdue(conn: &mut Conn) -> Result<Vec<Ended>> {
    Ok(sql_query("SELECT role, why FROM end_overdue_sql()")
        .load(conn)
        .await?)
}

#[derive(QueryableByName)]
struct Truth {
    #[diesel(sql_type = Bool)]
    value: bool,
}

async fn does_exist(conn: &mut Conn, role: &str) -> Result<bool> {
    let asked = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS value";
    let truth: Truth = sql_query(asked)
        .bind::<Text, _>(role)
        .get_result(conn)
        .await?;
    Ok(truth.value)
}
