//! What handlers need.

use std::sync::Arc;
use std::time::Duration;

use runwatch_core::ids::ProjectId;
use runwatch_core::time::Timestamp;
use runwatch_service::clock::Clock;
use runwatch_service::problem::Problem;
use runwatch_store::error::Result as StoreResult;
use runwatch_store::pool::{self, Conn, Pool};
use runwatch_store::settings::{NotFit, check_writable};

/// The state of query-api.
pub(crate) struct App {
    pool: Pool,
    clock: Arc<dyn Clock>,
    limit: Duration,
}

impl App {
    /// `limit` is how long a statement may take.
    pub(crate) fn new(pool: Pool, clock: Arc<dyn Clock>, limit: Duration) -> Self {
        Self { pool, clock, limit }
    }

    /// The time of day, where a caller names none.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reads in a transaction that sees this project only.
    pub(crate) async fn read<T>(
        &self,
        project: ProjectId,
        work: impl AsyncFnOnce(&mut Conn) -> StoreResult<T>,
    ) -> StoreResult<T> {
        let mut conn = self.pool.get().await?;
        pool::read(&mut conn, project, self.limit, work).await
    }

    /// As [`Self::read`], for handlers.
    pub(crate) async fn answer<T>(
        &self,
        project: ProjectId,
        work: impl AsyncFnOnce(&mut Conn) -> StoreResult<T>,
    ) -> Result<T, Problem> {
        Ok(self.read(project, work).await?)
    }
}

/// Whether the database answers and keeps what it acknowledges; a standby is good enough to read.
pub(crate) async fn check(pool: &Pool, unsafe_durability: bool) -> Result<(), String> {
    let mut conn = pool.get().await.map_err(|error| error.to_string())?;
    match check_writable(&mut conn).await {
        Ok(None | Some(NotFit::ReadOnly)) => Ok(()),
        Ok(Some(NotFit::NotDurable(..))) if unsafe_durability => Ok(()),
        Ok(Some(reason)) => Err(reason.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
