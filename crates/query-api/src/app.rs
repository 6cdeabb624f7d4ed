//! What handlers need.

use std::sync::Arc;
use std::time::Duration;

use runwatch_core::ids::ProjectId;
use runwatch_core::limits::EXPORTS_MAX;
use runwatch_core::time::Timestamp;
use runwatch_service::clock::Clock;
use runwatch_service::health::Readiness;
use runwatch_service::problem::Problem;
use runwatch_store::error::Result as StoreResult;
use runwatch_store::export::{self, ExportPool, Page, Rows};
use runwatch_store::pool::{self, Conn, Pool};
use runwatch_store::settings::{NotFit, check_writable};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::routes::live::LiveTurns;

/// The state of query-api.
pub(crate) struct App {
    pool: Pool,
    pub(crate) exports: Exports,
    pub(crate) live: LiveTurns,
    readiness: Readiness,
    clock: Arc<dyn Clock>,
    limit: Duration,
}

/// What exports read with, and how many there may be.
pub(crate) struct Exports {
    pool: ExportPool,
    turns: Arc<Semaphore>,
    limit: Duration,
}

/// The right to export, for as long as it is held.
pub(crate) type Turn = OwnedSemaphorePermit;

impl App {
    /// `limit` is how long a statement may take.
    pub(crate) fn new(
        pool: Pool,
        exports: ExportPool,
        readiness: Readiness,
        clock: Arc<dyn Clock>,
        limit: Duration,
    ) -> Self {
        let exports = Exports {
            pool: exports,
            turns: Arc::new(Semaphore::new(EXPORTS_MAX)),
            limit,
        };
        Self {
            pool,
            exports,
            live: LiveTurns::new(),
            readiness,
            clock,
            limit,
        }
    }

    /// Whether the process is about to stop, so that what has no end should end.
    pub(crate) fn is_draining(&self) -> bool {
        self.readiness.is_draining()
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

impl Exports {
    /// The right to export, unless as many as may are doing so.
    pub(crate) fn turn(&self) -> Result<Turn, Problem> {
        let turn = Arc::clone(&self.turns).try_acquire_owned();
        turn.map_err(|_none_left| Problem::unavailable())
    }

    /// Reads rows.
    pub(crate) async fn read(&self, project: ProjectId, page: &Page<'_>) -> StoreResult<Rows> {
        export::read(&self.pool, project, self.limit, page).await
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
