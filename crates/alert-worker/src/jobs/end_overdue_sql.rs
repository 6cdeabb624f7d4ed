//! Ends what analysts who ask the database themselves let run too long, and connections of logins that have expired.

use anyhow::{Context, Result};

use runwatch_store::pool::Pool;
use runwatch_store::sql_logins;

/// One turn. What it ended takes a moment to be gone, and is no reason for another turn at once.
pub(super) async fn turn(pool: &Pool) -> Result<usize> {
    let mut conn = pool.get().await?;
    let ended = sql_logins::end_overdue(&mut conn).await;
    for ended in ended.context("failed to end what takes too long in SQL")? {
        tracing::info!(
            role = ended.role,
            why = ended.why,
            "Ended what an SQL login did"
        );
    }
    Ok(0)
}
