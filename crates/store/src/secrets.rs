//! Secrets of projects, sealed (`core::secrets`). The database never has one in the clear, nor a key that opens it.
//!
//! The row of a project's data key is the lock: who seals, or exchanges the key, holds it until the end of the
//! transaction. Who opens needs none: one statement gets a secret with the key that it is sealed with.

mod rotation;

pub use rotation::{
    KeyUse, Renewed, key_uses, projects_not_under, projects_with_keys, renew, rewrap,
};

use diesel::sql_types::{BigInt, Binary, Nullable, Text, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, sql_query};
use diesel_async::{AsyncConnection, RunQueryDsl};

use runwatch_core::ids::{ProjectId, SecretId};
use runwatch_core::limits::SECRETS_PER_PROJECT_MAX;
use runwatch_core::secrets::{DataKey, KeyRing, Nonce, Place, Plaintext, SecretError, WrappedKey};

use crate::error::{Result, StoreError};
use crate::pool::Conn;

const TOO_MANY: StoreError = StoreError::Rule {
    code: "too_many_secrets",
    detail: "A project has 1,000 secrets at most; delete one first.",
};
const ANOTHER_PURPOSE: StoreError = StoreError::Exists("a secret of this id, for another purpose,");

/// A secret of a project, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretName<'a> {
    /// What it is for, such as `channel`: it opens for nothing else.
    pub purpose: &'a str,
    /// Which one.
    pub id: SecretId,
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = Text)]
    kek_id: String,
    #[diesel(sql_type = Binary)]
    wrapped_key: Vec<u8>,
}

#[derive(QueryableByName)]
struct SecretRow {
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Binary)]
    ciphertext: Vec<u8>,
    #[diesel(embed)]
    key: KeyRow,
}

#[derive(QueryableByName)]
struct Before {
    #[diesel(sql_type = Nullable<BigInt>)]
    version: Option<i64>,
    #[diesel(sql_type = BigInt)]
    secrets: i64,
}

/// Seals a secret and keeps it, in place of the one of this name if there is one.
///
/// The project's data key is made with its first secret. [`StoreError::Rule`] if the project has too many,
/// [`StoreError::Exists`] if the id is that of a secret for another purpose.
pub async fn put(
    conn: &mut Conn,
    project: ProjectId,
    ring: &KeyRing,
    secret: SecretName<'_>,
    text: &Plaintext,
) -> Result<()> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        let key = lock_key_or_make(conn, project, ring).await?;
        let place = place(project, secret, next_version(conn, project, secret.id).await?);
        let sealed = key.seal(&place, text, nonce()?);
        let put = sql_query(
            "INSERT INTO secrets (project_id, secret_id, purpose, version, ciphertext, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, rw_now(), rw_now())
             ON CONFLICT (project_id, secret_id) DO UPDATE SET version = excluded.version,
                 ciphertext = excluded.ciphertext, updated_at = excluded.updated_at
             WHERE secrets.purpose = excluded.purpose",
        )
        .bind::<SqlUuid, _>(project.0)
        .bind::<SqlUuid, _>(secret.id.0)
        .bind::<Text, _>(secret.purpose)
        .bind::<BigInt, _>(place.version)
        .bind::<Binary, _>(sealed)
        .execute(conn)
        .await?;
        match put {
            0 => Err(ANOTHER_PURPOSE),
            _ => Ok(()),
        }
    })
    .await
}

