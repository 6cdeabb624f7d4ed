//! Makes search segments from what changed.

use std::time::Duration;

use anyhow::{Context, Result};

use runwatch_store::pool::Pool;
use runwatch_store::search;

/// How long a few changes wait to become a segment together with others.
const PATIENCE: Duration = Duration::from_secs(10);

/// One turn; says how many documents were dealt with.
pub(super) async fn turn(pool: &Pool) -> Result<usize> {
    let mut conn = pool.get().await?;
    let dealt_with = search::index(&mut conn, PATIENCE).await;
    dealt_with.context("failed to index what changed")
}
