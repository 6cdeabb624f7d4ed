//! Who people are at an OpenID provider.
//!
//! A provider tells people apart by a subject that it never gives to another; an address it may. So somebody
//! is found by their address once, when they are linked, and by the subject from then on.

use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{Bool, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::ids::UserId;

use crate::error::{Result, StoreError};
use crate::pool::Conn;
use crate::sign_ins;

/// Somebody as a provider knows them.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The address of the provider, as its tokens name it.
    pub issuer: &'a str,
    /// What it calls them.
    pub subject: &'a str,
}

/// Whose identity it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Somebody who may sign in.
    User(UserId),
    /// Somebody who may not sign in any more.
    Disabled,
}

/// Whose identity this is; none if it is not linked to anybody.
pub async fn find(conn: &mut Conn, identity: Identity<'_>) -> Result<Option<Owner>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        user_id: Uuid,
        #[diesel(sql_type = Bool)]
        is_disabled: bool,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT user_id, disabled_at IS NOT NULL AS is_disabled
         FROM identities JOIN users USING (user_id) WHERE issuer = $1 AND subject = $2",
    )
    .bind::<Text, _>(identity.issuer)
    .bind::<Text, _>(identity.subject)
    .load(conn)
    .await?;
    Ok(rows.into_iter().next().map(|row| match row.is_disabled {
        true => Owner::Disabled,
        false => Owner::User(UserId(row.user_id)),
    }))
}

/// Links an identity to somebody who may sign in and still has this address.
///
/// Nothing that is linked is changed: [`StoreError::Exists`] if the identity is somebody's already, or they have
/// another one there.
pub async fn link(
    conn: &mut Conn,
    identity: Identity<'_>,
    user: UserId,
    email: &str,
) -> Result<()> {
    let rows = sql_query(
        "INSERT INTO identities (issuer, subject, user_id, linked_at)
         SELECT $1, $2, user_id, rw_now() FROM users
         WHERE user_id = $3 AND email = $4 AND disabled_at IS NULL FOR SHARE
         ON CONFLICT DO NOTHING",
    )
    .bind::<Text, _>(identity.issuer)
    .bind::<Text, _>(identity.subject)
    .bind::<SqlUuid, _>(user.0)
    .bind::<Text, _>(email)
    .execute(conn)
    .await?;
    if rows == 0 {
        return Err(StoreError::Exists("a link of this identity or this user"));
    }
    Ok(())
}

/// Takes all identities from somebody, and signs them out everywhere; says how many there were.
pub async fn delete_all(conn: &mut Conn, user: UserId) -> Result<usize> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        // Whoever signs in by one at this moment is waited for, and then signed out.
        let known = sql_query("SELECT FROM users WHERE user_id = $1 FOR UPDATE")
            .bind::<SqlUuid, _>(user.0)
            .execute(conn)
            .await?;
        if known == 0 {
            return Err(StoreError::NotFound);
        }
        let deleted = sql_query("DELETE FROM identities WHERE user_id = $1")
            .bind::<SqlUuid, _>(user.0)
            .execute(conn)
            .await?;
        sign_ins::end_all(conn, user).await?;
        Ok(deleted)
    })
    .await
}
