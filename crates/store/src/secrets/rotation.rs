//! Other keys in place of those in use, one project at a time, while others seal and open.

use diesel::sql_types::{Array, BigInt, Binary, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::ids::{ProjectId, SecretId};
use runwatch_core::secrets::{DataKey, KekId, KeyRing, Place};

use super::{lock_key, new_data_key, nonce, open_with};
use crate::error::{Result, StoreError};
use crate::pool::Conn;

/// What is under one key-encryption key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The key.
    pub kek: KekId,
    /// Projects whose data key is wrapped under it.
    pub projects: i64,
    /// Secrets of these projects.
    pub secrets: i64,
}

/// What was sealed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// What the data key before was wrapped under.
    pub from: KekId,
    /// Secrets.
    pub secrets: usize,
}

#[derive(QueryableByName)]
struct UseRow {
    #[diesel(sql_type = Text)]
    kek_id: String,
    #[diesel(sql_type = BigInt)]
    projects: i64,
    #[diesel(sql_type = BigInt)]
    secrets: i64,
}

#[derive(QueryableByName)]
struct ProjectRow {
    #[diesel(sql_type = SqlUuid)]
    project_id: Uuid,
}

#[derive(QueryableByName)]
struct SealedRow {
    #[diesel(sql_type = SqlUuid)]
    secret_id: Uuid,
    #[diesel(sql_type = Text)]
    purpose: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Binary)]
    ciphertext: Vec<u8>,
}

/// Which key-encryption keys are in use, and by how much.
pub async fn key_uses(conn: &mut Conn) -> Result<Vec<KeyUse>> {
    let rows: Vec<UseRow> = sql_query(
        "SELECT kek_id, count(*) AS projects, coalesce(sum(secrets), 0)::bigint AS secrets
         FROM project_keys LEFT JOIN (
             SELECT project_id, count(*) AS secrets FROM secrets GROUP BY 1) s USING (project_id)
         GROUP BY 1 ORDER BY 1",
    )
    .load(conn)
    .await?;
    let key_use = |row: UseRow| {
        Ok(KeyUse {
            kek: kek(&row.kek_id)?,
            projects: row.projects,
            secrets: row.secrets,
        })
    };
    rows.into_iter().map(key_use).collect()
}

/// The projects that have a data key.
pub async fn projects_with_keys(conn: &mut Conn) -> Result<Vec<ProjectId>> {
    let rows = sql_query("SELECT project_id FROM project_keys ORDER BY 1");
    let rows: Vec<ProjectRow> = rows.load(conn).await?;
    Ok(ids(rows))
}

/// The projects whose data key is wrapped under another key.
pub async fn projects_not_under(conn: &mut Conn, kek: KekId) -> Result<Vec<ProjectId>> {
    let rows: Vec<ProjectRow> =
        sql_query("SELECT project_id FROM project_keys WHERE kek_id <> $1 ORDER BY 1")
            .bind::<Text, _>(kek.to_string())
            .load(conn)
            .await?;
    Ok(ids(rows))
}

/// Wraps the data key of a project under the first key of the ring, and says under which it was; none if it was
/// under the first already.
pub async fn rewrap(conn: &mut Conn, project: ProjectId, ring: &KeyRing) -> Result<Option<KekId>> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        let row = lock_key(conn, project).await?.ok_or(StoreError::NotFound)?;
        let from = kek(&row.kek_id)?;
        if from == ring.first() {
            return Ok(None);
        }
        let key = row.data_key(project, ring)?;
        store_key(conn, project, ring, &key).await?;
        Ok(Some(from))
    })
    .await
}

/// Makes a new data key for a project and seals its secrets with it. The one before is gone afterwards.
pub async fn renew(conn: &mut Conn, project: ProjectId, ring: &KeyRing) -> Result<Renewed> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        let row = lock_key(conn, project).await?.ok_or(StoreError::NotFound)?;
        let from = kek(&row.kek_id)?;
        let new = new_data_key()?;
        let secrets = reseal(conn, project, &row.data_key(project, ring)?, &new).await?;
        store_key(conn, project, ring, &new).await?;
        sql_query("UPDATE project_keys SET created_at = rw_now() WHERE project_id = $1")
            .bind::<SqlUuid, _>(project.0)
            .execute(conn)
            .await?;
        Ok(Renewed { from, secrets })
    })
    .await
}

/// Seals all secrets of a project with another key, and says how many they are.
async fn reseal(
    conn: &mut Conn,
    project: ProjectId,
    old: &DataKey,
    new: &DataKey,
) -> Result<usize> {
    let rows: Vec<SealedRow> = sql_query(
        "SELECT secret_id, purpose, version, ciphertext FROM secrets WHERE project_id = $1",
    )
    .bind::<SqlUuid, _>(project.0)
    .load(conn)
    .await?;
    let (mut ids, mut ciphertexts) = (Vec::new(), Vec::new());
    for row in &rows {
        let place = Place {
            purpose: &row.purpose,
            project,
            secret: SecretId(row.secret_id),
            version: row.version,
        };
        let text = open_with(old, &place, &row.ciphertext)?;
        ids.push(row.secret_id);
        ciphertexts.push(new.seal(&place, &text, nonce()?));
    }
    sql_query(
        "UPDATE secrets s SET ciphertext = new.ciphertext
         FROM unnest($2, $3) AS new (secret_id, ciphertext)
         WHERE s.project_id = $1 AND s.secret_id = new.secret_id",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Binary>, _>(ciphertexts)
    .execute(conn)
    .await?;
    Ok(rows.len())
}

/// Keeps a data key, wrapped under the first key of the ring, in place of what is there.
async fn store_key(
    conn: &mut Conn,
    project: ProjectId,
    ring: &KeyRing,
    key: &DataKey,
) -> Result<()> {
    let wrapped = ring.wrap(key, project, nonce()?);
    sql_query("UPDATE project_keys SET kek_id = $2, wrapped_key = $3 WHERE project_id = $1")
        .bind::<SqlUuid, _>(project.0)
        .bind::<Text, _>(wrapped.kek.to_string())
        .bind::<Binary, _>(wrapped.sealed)
        .execute(conn)
        .await?;
    Ok(())
}

fn kek(text: &str) -> Result<KekId> {
    let unreadable = |_| StoreError::Unreadable("the id of a key of SECRETS_KEY".to_owned());
    text.parse().map_err(unreadable)
}

fn ids(rows: Vec<ProjectRow>) -> Vec<ProjectId> {
    let ids = rows.into_iter().map(|row| ProjectId(row.project_id));
    ids.collect()
}
