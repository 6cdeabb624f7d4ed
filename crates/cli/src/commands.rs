//! The commands that do one thing and then end.

pub(crate) mod key;
pub(crate) mod migrate;
pub(crate) mod project;
pub(crate) mod runs;
pub(crate) mod validate;

use anyhow::{Context, Result};
use runwatch_store::pool::{Conn, connect};

use crate::args::DatabaseArgs;

/// Opens the connection that a command works on.
async fn open(database: &DatabaseArgs) -> Result<Conn> {
    connect(&database.database_url)
        .await
        .context("failed to connect to the database")
}
