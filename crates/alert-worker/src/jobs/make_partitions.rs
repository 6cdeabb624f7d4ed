//! Makes the daily partitions ahead of time.

use anyhow::{Context, Result};

use runwatch_store::partitions::make_ahead;
use runwatch_store::pool::Pool;

/// One turn. What it made is no reason for another turn at once.
pub(super) async fn turn(pool: &Pool) -> Result<usize> {
    let mut conn = pool.get().await?;
    let made = make_ahead(&mut conn)
        .await
        .context("failed to make partitions")?;
    if made > 0 {
        tracing::info!(made, "Made {made} partitions ahead");
    }
    Ok(0)
}
