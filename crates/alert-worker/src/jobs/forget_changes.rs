//! Forgets what changed when its time is over.

use anyhow::{Context, Result};

use runwatch_store::changes;
use runwatch_store::pool::Pool;

/// One turn; says how many rows were forgotten.
pub(super) async fn turn(pool: &Pool, has_index: bool) -> Result<usize> {
    let mut conn = pool.get().await?;
    let forgotten = changes::forget(&mut conn, has_index).await;
    forgotten.context("failed to forget changes")
}
