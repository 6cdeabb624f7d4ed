//! Forgets idempotency keys when their time is over.

use anyhow::{Context, Result};

use runwatch_store::lifecycle;
use runwatch_store::pool::Pool;

/// One turn; says how many were forgotten.
pub(super) async fn turn(pool: &Pool) -> Result<usize> {
    let mut conn = pool.get().await?;
    let forgotten = lifecycle::forget_idempotency_keys(&mut conn).await;
    forgotten.context("failed to forget idempotency keys")
}
