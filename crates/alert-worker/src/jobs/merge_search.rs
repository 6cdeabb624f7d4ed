//! Merges small search segments into larger ones.

use anyhow::{Context, Result};

use runwatch_store::pool::Pool;
use runwatch_store::search;

/// One turn; says how many segments were dealt with.
pub(super) async fn turn(pool: &Pool) -> Result<usize> {
    let mut conn = pool.get().await?;
    let dealt_with = search::merge(&mut conn).await;
    dealt_with.context("failed to merge search segments")
}
