//! Where people are signed in, and how often somebody tried.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{
    BigInt, Binary, Bool, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::access::Role;
use runwatch_core::ids::{ProjectId, SignInId, UserId};
use runwatch_core::limits::{SIGN_IN_ATTEMPTS_MINUTES, SIGN_IN_DAYS, SIGN_IN_OVERLAP_SECONDS};
use runwatch_core::token::TokenHash;

use crate::error::{Result, StoreError};
use crate::identities::Identity;
use crate::pool::Conn;

/// Rows that are forgotten with each that is written.
const FORGOTTEN_AT_A_TIME: i64 = 10;
const CHANGED_MEANWHILE: StoreError = StoreError::Rule {
    code: "changed_meanwhile",
    detail: "The account was changed a moment ago; sign in again.",
};

/// Whose sign-in it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Its id, which signed tokens name.
    pub id: SignInId,
    /// Who signed in.
    pub user: UserId,
}

/// What came of renewing a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// The new token is the one that renews it now.
    Yes(SignIn),
    /// Somebody else renewed it a moment ago with the same token, such as another tab: it goes on,
    /// and the token that they got is the one that renews it.
    Already(SignIn),
    /// Another token is the one that renews it: somebody has a copy, and the sign-in was ended.
    Stolen(SignIn),
    /// There is no such sign-in, or it has ended.
    No,
}

/// Begins a sign-in, which this token renews. [`StoreError::Rule`] if its user was shut out or has set
/// another password since this one was compared.
pub async fn begin(
    conn: &mut Conn,
    id: SignInId,
    user: UserId,
    password_hash: &str,
    token: TokenHash,
) -> Result<SignIn> {
    let rows = sql_query(
        "INSERT INTO sign_ins (sign_in_id, user_id, refresh_hash, began_at, renewed_at)
         SELECT $1, user_id, $3, rw_now(), rw_now() FROM users
         WHERE user_id = $2 AND disabled_at IS NULL AND password_hash = $4 FOR SHARE",
    )
    .bind::<SqlUuid, _>(id.0)
    .bind::<SqlUuid, _>(user.0)
    .bind::<Binary, _>(token.as_slice())
    .bind::<Text, _>(password_hash)
    .execute(conn)
    .await?;
    if rows == 0 {
        return Err(CHANGED_MEANWHILE);
    }
    forget_ended(conn).await?;
    Ok(SignIn { id, user })
}

/// Begins a sign-in of somebody whom an OpenID provider vouched for. [`StoreError::Rule`] if they were shut
/// out, or the identity was taken from them, since it was looked up.
pub async fn begin_by_identity(
    conn: &mut Conn,
    id: SignInId,
    user: UserId,
    identity: Identity<'_>,
    token: TokenHash,
) -> Result<SignIn> {
    // First the lock, so that the next statement sees what became of a change that it waits for.
    sql_query("SELECT FROM users WHERE user_id = $1 FOR SHARE")
        .bind::<SqlUuid, _>(user.0)
        .execute(conn)
        .await?;
    let rows = sql_query(
        "INSERT INTO sign_ins (sign_in_id, user_id, refresh_hash, began_at, renewed_at)
         SELECT $1, user_id, $3, rw_now(), rw_now() FROM users JOIN identities USING (user_id)
         WHERE user_id = $2 AND disabled_at IS NULL AND issuer = $4 AND subject = $5",
    )
    .bind::<SqlUuid, _>(id.0)
    .bind::<SqlUuid, _>(user.0)
    .bind::<Binary, _>(token.as_slice())
    .bind::<Text, _>(identity.issuer)
    .bind::<Text, _>(identity.subject)
    .execute(conn)
    .await?;
    if rows == 0 {
        return Err(CHANGED_MEANWHILE);
    }
    forget_ended(conn).await?;
    Ok(SignIn { id, user })
}

