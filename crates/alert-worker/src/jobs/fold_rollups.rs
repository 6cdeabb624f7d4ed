//! Folds what ingest appended into the rollups, failure groups and counts of outcomes.

use anyhow::{Context, Result};

use runwatch_store::fold::fold;
use runwatch_store::pool::Pool;

/// One turn; says how many rows were folded.
pub(super) async fn turn(pool: &Pool) -> Result<usize> {
    let mut conn = pool.get().await?;
    fold(&mut conn).await.context("failed to fold the rollups")
}
