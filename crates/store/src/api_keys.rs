//! API keys: only the hash of their secret is kept.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::api_key::Scope;
use runwatch_core::hash::ContentKey;
use runwatch_core::ids::{KeyId, ProjectId};
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::pool::Conn;
use crate::schema::api_keys;

/// A key to be stored.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its public half.
    pub id: KeyId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// `ApiKey::secret_hash`
    pub secret_hash: [u8; 32],
    /// From when on it works no longer.
    pub expires_at: Option<Timestamp>,
}

impl NewKey {
    /// What the audit log says of it.
    pub fn told(&self) -> serde_json::Value {
        let scopes: Vec<&str> = self.scopes.iter().map(|scope| scope.name()).collect();
        let expires_at = self.expires_at.map(Timestamp::to_rfc3339);
        serde_json::json!({ "name": self.name, "scopes": scopes, "expires_at": expires_at })
    }
}

/// A key as it is listed.
#[derive(Clone, Debug)]
pub struct KeyInfo {
    /// Its public half.
    pub id: KeyId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it works no longer.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// What a service needs to know of a key that somebody presents.
#[derive(Clone, Debug)]
pub struct FoundKey {
    /// The project that it belongs to.
    pub project: ProjectId,
    /// The secret under which the project's contents are hashed.
    pub content_key: ContentKey,
    /// `ApiKey::secret_hash`
    pub secret_hash: [u8; 32],
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// For how long it is valid yet, if it has an end.
    pub valid_for: Option<Duration>,
    /// Whether it is written down that it was used within the last minute.
    pub is_use_noted: bool,
    /// The settings of its project as JSON (`project_settings::read`), which many keys share.
    pub settings: Arc<str>,
    /// What its project takes on the disk.
    pub stored_bytes: i64,
}

/// Stores a new key.
pub async fn create(conn: &mut Conn, project: ProjectId, key: &NewKey) -> Result<()> {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.name()).collect();
    diesel::insert_into(api_keys::table)
        .values((
            api_keys::project_id.eq(project.0),
            api_keys::key_id.eq(key.id.0),
            api_keys::name.eq(&key.name),
            api_keys::scopes.eq(scopes),
            api_keys::secret_hash.eq(key.secret_hash.as_slice()),
            api_keys::expires_at.eq(key.expires_at.and_then(Timestamp::to_utc)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// The keys of a project, newest first, revoked ones too.
pub async fn list(conn: &mut Conn, project: ProjectId) -> Result<Vec<KeyInfo>> {
    type Row = (
        Uuid,
        String,
        Vec<Option<String>>,
        DateTime<Utc>,
        Option<DateTime<Utc>>,
        Option<DateTime<Utc>>,
        Option<DateTime<Utc>>,
    );
    let rows: Vec<Row> = api_keys::table
        .select((
            api_keys::key_id,
            api_keys::name,
            api_keys::scopes,
            api_keys::created_at,
            api_keys::expires_at,
            api_keys::revoked_at,
            api_keys::last_used_at,
        ))
        .filter(api_keys::project_id.eq(project.0))
        .order((api_keys::created_at.desc(), api_keys::key_id.desc()))
        .load(conn)
        .await?;
    let time = |at: DateTime<Utc>| Timestamp(at.timestamp_micros());
    let info = |row: Row| {
        let (id, name, scopes, created_at, expires_at, revoked_at, last_used_at) = row;
        KeyInfo {
            id: KeyId(id),
            name,
            scopes: known(scopes.into_iter().flatten()),
            created_at: time(created_at),
            expires_at: expires_at.map(time),
            revoked_at: revoked_at.map(time),
            last_used_at: last_used_at.map(time),
        }
    };
    Ok(rows.into_iter().map(info).collect())
}

/// Revokes a key of a project; false if there is none that was valid.
pub async fn revoke(conn: &mut Conn, project: ProjectId, key: KeyId) -> Result<bool> {
    let rows = diesel::update(api_keys::table)
        .filter(api_keys::project_id.eq(project.0))
        .filter(api_keys::key_id.eq(key.0))
        .filter(api_keys::revoked_at.is_null())
        .set(api_keys::revoked_at.eq(diesel::dsl::sql::<
            diesel::sql_types::Nullable<diesel::sql_types::Timestamptz>,
        >("rw_now()")))
        .execute(conn)
        .await?;
    Ok(rows > 0)
}

/// How many keys of a project are neither revoked nor past their time.
pub async fn count_valid(conn: &mut Conn, project: ProjectId) -> Result<i64> {
    let valid = "(expires_at IS NULL OR expires_at > rw_now())";
    let count = api_keys::table
        .filter(api_keys::project_id.eq(project.0))
        .filter(api_keys::revoked_at.is_null())
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>(valid))
        .count();
    Ok(count.get_result(conn).await?)
}

/// The project that a key belongs to: for people who have only the key's id.
pub async fn project_of(conn: &mut Conn, key: KeyId) -> Result<Option<ProjectId>> {
    let row: Option<Uuid> = api_keys::table
        .select(api_keys::project_id)
        .filter(api_keys::key_id.eq(key.0))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(ProjectId))
}

/// Finds a valid key by its exact id, before the project is known.
pub async fn find(conn: &mut Conn, key: KeyId) -> Result<Option<FoundKey>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        project_id: Uuid,
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        content_key: Uuid,
        #[diesel(sql_type = diesel::sql_types::Binary)]
        secret_hash: Vec<u8>,
        #[diesel(sql_type = diesel::sql_types::Array<diesel::sql_types::Text>)]
        scopes: Vec<String>,
        #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::BigInt>)]
        expires_in_ms: Option<i64>,
        #[diesel(sql_type = diesel::sql_types::Bool)]
        is_use_noted: bool,
        #[diesel(sql_type = diesel::sql_types::Text)]
        settings: String,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        stored_bytes: i64,
    }
    let row: Option<Row> = diesel::sql_query("SELECT * FROM find_api_key($1)")
        .bind::<diesel::sql_types::Uuid, _>(key.0)
        .get_result(conn)
        .await
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let unreadable = |_| crate::error::StoreError::Unreadable("a key's hash".to_owned());
    Ok(Some(FoundKey {
        project: ProjectId(row.project_id),
        content_key: ContentKey::new(row.content_key),
        secret_hash: row.secret_hash.try_into().map_err(unreadable)?,
        scopes: known(row.scopes.into_iter()),
        valid_for: row
            .expires_in_ms
            .map(|left| Duration::from_millis(u64::try_from(left).unwrap_or(0))),
        is_use_noted: row.is_use_noted,
        settings: row.settings.into(),
        stored_bytes: row.stored_bytes,
    }))
}

fn known(names: impl Iterator<Item = String>) -> Vec<Scope> {
    names.filter_map(|name| Scope::from_name(&name)).collect()
}