/// Opens a secret; [`StoreError::NotFound`] if there is none of this name, [`StoreError::Sealed`] if it does not
/// open.
pub async fn open(
    conn: &mut Conn,
    project: ProjectId,
    ring: &KeyRing,
    secret: SecretName<'_>,
) -> Result<Plaintext> {
    let row: Option<SecretRow> = sql_query(
        "SELECT s.version, s.ciphertext, k.kek_id, k.wrapped_key
         FROM secrets s JOIN project_keys k USING (project_id)
         WHERE s.project_id = $1 AND s.secret_id = $2 AND s.purpose = $3",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<SqlUuid, _>(secret.id.0)
    .bind::<Text, _>(secret.purpose)
    .get_result(conn)
    .await
    .optional()?;
    let row = row.ok_or(StoreError::NotFound)?;
    let key = row.key.data_key(project, ring)?;
    open_with(&key, &place(project, secret, row.version), &row.ciphertext)
}

/// Deletes a secret, and says whether there was one of this name.
pub async fn delete(conn: &mut Conn, project: ProjectId, secret: SecretName<'_>) -> Result<bool> {
    let deleted =
        sql_query("DELETE FROM secrets WHERE project_id = $1 AND secret_id = $2 AND purpose = $3")
            .bind::<SqlUuid, _>(project.0)
            .bind::<SqlUuid, _>(secret.id.0)
            .bind::<Text, _>(secret.purpose)
            .execute(conn)
            .await?;
    Ok(deleted > 0)
}

/// Locks the data key of a project, which is made if there is none yet. Of two who make one at once, one does.
async fn lock_key_or_make(conn: &mut Conn, project: ProjectId, ring: &KeyRing) -> Result<DataKey> {
    if let Some(row) = lock_key(conn, project).await? {
        return row.data_key(project, ring);
    }
    let wrapped = ring.wrap(&new_data_key()?, project, nonce()?);
    sql_query(
        "INSERT INTO project_keys (project_id, kek_id, wrapped_key, created_at)
         VALUES ($1, $2, $3, rw_now()) ON CONFLICT (project_id) DO NOTHING",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<Text, _>(wrapped.kek.to_string())
    .bind::<Binary, _>(wrapped.sealed)
    .execute(conn)
    .await?;
    let row = lock_key(conn, project).await?;
    row.ok_or(StoreError::NotFound)?.data_key(project, ring)
}

/// Locks the data key of a project until the end of the transaction.
async fn lock_key(conn: &mut Conn, project: ProjectId) -> Result<Option<KeyRow>> {
    let row =
        sql_query("SELECT kek_id, wrapped_key FROM project_keys WHERE project_id = $1 FOR UPDATE")
            .bind::<SqlUuid, _>(project.0)
            .get_result(conn)
            .await
            .optional()?;
    Ok(row)
}

/// The version that a secret gets which is put now.
async fn next_version(conn: &mut Conn, project: ProjectId, secret: SecretId) -> Result<i64> {
    let before: Before = sql_query(
        "SELECT max(version) FILTER (WHERE secret_id = $2) AS version, count(*) AS secrets
         FROM secrets WHERE project_id = $1",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<SqlUuid, _>(secret.0)
    .get_result(conn)
    .await?;
    match before.version {
        None if before.secrets >= SECRETS_PER_PROJECT_MAX => Err(TOO_MANY),
        version => Ok(version.unwrap_or(0) + 1),
    }
}

impl KeyRow {
    /// The key, unwrapped.
    fn data_key(self, project: ProjectId, ring: &KeyRing) -> Result<DataKey> {
        let unreadable = |_| StoreError::Unreadable(format!("the id of a key of {project}"));
        let wrapped = WrappedKey {
            kek: self.kek_id.parse().map_err(unreadable)?,
            sealed: self.wrapped_key,
        };
        let key = ring.unwrap_key(&wrapped, project);
        key.map_err(|why| sealed(format!("the data key of the project {project}"), why))
    }
}

fn open_with(key: &DataKey, place: &Place<'_>, ciphertext: &[u8]) -> Result<Plaintext> {
    let opened = key.open(place, ciphertext);
    opened.map_err(|why| {
        let Place {
            secret, project, ..
        } = place;
        sealed(format!("the secret {secret} of the project {project}"), why)
    })
}

fn place<'a>(project: ProjectId, secret: SecretName<'a>, version: i64) -> Place<'a> {
    Place {
        purpose: secret.purpose,
        project,
        secret: secret.id,
        version,
    }
}

fn sealed(what: String, why: SecretError) -> StoreError {
    StoreError::Sealed { what, why }
}

fn new_data_key() -> Result<DataKey> {
    DataKey::from_random(getrandom::fill).map_err(no_randomness)
}

fn nonce() -> Result<Nonce> {
    Nonce::from_random(getrandom::fill).map_err(no_randomness)
}

/// It happens only while a machine starts.
fn no_randomness(error: getrandom::Error) -> StoreError {
    StoreError::Unavailable(error.into())
}
