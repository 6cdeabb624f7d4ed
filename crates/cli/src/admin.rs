//! Who runs an installation, with the whole database and the keys of the services at hand.

use std::env;

use anyhow::{Context, Result};
use runwatch_core::api_key::Pepper;
use runwatch_core::audit::{Actor, AuditKey};
use runwatch_core::ids::ProjectId;
use runwatch_core::token::key;
use runwatch_store::audit::{self, Deed};
use runwatch_store::error::Result as StoreResult;
use runwatch_store::pool::{self, Conn, connect};
use serde_json::Value;
use std::time::Duration;

use crate::args::AdminArgs;
use crate::installation::Installation;

/// What is said where no database is named and none is found.
pub(crate) const NO_DATABASE: &str = "there is no database: set DATABASE_URL, or name the data folder of \
    `runwatch up` by --data-dir";
/// How long a statement may take.
const LIMIT: Duration = Duration::from_secs(30);

/// The installation that a command works on.
pub(crate) struct Admin {
    /// Its database.
    pub(crate) conn: Conn,
    installation: Installation,
}

/// What a command did, for the audit log.
pub(crate) struct Done<T> {
    /// What it says.
    pub(crate) answer: T,
    /// To what.
    pub(crate) subject: String,
    /// What else there is to say: never a secret.
    pub(crate) details: Value,
}

impl Admin {
    /// Finds it by the arguments, the environment and the data folder of `runwatch up`.
    pub(crate) async fn open(args: &AdminArgs) -> Result<Self> {
        let installation = Installation::find(args.data_dir.as_deref(), None);
        let url = args.database_url.as_ref().filter(|url| !url.is_empty());
        let found = installation.admin_url.clone();
        let url = url.or(found.as_ref()).context(NO_DATABASE)?;
        Self::of(url, installation).await
    }

    /// Takes that of a data folder, whose database is there.
    pub(crate) async fn of(url: &str, installation: Installation) -> Result<Self> {
        let conn = connect(url).await;
        let conn = conn.context("failed to connect to the database")?;
        Ok(Self { conn, installation })
    }

    /// What the secrets of keys are hashed under.
    pub(crate) fn pepper(&self) -> Result<Pepper> {
        self.key("API_KEY_PEPPER").map(Pepper::new)
    }

    /// What the audit log is hashed under.
    pub(crate) fn audit_key(&self) -> Result<AuditKey> {
        self.key("AUDIT_KEY").map(AuditKey::new)
    }

    /// Where people reach it.
    pub(crate) fn public_url(&self) -> String {
        let told = env::var("RUNWATCH_PUBLIC_URL").ok();
        let port = self
            .installation
            .ports
            .map_or(crate::ports::PORT, |ports| ports.nginx);
        let url = told.unwrap_or_else(|| format!("http://localhost:{port}"));
        url.trim_end_matches('/').to_owned()
    }

    fn key(&self, variable: &str) -> Result<[u8; 32]> {
        let text = env::var(variable).ok().filter(|text| !text.is_empty());
        let text = text.or_else(|| self.installation.secret(variable));
        let text = text.with_context(|| {
            format!("{variable} is not set: it must be what control-api has, or name the data folder of `runwatch up` by --data-dir")
        })?;
        key(&text).with_context(|| format!("{variable} is not 32 bytes in Base64"))
    }

    /// Changes something and writes that into the audit log of a project, in one transaction.
    pub(crate) async fn change<T>(
        &mut self,
        project: ProjectId,
        action: &'static str,
        work: impl AsyncFnOnce(&mut Conn) -> StoreResult<Done<T>>,
    ) -> Result<T> {
        let key = self.audit_key()?;
        let changed = pool::write(&mut self.conn, LIMIT, async |conn| {
            let done = work(conn).await?;
            let deed = Deed {
                project,
                actor: Actor::System,
                action,
                subject: done.subject,
                details: done.details,
                request_id: String::new(),
            };
            audit::record(conn, &key, deed).await?;
            Ok(done.answer)
        });
        Ok(changed.await?)
    }
}