/// Forgets some sign-ins that ended or were not renewed long ago: each that begins makes room.
async fn forget_ended(conn: &mut Conn) -> Result<()> {
    sql_query(
        "DELETE FROM sign_ins WHERE sign_in_id IN (SELECT sign_in_id FROM sign_ins
             WHERE renewed_at < rw_now() - 2 * $1 * interval '1 day'
             ORDER BY renewed_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind::<BigInt, _>(SIGN_IN_DAYS)
    .bind::<BigInt, _>(FORGOTTEN_AT_A_TIME)
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    user_id: Uuid,
    #[diesel(sql_type = Bool)]
    is_current: bool,
    #[diesel(sql_type = Bool)]
    is_overlap: bool,
}

/// Renews a sign-in: the token that is shown is used up, and the new one takes its place. Any other token
/// than the last one was stolen, or its owner's was.
pub async fn renew(
    conn: &mut Conn,
    id: SignInId,
    shown: TokenHash,
    new: TokenHash,
) -> Result<Renewed> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        let rows: Vec<Row> = sql_query(
            "SELECT user_id, refresh_hash = $2 AS is_current,
                 coalesce(previous_hash = $2, false)
                     AND renewed_at > rw_now() - $4 * interval '1 second' AS is_overlap
             FROM sign_ins JOIN users USING (user_id)
             WHERE sign_in_id = $1 AND ended_at IS NULL AND disabled_at IS NULL
                 AND renewed_at > rw_now() - $3 * interval '1 day'
             FOR UPDATE OF sign_ins",
        )
        .bind::<SqlUuid, _>(id.0)
        .bind::<Binary, _>(shown.as_slice())
        .bind::<BigInt, _>(SIGN_IN_DAYS)
        .bind::<BigInt, _>(SIGN_IN_OVERLAP_SECONDS)
        .load(conn)
        .await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(Renewed::No);
        };
        let user = UserId(row.user_id);
        let sign_in = SignIn { id, user };
        if row.is_current {
            rotate(conn, id, new).await?;
            Ok(Renewed::Yes(sign_in))
        } else if row.is_overlap {
            Ok(Renewed::Already(sign_in))
        } else {
            end(conn, id).await?;
            Ok(Renewed::Stolen(sign_in))
        }
    })
    .await
}

async fn rotate(conn: &mut Conn, id: SignInId, new: TokenHash) -> Result<()> {
    sql_query(
        "UPDATE sign_ins SET previous_hash = refresh_hash, refresh_hash = $2, renewed_at = rw_now()
         WHERE sign_in_id = $1",
    )
    .bind::<SqlUuid, _>(id.0)
    .bind::<Binary, _>(new.as_slice())
    .execute(conn)
    .await?;
    Ok(())
}

/// The sign-in that this token would renew, if it has not ended.
pub async fn find(conn: &mut Conn, id: SignInId, shown: TokenHash) -> Result<Option<SignIn>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        user_id: Uuid,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT user_id FROM sign_ins
         WHERE sign_in_id = $1 AND refresh_hash = $2 AND ended_at IS NULL",
    )
    .bind::<SqlUuid, _>(id.0)
    .bind::<Binary, _>(shown.as_slice())
    .load(conn)
    .await?;
    let sign_in = |row: Row| SignIn {
        id,
        user: UserId(row.user_id),
    };
    Ok(rows.into_iter().next().map(sign_in))
}

