//! The first project and its keys, so that a fresh installation can be used at once.

use anyhow::{Context, Result};
use runwatch_core::api_key::{ApiKey, Scope};
use runwatch_store::api_keys::{self, NewKey};
use runwatch_store::projects::{self, Project};

use crate::admin::Admin;
use crate::commands::{self, key::new_key};
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
pub(super) async fn ensure(admin: &mut Admin, secrets: &mut Secrets) -> Result<FirstKeys> {
    let project = project(admin)
        .await
        .context("failed to create the first project")?;
    let all = Scope::ALL.to_vec();
    Ok(FirstKeys {
        ingest: kept_key(admin, &project, secrets, "agents", vec![Scope::Ingest]).await?,
        all_scopes: kept_key(admin, &project, secrets, "scripts", all).await?,
    })
}

async fn project(admin: &mut Admin) -> Result<Project> {
    match projects::find_by_name(&mut admin.conn, PROJECT).await? {
        Some(project) => Ok(project),
        None => commands::project::create(admin, PROJECT, None).await,
    }
}

/// The kept key of this name if the database still knows it, else a new one.
async fn kept_key(
    admin: &mut Admin,
    project: &Project,
    secrets: &mut Secrets,
    name: &str,
    scopes: Vec<Scope>,
) -> Result<String> {
    let kept_as = format!("api_key.{name}");
    let kept = secrets.get(&kept_as);
    let pepper = admin.pepper()?;
    if let Some(key) = kept.and_then(|text| text.parse::<ApiKey>().ok())
        && let found = api_keys::find(&mut admin.conn, key.id()).await
        && found
            .context("failed to look up a key")?
            .is_some_and(|found| key.has_hash(&pepper, &found.secret_hash))
    {
        return Ok(key.to_text());
    }
    let key = new_key()?;
    let new = NewKey {
        id: key.id(),
        name: name.to_owned(),
        scopes,
        secret_hash: key.secret_hash(&pepper),
        expires_at: None,
    };
    commands::key::create(admin, project.id, &new).await?;
    let text = key.to_text();
    secrets
        .keep(&[(&kept_as, &text)])
        .context("failed to keep the key in the data folder")?;
    Ok(text)
}
