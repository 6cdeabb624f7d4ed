//! Connections for exports, which speak tokio-postgres because diesel cannot copy out.

use std::time::Duration;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use futures_util::TryStreamExt;
use tokio::runtime::Handle;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use runwatch_core::ids::ProjectId;

use crate::connector;
use crate::error::{Result, StoreError};

/// How long a page waits for a connection.
const WAIT: Duration = Duration::from_secs(5);
/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(5);
/// Compiling a statement takes longer than running it; and a page is a small part of its table, also
/// while nobody has counted yet how large that is.
const SESSION: &str = "SET jit = off; SET enable_seqscan = off";

/// A few connections for exports, apart from those that answer everything else.
#[derive(Clone)]
pub struct ExportPool {
    inner: managed::Pool<Manager>,
}

/// A connection, and whether it is in no transaction.
struct Connection {
    client: Client,
    is_clean: bool,
}

struct Manager {
    url: String,
    runtime: Handle,
}

impl ExportPool {
    /// Makes a pool; connections are opened when they are first needed. It has to be called on the
    /// runtime that is to drive them.
    pub fn new(url: &str, size: usize) -> Self {
        let manager = Manager {
            url: url.to_owned(),
            runtime: Handle::current(),
        };
        let inner = managed::Pool::builder(manager)
            .max_size(size)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(CONNECT))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .expect("a runtime is set, which is all that a pool with timeouts needs");
        Self { inner }
    }

    /// What a COPY gives out, in a transaction that sees one project. It may take so long.
    pub(super) async fn copy_out(
        &self,
        project: ProjectId,
        limit: Duration,
        copy: &str,
    ) -> Result<Vec<u8>> {
        let unavailable =
            |error: managed::PoolError<StoreError>| StoreError::Unavailable(error.into());
        let mut connection = self.inner.get().await.map_err(unavailable)?;
        // Until it is known how it went: also if this future is dropped half way.
        connection.is_clean = false;
        let copied = connection.copy_out(project, limit, copy).await;
        connection.is_clean = copied.is_ok();
        copied.map_err(|error| match error.code() {
            Some(&SqlState::QUERY_CANCELED) => StoreError::TooSlow(limit),
            _ => error.into(),
        })
    }
}

impl Connection {
    async fn copy_out(
        &self,
        project: ProjectId,
        limit: Duration,
        copy: &str,
    ) -> Result<Vec<u8>, tokio_postgres::Error> {
        let begin = format!(
            "BEGIN READ ONLY; SET LOCAL app.project = '{project}'; \
             SET LOCAL statement_timeout = {}",
            limit.as_millis()
        );
        self.client.batch_execute(&begin).await?;
        let mut copied = Vec::new();
        let rows = self.client.copy_out(copy).await?;
        rows.try_for_each(|bytes| {
            copied.extend_from_slice(&bytes);
            std::future::ready(Ok(()))
        })
        .await?;
        self.client.batch_execute("COMMIT").await?;
        Ok(copied)
    }
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = StoreError;

    async fn create(&self) -> Result<Connection> {
        let (client, connection) = connector::connect(&self.url).await?;
        self.runtime.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "A connection for exports was lost");
            }
        });
        client.batch_execute(SESSION).await?;
        Ok(Connection {
            client,
            is_clean: true,
        })
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<StoreError> {
        if connection.is_clean && !connection.client.is_closed() {
            return Ok(());
        }
        Err(RecycleError::message("it may be in a transaction"))
    }
}
