//! Who runs an installation, with the whole database and the keys of the services at hand.

use std::time::Duration;

use anyhow::{Context, Result};
use runwatch_core::api_key::Pepper;
use runwatch_core::audit::{Actor, AuditKey};
use runwatch_core::ids::ProjectId;
use runwatch_core::token::key;
use runwatch_store::audit::{self, Deed};
use runwatch_store::error::Result as StoreResult;
use runwatch_store::pool::{self, Conn, connect};
use serde_json::Value;

use crate::args::AdminArgs;
use crate::database_url::{for_libpq, with_login};
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
    /// How it is reached.
    url: String,
    installation: Installation,
    /// Keys that were named, else those of the data folder are taken.
    audit_key: Option<String>,
    pepper: Option<String>,
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
        let mut admin = Self::of(url, installation).await?;
        let set = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        admin.audit_key = set(&args.audit_key);
        admin.pepper = set(&args.api_key_pepper);
        Ok(admin)
    }

    /// Takes that of a data folder, whose database is there.
    pub(crate) async fn of(url: &str, installation: Installation) -> Result<Self> {
        let conn = connect(url).await;
        let conn = conn.context("failed to connect to the database")?;
        Ok(Self {
            conn,
            url: url.to_owned(),
            installation,
            audit_key: None,
            pepper: None,
        })
    }

    /// What the secrets of keys are hashed under.
    pub(crate) fn pepper(&self) -> Result<Pepper> {
        self.key("API_KEY_PEPPER", self.pepper.as_ref())
            .map(Pepper::new)
    }

    /// What the audit log is hashed under.
    pub(crate) fn audit_key(&self) -> Result<AuditKey> {
        self.key("AUDIT_KEY", self.audit_key.as_ref())
            .map(AuditKey::new)
    }

    /// A secret of the data folder, by the variable that the services read.
    pub(crate) fn kept_secret(&self, variable: &str) -> Option<String> {
        self.installation.secret(variable)
    }

    /// Its database as another role reaches it by psql and its like.
    pub(crate) fn url_of(&self, role: &str, password: &str) -> Result<String> {
        Ok(for_libpq(&with_login(&self.url, role, password)?))
    }

    /// Whether its database is the private server of the data folder, on which there is nothing of others.
    pub(crate) fn has_private_server(&self) -> bool {
        self.installation.admin_url.as_ref() == Some(&self.url)
    }

    /// Where people reach it, if nobody says otherwise.
    pub(crate) fn local_url(&self) -> String {
        let port = self
            .installation
            .ports
            .map_or(crate::ports::PORT, |ports| ports.nginx);
        format!("http://localhost:{port}")
    }

    fn key(&self, variable: &str, named: Option<&String>) -> Result<[u8; 32]> {
        let named = named.cloned();
        let text = named.or_else(|| self.kept_secret(variable));
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
