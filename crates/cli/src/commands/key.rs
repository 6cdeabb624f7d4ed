//! `runwatch key`.

use anyhow::{Context, Result, bail};
use runwatch_core::api_key::{ApiKey, Scope};
use runwatch_core::ids::{KeyId, ProjectId};
use runwatch_store::api_keys::{self, KeyInfo, NewKey};
use runwatch_store::pool::Conn;
use serde::Serialize;
use uuid::Builder;

use crate::args::KeyCommand;
use crate::commands::{open, project};
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
        } = key;
        Self {
            id: id.to_string(),
            name,
            scopes: scopes.into_iter().map(Scope::name).collect(),
            created_at: created_at.to_rfc3339(),
            expires_at: expires_at.map(|at| at.to_rfc3339()),
            revoked_at: revoked_at.map(|at| at.to_rfc3339()),
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
            json,
            database,
        } => {
            let mut conn = open(&database).await?;
            let project = project::find(&mut conn, &project).await?;
            let key = create(&mut conn, project.id, &name, scope).await?;
            let created = CreatedKeyJson {
                id: key.id().to_string(),
                key: key.to_text(),
            };
            say(&match json {
                true => serde_json::to_string(&created)?,
                false => format!("{}\nKeep it: it cannot be shown again.", created.key),
            });
        }
        KeyCommand::List {
            project,
            json,
            database,
        } => {
            let mut conn = open(&database).await?;
            let project = project::find(&mut conn, &project).await?;
            let keys = api_keys::list(&mut conn, project.id).await;
            let keys = keys.context("failed to list the keys")?;
            let keys: Vec<KeyJson> = keys.into_iter().map(Into::into).collect();
            say(&match json {
                true => serde_json::to_string(&keys)?,
                false => as_table(&keys),
            });
        }
        KeyCommand::Revoke { id, database } => {
            let mut conn = open(&database).await?;
            revoke(&mut conn, id).await?;
            say(&format!("Revoked the key {id}."));
        }
    }
    Ok(())
}

/// Makes a key and stores what is needed to know it again.
pub(crate) async fn create(
    conn: &mut Conn,
    project: ProjectId,
    name: &str,
    scopes: Vec<Scope>,
) -> Result<ApiKey> {
    let no_randomness = "failed to read random bytes";
    let id = KeyId(Builder::from_random_bytes(random().context(no_randomness)?).into_uuid());
    let key = ApiKey::from_random(id, random().context(no_randomness)?);
    let new = NewKey {
        id,
        name: name.to_owned(),
        scopes,
        secret_hash: key.secret_hash(),
        expires_at: None,
    };
    api_keys::create(conn, project, &new)
        .await
        .context("failed to store the key")?;
    Ok(key)
}

async fn revoke(conn: &mut Conn, id: KeyId) -> Result<()> {
    let failed = || format!("failed to revoke the key {id}");
    let Some(project) = api_keys::project_of(conn, id).await.with_context(failed)? else {
        bail!("there is no key {id}");
    };
    if !api_keys::revoke(conn, project, id)
        .await
        .with_context(failed)?
    {
        bail!("the key {id} was revoked before");
    }
    Ok(())
}

fn as_table(keys: &[KeyJson]) -> String {
    let row = |key: &KeyJson| {
        let scopes = key.scopes.join(",");
        let expires_at = key.expires_at.clone().unwrap_or_default();
        let revoked_at = key.revoked_at.clone().unwrap_or_default();
        vec![
            key.id.clone(),
            key.name.clone(),
            scopes,
            key.created_at.clone(),
            expires_at,
            revoked_at,
        ]
    };
    let rows: Vec<_> = keys.iter().map(row).collect();
    table(
        &["ID", "NAME", "SCOPES", "CREATED", "EXPIRES", "REVOKED"],
        &rows,
    )
}
