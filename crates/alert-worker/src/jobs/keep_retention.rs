//! Deletes what is older than its project keeps its data, and partitions in which nothing is left.

use anyhow::{Context, Result};

use runwatch_store::pool::Pool;
use runwatch_store::retention::{self, Keeping};

/// One turn, in which each project has one step; says how many of them found something.
pub(super) async fn turn(pool: &Pool) -> Result<usize> {
    let mut conn = pool.get().await?;
    let projects = retention::projects(&mut conn).await;
    let (mut found, mut failed) = (0, None);
    for keeping in projects.context("failed to read how long projects keep their data")? {
        let Keeping { project, days } = keeping;
        // One that fails holds up no other.
        match retention::forget(&mut conn, keeping).await {
            Ok(forgotten) if forgotten.is_nothing() => {}
            Ok(forgotten) => {
                tracing::info!(%project, days, ?forgotten, "Deleted what is older than the project keeps it");
                found += 1;
            }
            Err(error) => failed = Some(error),
        }
    }
    if let Some(error) = failed {
        return Err(error).context("failed to delete what is too old");
    }
    let dropped = retention::drop_empty_partition(&mut conn).await;
    if dropped.context("failed to drop an empty partition")? > 0 {
        tracing::info!("Dropped a partition in which nothing was left");
        found += 1;
    }
    Ok(found)
}