/// Ends a sign-in: no service takes its tokens any more.
pub async fn end(conn: &mut Conn, id: SignInId) -> Result<()> {
    sql_query("UPDATE sign_ins SET ended_at = rw_now() WHERE sign_in_id = $1 AND ended_at IS NULL")
        .bind::<SqlUuid, _>(id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends all sign-ins of a user.
pub async fn end_all(conn: &mut Conn, user: UserId) -> Result<()> {
    sql_query("UPDATE sign_ins SET ended_at = rw_now() WHERE user_id = $1 AND ended_at IS NULL")
        .bind::<SqlUuid, _>(user.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Who is signed in, as a service needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub user: UserId,
    /// Whether they make projects and users.
    pub is_instance_admin: bool,
    /// What they are in the project that was asked about; none if they are not in it.
    pub role: Option<Role>,
}

#[derive(QueryableByName)]
struct PersonRow {
    #[diesel(sql_type = SqlUuid)]
    user_id: Uuid,
    #[diesel(sql_type = Bool)]
    is_instance_admin: bool,
    #[diesel(sql_type = Nullable<SmallInt>)]
    role: Option<i16>,
}

/// Who is signed in under this id, and what they are in a project; none if the sign-in has ended.
pub async fn person(
    conn: &mut Conn,
    id: SignInId,
    project: Option<ProjectId>,
) -> Result<Option<Person>> {
    let rows: Vec<PersonRow> = sql_query("SELECT * FROM find_person($1, $2)")
        .bind::<SqlUuid, _>(id.0)
        .bind::<Nullable<SqlUuid>, _>(project.map(|project| project.0))
        .load(conn)
        .await?;
    Ok(rows.into_iter().next().map(|row| Person {
        user: UserId(row.user_id),
        is_instance_admin: row.is_instance_admin,
        role: row.role.map(Role::from_code),
    }))
}

#[derive(QueryableByName)]
struct Attempts {
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Timestamptz)]
    began_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
}

/// Counts an attempt to sign in, and says for how many seconds there may be no further one.
///
/// None while there were at most `attempts_max` in [`SIGN_IN_ATTEMPTS_MINUTES`]. The attempt is counted
/// first, so that many at once are not let through together.
pub async fn attempt(
    conn: &mut Conn,
    subject: TokenHash,
    attempts_max: i32,
) -> Result<Option<u32>> {
    let attempts: Attempts = sql_query(
        "WITH now AS (SELECT rw_now() AS now),
         counted AS (
             INSERT INTO sign_in_attempts AS known (subject_hash, began_at, attempts)
             SELECT $1, now, 1 FROM now
             ON CONFLICT (subject_hash) DO UPDATE SET
                 attempts = CASE WHEN known.began_at < excluded.began_at - $2 * interval '1 minute'
                     THEN 1 ELSE least(known.attempts + 1, 1000000) END,
                 began_at = CASE WHEN known.began_at < excluded.began_at - $2 * interval '1 minute'
                     THEN excluded.began_at ELSE known.began_at END
             RETURNING attempts, began_at)
         SELECT attempts, began_at, now FROM counted, now",
    )
    .bind::<Binary, _>(subject.as_slice())
    .bind::<BigInt, _>(SIGN_IN_ATTEMPTS_MINUTES)
    .get_result(conn)
    .await?;
    sql_query(
        "DELETE FROM sign_in_attempts WHERE subject_hash IN (SELECT subject_hash FROM sign_in_attempts
             WHERE began_at < rw_now() - $1 * interval '1 minute'
             ORDER BY began_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind::<BigInt, _>(SIGN_IN_ATTEMPTS_MINUTES)
    .bind::<BigInt, _>(FORGOTTEN_AT_A_TIME)
    .execute(conn)
    .await?;
    if attempts.attempts <= attempts_max {
        return Ok(None);
    }
    let passed = (attempts.now - attempts.began_at).num_seconds();
    let left = (SIGN_IN_ATTEMPTS_MINUTES * 60 - passed).max(1);
    Ok(Some(u32::try_from(left).unwrap_or(u32::MAX)))
}

/// Forgets the attempts of somebody who has signed in.
pub async fn forget_attempts(conn: &mut Conn, subject: TokenHash) -> Result<()> {
    sql_query("DELETE FROM sign_in_attempts WHERE subject_hash = $1")
        .bind::<Binary, _>(subject.as_slice())
        .execute(conn)
        .await?;
    Ok(())
}
