//! `runwatch migrate`.

use anyhow::{Context, Result};
use runwatch_store::migrate;

use crate::admin::NO_DATABASE;
use crate::args::MigrateArgs;
use crate::console::say;
use crate::installation::Installation;

/// Runs all pending migrations, or takes some back, and lists them.
pub(crate) async fn run(args: MigrateArgs) -> Result<()> {
    let installation = Installation::find(args.admin.data_dir.as_deref(), None);
    let url = args.admin.database_url.as_ref();
    let url = url
        .or(installation.admin_url.as_ref())
        .context(NO_DATABASE)?;
    let (migrated, done, nothing) = match args.down {
        None => (
            migrate::up(url).await,
            "applied",
            "The schema is up to date.",
        ),
        Some(steps) => (
            migrate::down(url, steps).await,
            "taken back",
            "Nothing to take back.",
        ),
    };
    let migrated = migrated.context("failed to migrate the database")?;
    for name in &migrated.applied {
        say(&format!("{done}: {name}"));
    }
    if migrated.applied.is_empty() {
        say(nothing);
    }
    Ok(())
}
