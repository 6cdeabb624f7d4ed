//! People.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Timestamptz};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::ids::UserId;
use runwatch_core::time::Timestamp;

use crate::error::{Result, StoreError};
use crate::pool::Conn;
use crate::schema::users;
use crate::{password_links, sign_ins};

/// The advisory lock of who is an admin of the installation: "rwinstad".
const INSTANCE_ADMINS: i64 = i64::from_be_bytes(*b"rwinstad");

/// Somebody who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// How they are known, in lower case.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Whether they make projects and users.
    pub is_instance_admin: bool,
    /// When they were added.
    pub created_at: Timestamp,
    /// Since when they may not sign in any more.
    pub disabled_at: Option<Timestamp>,
}

/// Somebody to be added.
#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    /// How they are known, in lower case.
    pub email: &'a str,
    /// What they are called.
    pub name: &'a str,
    /// Argon2id in PHC form; none until they set one.
    pub password_hash: Option<&'a str>,
    /// Whether they make projects and users.
    pub is_instance_admin: bool,
}

type Row = (
    Uuid,
    String,
    String,
    bool,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
);

const COLUMNS: (
    users::user_id,
    users::email,
    users::name,
    users::is_instance_admin,
    users::created_at,
    users::disabled_at,
) = (
    users::user_id,
    users::email,
    users::name,
    users::is_instance_admin,
    users::created_at,
    users::disabled_at,
);

/// Adds somebody; [`StoreError::Exists`] if the address is taken.
pub async fn create(conn: &mut Conn, new: &NewUser<'_>) -> Result<User> {
    let row: Option<Row> = diesel::insert_into(users::table)
        .values((
            users::user_id.eq(Uuid::now_v7()),
            users::email.eq(new.email),
            users::name.eq(new.name),
            users::password_hash.eq(new.password_hash),
            users::is_instance_admin.eq(new.is_instance_admin),
            users::created_at.eq(sql::<Timestamptz>("rw_now()")),
        ))
        .on_conflict(users::email)
        .do_nothing()
        .returning(COLUMNS)
        .get_result(conn)
        .await
        .optional()?;
    row.map(user)
        .ok_or(StoreError::Exists("a user of this address"))
}

/// Somebody by their id; [`StoreError::NotFound`] if there is nobody.
pub async fn find(conn: &mut Conn, id: UserId) -> Result<User> {
    let row: Option<Row> = users::table
        .find(id.0)
        .select(COLUMNS)
        .first(conn)
        .await
        .optional()?;
    row.map(user).ok_or(StoreError::NotFound)
}

/// Somebody who may sign in by their address, with the hash of their password if they have one.
pub async fn find_by_email(conn: &mut Conn, email: &str) -> Result<Option<(User, Option<String>)>> {
    let row: Option<(Row, Option<String>)> = users::table
        .select((COLUMNS, users::password_hash))
        .filter(users::email.eq(email))
        .filter(users::disabled_at.is_null())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(row, hash)| (user(row), hash)))
}

/// Everybody, by address.
pub async fn list(conn: &mut Conn) -> Result<Vec<User>> {
    let rows: Vec<Row> = users::table
        .select(COLUMNS)
        .order(users::email)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(user).collect())
}

/// Whether there is anybody yet.
pub async fn is_anybody(conn: &mut Conn) -> Result<bool> {
    let first: Option<Uuid> = users::table
        .select(users::user_id)
        .first(conn)
        .await
        .optional()?;
    Ok(first.is_some())
}

/// Sets a password, and signs the user out everywhere.
pub async fn set_password(conn: &mut Conn, id: UserId, password_hash: &str) -> Result<()> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        diesel::update(users::table.find(id.0))
            .set(users::password_hash.eq(password_hash))
            .execute(conn)
            .await?;
        sign_ins::end_all(conn, id).await
    })
    .await
}

/// Makes somebody an admin of the installation, or one no longer; the last one stays.
pub async fn set_instance_admin(conn: &mut Conn, id: UserId, is_admin: bool) -> Result<User> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        lock_instance_admins(conn).await?;
        let row: Option<Row> = diesel::update(users::table.find(id.0))
            .set(users::is_instance_admin.eq(is_admin))
            .returning(COLUMNS)
            .get_result(conn)
            .await
            .optional()?;
        check_instance_admin_left(conn).await?;
        row.map(user).ok_or(StoreError::NotFound)
    })
    .await
}

/// Lets nobody else change who is an admin of the installation until the end of the transaction.
async fn lock_instance_admins(conn: &mut Conn) -> Result<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
        .bind::<BigInt, _>(INSTANCE_ADMINS)
        .execute(conn)
        .await?;
    Ok(())
}

/// Refuses to leave the installation without an admin who may sign in.
async fn check_instance_admin_left(conn: &mut Conn) -> Result<()> {
    let left: Option<Uuid> = users::table
        .select(users::user_id)
        .filter(users::is_instance_admin.eq(true))
        .filter(users::disabled_at.is_null())
        .first(conn)
        .await
        .optional()?;
    left.map(|_| ()).ok_or(StoreError::Rule {
        code: "last_instance_admin",
        detail: "The installation has one admin at least; make somebody else one first.",
    })
}

/// Lets somebody in no more, or again; who is let in no more is signed out everywhere.
///
/// Projects of which they were the only admin are left without: an admin of the installation names another.
pub async fn set_disabled(conn: &mut Conn, id: UserId, is_disabled: bool) -> Result<User> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        lock_instance_admins(conn).await?;
        let at = if is_disabled {
            "coalesce(disabled_at, rw_now())"
        } else {
            "NULL"
        };
        let row: Option<Row> = diesel::update(users::table.find(id.0))
            .set(users::disabled_at.eq(sql::<Nullable<Timestamptz>>(at)))
            .returning(COLUMNS)
            .get_result(conn)
            .await
            .optional()?;
        if is_disabled {
            sign_ins::end_all(conn, id).await?;
            password_links::forget(conn, id).await?;
            check_instance_admin_left(conn).await?;
        }
        row.map(user).ok_or(StoreError::NotFound)
    })
    .await
}

fn user((id, email, name, is_instance_admin, created_at, disabled_at): Row) -> User {
    let time = |at: DateTime<Utc>| Timestamp(at.timestamp_micros());
    User {
        id: UserId(id),
        email,
        name,
        is_instance_admin,
        created_at: time(created_at),
        disabled_at: disabled_at.map(time),
    }
}
