//! The first project and its keys, so that a fresh installation can be used at once.

use anyhow::{Context, Result};
use runwatch_core::api_key::{ApiKey, Scope};
use runwatch_store::api_keys;
use runwatch_store::error::StoreError;
use runwatch_store::pool::{Conn, connect};
use runwatch_store::projects::{self, Project};

use crate::commands::key;
use crate::secrets::Secrets;

/// The name of the first project.
pub(super) const PROJECT: &str = "default";

/// The keys of the first project, as text; they are kept in the secrets file.
#[derive(Clone, Debug)]
pub(super) struct FirstKeys {
    /// May only send: for agents.
    pub(super) ingest: String,
    /// May do everything: for scripts and people.
    pub(super) all_scopes: String,
}

/// Makes the project and its keys, as far as they are missing or no longer valid.
pub(super) async fn ensure(admin_url: &str, secrets: &mut Secrets) -> Result<FirstKeys> {
    let mut conn = connect(admin_url)
        .await
        .context("failed to connect to the database")?;
    let project = project(&mut conn)
        .await
        .context("failed to create the first project")?;
    let all = Scope::ALL.to_vec();
    Ok(FirstKeys {
        ingest: kept_key(&mut conn, &project, secrets, "agents", vec![Scope::Ingest]).await?,
        all_scopes: kept_key(&mut conn, &project, secrets, "scripts", all).await?,
    })
}

async fn project(conn: &mut Conn) -> Result<Project, StoreError> {
    match projects::find_by_name(conn, PROJECT).await? {
        Some(project) => Ok(project),
        None => projects::create(conn, PROJECT).await,
    }
}

/// The kept key of this name if the database still knows it, else a new one.
async fn kept_key(
    conn: &mut Conn,
    project: &Project,
    secrets: &mut Secrets,
    name: &str,
    scopes: Vec<Scope>,
) -> Result<String> {
    let kept_as = format!("api_key.{name}");
    let valid = api_keys::list(conn, project.id)
        .await
        .context("failed to list the keys")?;
    if let Some(key) = secrets
        .get(&kept_as)
        .and_then(|text| text.parse::<ApiKey>().ok())
        && valid
            .iter()
            .any(|valid| valid.id == key.id() && valid.revoked_at.is_none())
    {
        return Ok(key.to_text());
    }
    let text = key::create(conn, project.id, name, scopes).await?.to_text();
    secrets
        .keep(&[(&kept_as, &text)])
        .context("failed to keep the key in the data folder")?;
    Ok(text)
}
