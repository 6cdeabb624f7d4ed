//! Measures what projects with a quota take on the disk.

use anyhow::{Context, Result};

use runwatch_store::pool::Pool;
use runwatch_store::storage;

/// One turn. What it measured is no reason for another turn at once.
pub(super) async fn turn(pool: &Pool) -> Result<usize> {
    let mut conn = pool.get().await?;
    let projects = storage::projects(&mut conn).await;
    for project in projects.context("failed to read which projects have a quota")? {
        let bytes = storage::measure(&mut conn, project).await;
        let bytes = bytes.context("failed to measure what a project takes")?;
        tracing::debug!(%project, bytes, "Measured what a project takes");
    }
    Ok(0)
}
