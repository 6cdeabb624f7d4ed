//! Where people are signed in, and how often somebody tried.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{
    BigInt, Binary, Bool, Integer, Nullable, SmallInt, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::access::Role;
use runwatch_core::ids::{ProjectId, SignInId, UserId};
use runwatch_core::limits::{SIGN_IN_ATTEMPTS_MINUTES, SIGN_IN_DAYS, SIGN_IN_OVERLAP_SECONDS};
use runwatch_core::token::TokenHash;

use crate::error::{Result, StoreError};
use crate::pool::Conn;

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
    /// The token was used before: somebody has a copy, and the sign-in was ended.
    Stolen(SignIn),
    /// There is no such sign-in, or it has ended.
    No,
}

/// Begins a sign-in, which this token renews.
pub async fn begin(conn: &mut Conn, user: UserId, token: TokenHash) -> Result<SignIn> {
    let id = SignInId(Uuid::now_v7());
    sql_query(
        "INSERT INTO sign_ins (sign_in_id, user_id, refresh_hash, began_at, renewed_at)
         VALUES ($1, $2, $3, rw_now(), rw_now())",
    )
    .bind::<SqlUuid, _>(id.0)
    .bind::<SqlUuid, _>(user.0)
    .bind::<Binary, _>(token.as_slice())
    .execute(conn)
    .await?;
    Ok(SignIn { id, user })
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    sign_in_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    user_id: Uuid,
    #[diesel(sql_type = Bool)]
    is_current: bool,
    #[diesel(sql_type = Bool)]
    is_fresh: bool,
}

/// Renews a sign-in: the token that is shown is used up, and the new one takes its place.
pub async fn renew(conn: &mut Conn, shown: TokenHash, new: TokenHash) -> Result<Renewed> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        let rows: Vec<Row> = sql_query(
            "SELECT sign_in_id, user_id, refresh_hash = $1 AS is_current,
                 renewed_at > rw_now() - $3 * interval '1 second' AS is_fresh
             FROM sign_ins JOIN users USING (user_id)
             WHERE (refresh_hash = $1 OR previous_hash = $1) AND ended_at IS NULL
                 AND disabled_at IS NULL AND renewed_at > rw_now() - $2 * interval '1 day'
             FOR UPDATE OF sign_ins",
        )
        .bind::<Binary, _>(shown.as_slice())
        .bind::<BigInt, _>(SIGN_IN_DAYS)
        .bind::<BigInt, _>(SIGN_IN_OVERLAP_SECONDS)
        .load(conn)
        .await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(Renewed::No);
        };
        let sign_in = SignIn {
            id: SignInId(row.sign_in_id),
            user: UserId(row.user_id),
        };
        match (row.is_current, row.is_fresh) {
            (true, _) => {
                rotate(conn, sign_in.id, new).await?;
                Ok(Renewed::Yes(sign_in))
            }
            (false, true) => Ok(Renewed::Already(sign_in)),
            (false, false) => {
                end(conn, sign_in.id).await?;
                Ok(Renewed::Stolen(sign_in))
            }
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
