//! Connections, and the pool that services take them from.

use std::time::Duration;

use diesel::sql_types::{BigInt, Bool};
use diesel::{ConnectionError, QueryableByName};
use diesel_async::RunQueryDsl;
use diesel_async::pooled_connection::deadpool;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, TransactionManager};
use futures_util::FutureExt;
use tokio::time::Instant;

use runwatch_core::ids::ProjectId;

use crate::connector;
use crate::error::{Result, StoreError};
use crate::own_rights::too_much;
use crate::roles::ServiceRole;

/// A connection to the database.
pub type Conn = AsyncPgConnection;

/// How long a request waits for a connection before it is told to come back.
const WAIT: Duration = Duration::from_millis(1_000);
/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(5);

/// Connections that are kept open.
#[derive(Clone)]
pub struct Pool {
    inner: deadpool::Pool<Conn>,
}

/// A connection on loan from a [`Pool`].
pub type Pooled = deadpool::Object<Conn>;

impl Pool {
    /// Makes a pool; connections are opened when they are first needed. It has to be called on the
    /// main multi-threaded runtime, which then drives all connections, and not a worker of actix.
    ///
    /// A connection under any other role than the service's own, or one that may do more than it was
    /// given, is not used: the service is not ready, and says why.
    pub fn new(url: &str, size: usize, role: ServiceRole) -> Self {
        connector::warn_of(url);
        let runtime = tokio::runtime::Handle::current();
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(move |url| {
            let (runtime, url) = (runtime.clone(), url.to_owned());
            async move {
                let opened = runtime.spawn(async move { open(&url, role).await }).await;
                opened.unwrap_or_else(|stopped| {
                    Err(ConnectionError::BadConnection(stopped.to_string()))
                })
            }
            .boxed()
        });
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let inner = deadpool::Pool::builder(manager)
            .max_size(size)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(CONNECT))
            .runtime(::deadpool::Runtime::Tokio1)
            .build()
            .expect("a runtime is set, which is all that a pool with timeouts needs");
        Self { inner }
    }

    /// Takes a connection.
    pub async fn get(&self) -> Result<Pooled> {
        self.inner
            .get()
            .await
            .map_err(|error| StoreError::Unavailable(error.into()))
    }
}

/// Opens a connection of a service, whose role has no more rights than it is to have.
async fn open(url: &str, role: ServiceRole) -> std::result::Result<Conn, ConnectionError> {
    let connected = connect(url).await;
    let mut conn = connected.map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
    let unfit = match too_much(&mut conn, role).await {
        Ok(None) => return Ok(conn),
        Ok(Some(what)) => format!(
            "the role that DATABASE_URL names {what}: let the service sign in as {}, with the rights that \
             the migrations gave it",
            role.name()
        ),
        Err(error) => error.to_string(),
    };
    Err(ConnectionError::BadConnection(unfit))
}

/// Opens one connection, for commands and jobs.
pub async fn connect(url: &str) -> Result<Conn> {
    let (client, driver) = connector::connect(url).await?;
    Ok(Conn::try_from_client_and_connection(client, driver).await?)
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// Takes an advisory lock until the end of the transaction, unless somebody else has it: so that of
/// several processes one does a job.
pub(crate) async fn try_lock(conn: &mut Conn, key: i64) -> Result<bool> {
    let lock: Locked = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS locked")
        .bind::<BigInt, _>(key)
        .get_result(conn)
        .await?;
    Ok(lock.locked)
}

/// Runs a read-only transaction that sees one project and nothing else.
///
/// All its statements see one snapshot. None of them may take longer than `limit`, so that no question, however broad,
/// holds a connection for long.
pub async fn read<T>(
    conn: &mut Conn,
    project: ProjectId,
    limit: Duration,
    work: impl AsyncFnOnce(&mut Conn) -> Result<T>,
) -> Result<T> {
    // One round trip for all three; and written out, because the closure need not be Send for actix.
    let begin = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL app.project = '{project}'; \
         SET LOCAL statement_timeout = {}",
        limit.as_millis()
    );
    within(conn, &begin, limit, work).await
}

/// Runs a transaction that may write, of whatever its role may see. None of its statements may take
/// longer than `limit`.
pub async fn write<T>(
    conn: &mut Conn,
    limit: Duration,
    work: impl AsyncFnOnce(&mut Conn) -> Result<T>,
) -> Result<T> {
    // Who goes away in the middle holds its locks no longer than that.
    let begin = format!(
        "BEGIN; SET LOCAL statement_timeout = {limit}; \
         SET LOCAL idle_in_transaction_session_timeout = {limit}",
        limit = limit.as_millis()
    );
    within(conn, &begin, limit, work).await
}

async fn within<T>(
    conn: &mut Conn,
    begin: &str,
    limit: Duration,
    work: impl AsyncFnOnce(&mut Conn) -> Result<T>,
) -> Result<T> {
    let began = Instant::now();
    AnsiTransactionManager::begin_transaction_sql(conn, begin).await?;
    match work(conn).await {
        Ok(answer) => {
            AnsiTransactionManager::commit_transaction(conn).await?;
            Ok(answer)
        }
        Err(error) => {
            if let Err(also) = AnsiTransactionManager::rollback_transaction(conn).await {
                tracing::debug!(error = %also, "A failed transaction could not be rolled back");
            }
            let is_slow = began.elapsed() >= limit && error.may_be_a_timeout();
            Err(if is_slow {
                StoreError::TooSlow(limit)
            } else {
                error
            })
        }
    }
}
