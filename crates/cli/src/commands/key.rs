//! `runwatch key`.

use anyhow::{Context, Result, bail};
use runwatch_core::api_key::{ApiKey, Scope};
use runwatch_core::ids::{KeyId, ProjectId};
use runwatch_store::api_keys::{self, KeyInfo, NewKey};
use runwatch_store::error::StoreError;
use serde::Serialize;
use serde_json::json;
use uuid::Builder;

use crate::admin::{Admin, Done};
use crate::args::KeyCommand;
use crate::commands::project;
use crate::console::{say, table};
use crate::secrets::random;

/// A new key as it is printed as JSON, the only time that it is shown.
#[derive(Debug, Serialize)]
struct CreatedKeyJson {
    id: String,
    key: String,
}

/// A key as it is listed as JSON.
#[derive(Debug, Serialize)]
struct KeyJson {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
}

impl From<KeyInfo> for KeyJson {
    fn from(key: KeyInfo) -> Self {
        let KeyInfo {
            id,
            name,
            scopes,
            created_at,
            expires_at,
            revoked_at,
            last_used_at,
        } = key;
        Self {
            id: id.to_string(),
            name,
            scopes: scopes.into_iter().map(Scope::name).collect(),
            created_at: created_at.to_rfc3339(),
            expires_at: expires_at.map(|at| at.to_rfc3339()),
            revoked_at: revoked_at.map(|at| at.to_rfc3339()),
            last_used_at: last_used_at.map(|at| at.to_rfc3339()),
        }
    }
}

/// Creates, lists or revokes keys.
pub(crate) async fn run(command: KeyCommand) -> Result<()> {
    match command {
        KeyCommand::Create {
            project,
            name,
            scope,
            expires,
            json,
            installation,
        } => {
            let mut admin = Admin::open(&installation).await?;
            let project = project::find(&mut admin.conn, &project).await?;
            let key = new_key()?;
            let new = NewKey {
                id: key.id(),
                name,
                scopes: scope,
                secret_hash: key.secret_hash(&admin.pepper()?),
                expires_at: expires,
            };
            create(&mut admin, project.id, &new).await?;
            let created = CreatedKeyJson {
                id: key.id().to_string(),
                key: key.to_text(),
            };
            say(&match json {
                true => serde_json::to_string(&created)?,
                false => format!("{}\nKeep it: it cannot be shown again.", created.key),
            });
        }
        KeyCommand::Generate => say(&new_key()?.to_text()),
        KeyCommand::List {
            project,
            json,
            installation,
        } => {
            let mut conn = Admin::open(&installation).await?.conn;
            let project = project::find(&mut conn, &project).await?;
            let keys = api_keys::list(&mut conn, project.id).await;
            let keys = keys.context("failed to list the keys")?;
            let keys: Vec<KeyJson> = keys.into_iter().map(Into::into).collect();
            say(&match json {
                true => serde_json::to_string(&keys)?,
                false => as_table(&keys),
            });
        }
        KeyCommand::Revoke { id, installation } => {
            revoke(&mut Admin::open(&installation).await?, id).await?;
            say(&format!("Revoked the key {id}."));
        }
    }
    Ok(())
}

/// A key that nobody knows.
pub(crate) fn new_key() -> Result<ApiKey> {
    let no_randomness = "failed to read random bytes";
    let id = KeyId(Builder::from_random_bytes(random().context(no_randomness)?).into_uuid());
    Ok(ApiKey::from_random(id, random().context(no_randomness)?))
}

/// Stores a key.
pub(crate) async fn create(admin: &mut Admin, project: ProjectId, new: &NewKey) -> Result<()> {
    let created = admin.change(project, "create_api_key", async |conn| {
        api_keys::create(conn, project, new).await?;
        Ok(Done {
            answer: (),
            subject: new.id.to_string(),
            details: new.told(),
        })
    });
    created.await.context("failed to store the key")
}

async fn revoke(admin: &mut Admin, id: KeyId) -> Result<()> {
    let failed = || format!("failed to revoke the key {id}");
    let project = api_keys::project_of(&mut admin.conn, id).await;
    let Some(project) = project.with_context(failed)? else {
        bail!("there is no key {id}");
    };
    let revoked = admin.change(project, "delete_api_key", async |conn| {
        if !api_keys::revoke(conn, project, id).await? {
            return Err(StoreError::Rule {
                code: "revoked",
                detail: "It was revoked before.",
            });
        }
        Ok(Done {
            answer: (),
            subject: id.to_string(),
            details: json!({}),
        })
    });
    revoked.await.with_context(failed)
}

fn as_table(keys: &[KeyJson]) -> String {
    let row = |key: &KeyJson| {
        let scopes = key.scopes.join(",");
        let expires_at = key.expires_at.clone().unwrap_or_default();
        let revoked_at = key.revoked_at.clone().unwrap_or_default();
        let last_used_at = key.last_used_at.clone().unwrap_or_default();
        vec![
            key.id.clone(),
            key.name.clone(),
            scopes,
            key.created_at.clone(),
            last_used_at,
            expires_at,
            revoked_at,
        ]
    };
    let rows: Vec<_> = keys.iter().map(row).collect();
    table(
        &[
            "ID",
            "NAME",
            "SCOPES",
            "CREATED",
            "LAST USED",
            "EXPIRES",
            "REVOKED",
        ],
        &rows,
    )
}
