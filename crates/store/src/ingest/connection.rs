//! A writer's own connection, with its statements prepared.

use std::collections::HashSet;

use tokio_postgres::{Client, Statement};

use crate::connector;
use crate::error::Result;
use crate::ingest::erased::Flushed;
use crate::ingest::{Arrival, Reply, RunKey, statements as sql};

/// How long a flush waits for a run that another writer holds, and how long a statement may take.
/// Both end in an error that is safe to send again. Everything is found by its key: a plan that was
/// made while a day's partition was empty would read all of it, and be kept until its first ANALYZE.
const SESSION: &str = "SET lock_timeout = '2s'; SET statement_timeout = '20s'; \
    SET idle_in_transaction_session_timeout = '30s'; SET jit = off; SET enable_seqscan = off; \
    SET plan_cache_mode = force_generic_plan";

/// Writes flushes, one at a time, over a connection of its own.
pub struct Writer {
    pub(super) client: Client,
    pub(super) sql: Statements,
    /// Runs that were erased, as far as they came again lately.
    pub(super) erased: HashSet<RunKey>,
    usable: bool,
}

/// The prepared statements of a flush.
pub(super) struct Statements {
    pub(super) idempotency_keys: Statement,
    pub(super) idempotency_bodies: Statement,
    pub(super) claim_runs: Statement,
    pub(super) find_erased: Statement,
    pub(super) update_runs: Statement,
    pub(super) defer_run: Statement,
    pub(super) insert_steps: Statement,
    pub(super) read_steps: Statement,
    pub(super) read_known_steps: Statement,
    pub(super) delete_steps: Statement,
    pub(super) insert_chunks: Statement,
    pub(super) read_failures: Statement,
    pub(super) delete_failures: Statement,
    pub(super) insert_failures: Statement,
    pub(super) insert_feedback: Statement,
    pub(super) read_feedback: Statement,
    pub(super) insert_deltas: Statement,
    pub(super) insert_changes: Statement,
    pub(super) insert_quarantine: Statement,
    pub(super) find_recount: Statement,
    pub(super) lock_recount: Statement,
    pub(super) recount_again: Statement,
    pub(super) lock_abandoned: Statement,
    pub(super) abandon_large: Statement,
}

impl Writer {
    /// Opens the connection. It has to be called on the runtime that is to drive it.
    pub async fn connect(url: &str) -> Result<Self> {
        let (client, connection) = connector::connect(url).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = %error, "A writer's connection to the database was lost");
            }
        });
        client.batch_execute(SESSION).await?;
        let sql = prepare(&client).await?;
        Ok(Self {
            client,
            sql,
            erased: HashSet::new(),
            usable: true,
        })
    }

    /// Whether it can take another flush. After an error that left the connection in doubt it
    /// cannot, and a new writer is to be opened.
    pub fn is_usable(&self) -> bool {
        self.usable && !self.client.is_closed()
    }

    /// Stores what the requests bring, all of it or nothing, and says what became of each.
    ///
    /// [`Refused`](crate::error::StoreError::Refused) means that some item in it cannot be stored;
    /// [`Unavailable`](crate::error::StoreError::Unavailable) that it may be tried again, also when
    /// the connection was lost during COMMIT, where nobody can know: sending again is safe.
    pub async fn flush(&mut self, arrivals: &[Arrival]) -> Result<Vec<Reply>> {
        // Each time round leaves out more of the runs.
        let mut erased = self.known_erased(arrivals);
        loop {
            let flushed = self
                .guarded(async |writer| writer.transaction(arrivals, &erased).await)
                .await?;
            match flushed {
                Flushed::Stored(replies) => return Ok(replies),
                Flushed::Erased(more) => {
                    self.remember_erased(&more);
                    erased.extend(more);
                }
            }
        }
    }

    /// Runs a transaction, and takes it back if it fails.
    pub(super) async fn guarded<T>(
        &mut self,
        transaction: impl AsyncFnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        // Until it is known how it went: also if the caller drops this future half way.
        self.usable = false;
        let done = transaction(self).await;
        self.usable = match &done {
            Ok(_) => true,
            Err(_) => self.client.batch_execute("ROLLBACK").await.is_ok(),
        };
        done
    }
}

async fn prepare(client: &Client) -> Result<Statements> {
    Ok(Statements {
        idempotency_keys: client.prepare(sql::IDEMPOTENCY_KEYS).await?,
        idempotency_bodies: client.prepare(sql::IDEMPOTENCY_BODIES).await?,
        claim_runs: client.prepare(sql::CLAIM_RUNS).await?,
        find_erased: client.prepare(sql::FIND_ERASED).await?,
        update_runs: client.prepare(sql::UPDATE_RUNS).await?,
        defer_run: client.prepare(sql::DEFER_RUN).await?,
        insert_steps: client.prepare(sql::INSERT_STEPS).await?,
        read_steps: client.prepare(sql::READ_STEPS).await?,
        read_known_steps: client.prepare(sql::READ_KNOWN_STEPS).await?,
        delete_steps: client.prepare(sql::DELETE_STEPS).await?,
        insert_chunks: client.prepare(sql::INSERT_CHUNKS).await?,
        read_failures: client.prepare(sql::READ_FAILURES).await?,
        delete_failures: client.prepare(sql::DELETE_FAILURES).await?,
        insert_failures: client.prepare(sql::INSERT_FAILURES).await?,
        insert_feedback: client.prepare(sql::INSERT_FEEDBACK).await?,
        read_feedback: client.prepare(sql::READ_FEEDBACK).await?,
        insert_deltas: client.prepare(sql::INSERT_DELTAS).await?,
        insert_changes: client.prepare(sql::INSERT_CHANGES).await?,
        insert_quarantine: client.prepare(sql::INSERT_QUARANTINE).await?,
        find_recount: client.prepare(sql::FIND_RECOUNT).await?,
        lock_recount: client.prepare(sql::LOCK_RECOUNT).await?,
        recount_again: client.prepare(sql::RECOUNT_AGAIN).await?,
        lock_abandoned: client.prepare(sql::LOCK_ABANDONED).await?,
        abandon_large: client.prepare(sql::ABANDON_LARGE).await?,
    })
}
