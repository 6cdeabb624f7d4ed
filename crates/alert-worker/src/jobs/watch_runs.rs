//! Finds runs that nothing more is heard of: stalled ones are flagged, abandoned ones closed.

use anyhow::{Context, Result};

use runwatch_store::ingest::Writer;
use runwatch_store::lifecycle;
use runwatch_store::pool::Pool;

use crate::jobs::recount_runs::usable;

/// Runs closed in one turn.
const ABANDONED_PER_TURN: usize = 200;

/// The job with the connection that it writes summaries over.
pub(super) struct Watching {
    pool: Pool,
    url: String,
    writer: Option<Writer>,
}

impl Watching {
    pub(super) fn new(pool: Pool, url: String) -> Self {
        Self {
            pool,
            url,
            writer: None,
        }
    }

    /// One turn; says how many runs were flagged or closed.
    pub(super) async fn turn(&mut self) -> Result<usize> {
        let mut conn = self.pool.get().await?;
        let stalled = lifecycle::flag_stalled(&mut conn).await;
        let mut runs = stalled.context("failed to flag stalled runs")?;
        let writer = usable(&mut self.writer, &self.url).await?;
        for _ in 0..ABANDONED_PER_TURN {
            let closed = writer
                .abandon_next()
                .await
                .context("failed to close an abandoned run")?;
            if !closed {
                break;
            }
            runs += 1;
        }
        Ok(runs)
    }
}
