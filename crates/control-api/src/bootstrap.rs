//! The first key, where the environment names one: so that programs can send before anybody has signed in.

use std::sync::Arc;
use std::time::Duration;

use runwatch_core::api_key::{ApiKey, Scope};
use runwatch_core::audit::Actor;
use runwatch_store::api_keys::{self, NewKey};
use runwatch_store::audit::Deed;
use runwatch_store::error::{Result, StoreError};
use runwatch_store::pool::Conn;
use runwatch_store::projects;
use serde_json::json;

use crate::app::App;

/// The name of the project that it is of, which is also that of `runwatch up`.
const PROJECT: &str = "default";
/// The pause after an attempt that failed, as while the database starts.
const PAUSE: Duration = Duration::from_secs(1);

/// Sees to it that the key is there, however long the database is away. One that was revoked stays so.
pub(crate) async fn ensure(app: Arc<App>, key: ApiKey) {
    while let Err(problem) = app.run(async |conn| put(conn, &app, &key).await).await {
        tracing::warn!(%problem, "BOOTSTRAP_API_KEY could not be stored; it will be tried again");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn put(conn: &mut Conn, app: &App, key: &ApiKey) -> Result<()> {
    if api_keys::project_of(conn, key.id()).await?.is_some() {
        return Ok(());
    }
    let project = match projects::find_by_name(conn, PROJECT).await? {
        Some(project) => project,
        None => match projects::create(conn, PROJECT).await {
            Err(StoreError::Exists(_)) => return Err(StoreError::NotFound),
            made => made?,
        },
    };
    let new = NewKey {
        id: key.id(),
        name: "bootstrap".to_owned(),
        scopes: Scope::ALL.to_vec(),
        secret_hash: key.secret_hash(&app.pepper),
        expires_at: None,
    };
    api_keys::create(conn, project.id, &new).await?;
    let deed = Deed {
        project: project.id,
        actor: Actor::System,
        action: "create_api_key",
        subject: key.id().to_string(),
        details: json!({ "name": new.name, "by": "BOOTSTRAP_API_KEY" }),
        request_id: String::new(),
    };
    app.note(conn, deed).await
}
