//! Links by which somebody sets a password once: of the first start, or of an invitation.

use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Nullable, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::ids::{ProjectId, UserId};
use runwatch_core::limits::PASSWORD_LINK_HOURS;
use runwatch_core::token::TokenHash;

use crate::error::{Result, StoreError};
use crate::members;
use crate::pool::Conn;
use crate::users::{self, NewUser, User};

/// Makes a link for somebody; for nobody, one that makes the instance's first admin. Earlier links of
/// the same one work no longer.
pub async fn create(conn: &mut Conn, user: Option<UserId>, token: TokenHash) -> Result<()> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        sql_query("DELETE FROM password_links WHERE user_id IS NOT DISTINCT FROM $1")
            .bind::<Nullable<SqlUuid>, _>(user.map(|user| user.0))
            .execute(conn)
            .await?;
        sql_query(
            "INSERT INTO password_links (token_hash, user_id, made_at) VALUES ($1, $2, rw_now())",
        )
        .bind::<Binary, _>(token.as_slice())
        .bind::<Nullable<SqlUuid>, _>(user.map(|user| user.0))
        .execute(conn)
        .await?;
        Ok(())
    })
    .await
}

/// Makes the links of somebody work no longer.
pub async fn forget(conn: &mut Conn, user: UserId) -> Result<()> {
    sql_query("DELETE FROM password_links WHERE user_id = $1")
        .bind::<SqlUuid, _>(user.0)
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Link {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    user_id: Option<Uuid>,
}

/// Whose link it is that may still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkOf {
    /// Of somebody who is there.
    User(UserId),
    /// Of the instance's first admin, who is yet to be made.
    FirstAdmin,
}

/// Whose link this is; none if it was used, is too old, or never was.
pub async fn find(conn: &mut Conn, token: TokenHash) -> Result<Option<LinkOf>> {
    let links: Vec<Link> = sql_query(
        "SELECT user_id FROM password_links
         WHERE token_hash = $1 AND made_at > rw_now() - $2 * interval '1 hour'",
    )
    .bind::<Binary, _>(token.as_slice())
    .bind::<BigInt, _>(PASSWORD_LINK_HOURS)
    .load(conn)
    .await?;
    Ok(links.into_iter().next().map(|link| match link.user_id {
        Some(user) => LinkOf::User(UserId(user)),
        None => LinkOf::FirstAdmin,
    }))
}

/// What came of using a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    /// Who set their password.
    pub user: User,
    /// The projects that the first admin was put in.
    pub projects: Vec<ProjectId>,
}

/// Uses a link up: sets the password of its user, or makes the first admin. [`StoreError::NotFound`] if
/// the link may not be used; of two who use it at once, one may.
pub async fn redeem(
    conn: &mut Conn,
    token: TokenHash,
    password_hash: &str,
    first_admin: Option<(&str, &str)>,
) -> Result<Redeemed> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        let of = find(conn, token).await?.ok_or(StoreError::NotFound)?;
        let used = sql_query("DELETE FROM password_links WHERE token_hash = $1")
            .bind::<Binary, _>(token.as_slice())
            .execute(conn)
            .await?;
        if used == 0 {
            return Err(StoreError::NotFound);
        }
        match (of, first_admin) {
            (LinkOf::User(user), _) => {
                users::set_password(conn, user, password_hash).await?;
                let user = users::find(conn, user).await?;
                let projects = Vec::new();
                Ok(Redeemed { user, projects })
            }
            (LinkOf::FirstAdmin, Some((email, name))) => {
                if users::is_anybody(conn).await? {
                    return Err(StoreError::NotFound);
                }
                let new = NewUser {
                    email,
                    name,
                    password_hash: Some(password_hash),
                    is_instance_admin: true,
                };
                let user = users::create(conn, &new).await?;
                let projects = members::put_in_all(conn, user.id).await?;
                Ok(Redeemed { user, projects })
            }
            (LinkOf::FirstAdmin, None) => Err(StoreError::NotFound),
        }
    })
    .await
}
