//! Erases what somebody asked to be erased.

use anyhow::{Context, Result};

use runwatch_store::erasures;
use runwatch_store::pool::Pool;

/// One turn; says for how many erasures there is more to do at once.
pub(super) async fn turn(pool: &Pool) -> Result<usize> {
    let mut conn = pool.get().await?;
    let went = erasures::turn(&mut conn).await;
    went.context("failed to erase what was asked for")
}
