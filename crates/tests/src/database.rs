//! Databases for tests: each test has one of its own, cloned from a migrated template.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use runwatch_cli::postgres::{SUPERUSER, Server};
use runwatch_store::ingest::Writer;
use runwatch_store::{fold, migrate, pool, search};
use tokio_postgres::Client;

use crate::postgres;
use crate::projects::{OURS, THEIRS};
use crate::rows::project_tables;
use crate::until::until;

/// The database that the others are clones of.
const TEMPLATE: &str = "runwatch_template";

/// Partitions that no test reaches: without their files a clone takes a third of the time.
const LATE_PARTITIONS: &str = "
    SELECT relname::text FROM pg_class
    WHERE relispartition AND relkind = 'r' AND right(relname, 8)::date > current_date + 2";

/// How long making the search index may take.
const INDEX_LIMIT: Duration = Duration::from_secs(30);
/// Changes that the search index was not made of yet.
const UNINDEXED: &str = "
    SELECT count(*) FROM run_changes
    WHERE transaction_id >= (SELECT transaction_id FROM change_readers WHERE reader = 'search')";

/// Tells the databases of one process apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A server with the template on it.
pub(crate) struct Template {
    server: Server,
}

/// A database of one test, with all migrations, two projects and their keys.
pub struct TestDb {
    server: &'static Server,
    name: String,
}

impl Template {
    /// Makes the template on a fresh server.
    pub(crate) async fn make(server: Server) -> Self {
        execute(&server, &format!("CREATE DATABASE {TEMPLATE}")).await;
        prepare(&server, TEMPLATE).await;
        let admin = connect(&server.url(SUPERUSER, TEMPLATE)).await;
        for partition in texts(&admin, LATE_PARTITIONS).await {
            let drop = format!("DROP TABLE {partition}");
            admin
                .batch_execute(&drop)
                .await
                .expect("the partition is dropped");
        }
        Self { server }
    }
}

/// Migrates a database and makes the projects and keys of the tests in it.
pub async fn prepare(server: &Server, name: &str) {
    let admin_url = server.url(SUPERUSER, name);
    migrate::up(&admin_url).await.expect("the migrations run");
    let client = connect(&admin_url).await;
    let mut conn = pool::connect(&admin_url)
        .await
        .expect("the database takes connections");
    for project in [OURS, THEIRS] {
        project.create(&client, &mut conn).await;
    }
}

impl TestDb {
    /// A clone of the template.
    pub async fn new() -> Self {
        Self::create(TEMPLATE).await
    }

    /// A database that was migrated itself: rights on a database are not cloned with it.
    pub async fn migrated() -> Self {
        let db = Self::empty().await;
        prepare(db.server, &db.name).await;
        db
    }

    /// A database without anything in it.
    pub async fn empty() -> Self {
        Self::create("template0").await
    }

    async fn create(template: &str) -> Self {
        let server = &postgres::shared().await.server;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        execute(
            server,
            &format!("CREATE DATABASE {name} TEMPLATE {template}"),
        )
        .await;
        Self { server, name }
    }

    /// Its URL for a role.
    pub fn url(&self, role: &str) -> String {
        self.server.url(role, &self.name)
    }

    /// Its URL for the superuser.
    pub fn admin_url(&self) -> String {
        self.url(SUPERUSER)
    }

    /// A connection as a role.
    pub async fn connect(&self, role: &str) -> Client {
        connect(&self.url(role)).await
    }

    /// A connection as the superuser, who sees everything.
    pub async fn admin(&self) -> Client {
        self.connect(SUPERUSER).await
    }

    /// Moves the clock that schedules everything, by an interval as Postgres reads it.
    pub async fn move_clock(&self, by: &str) {
        let moved = format!("UPDATE clock_offset SET amount = amount + interval '{by}'");
        let admin = self.admin().await;
        admin.batch_execute(&moved).await.expect("the clock moves");
    }

    /// Does what the worker does until nothing is left to do: sums up large runs and folds.
    pub async fn fold(&self) {
        fold_all(&self.url("runwatch_worker")).await;
    }

    /// Makes the search index of everything and merges its segments, as the worker does. Whatever else
    /// is writing on the server is waited for.
    pub async fn index(&self) {
        let url = self.url("runwatch_worker");
        let mut conn = pool::connect(&url).await.expect("the worker connects");
        let admin = self.admin().await;
        until(INDEX_LIMIT, "the index to be made", async || {
            let turn = search::index(&mut conn, Duration::ZERO).await;
            turn.expect("segments are made");
            let left = admin.query_one(UNINDEXED, &[]).await;
            let left: i64 = left.expect("changes are counted").get(0);
            (left == 0).then_some(())
        })
        .await;
        while search::merge(&mut conn).await.expect("segments are merged") > 0 {}
    }

    /// Deletes all telemetry; projects and keys stay.
    pub async fn clear(&self) {
        let admin = self.admin().await;
        for table in project_tables(&admin).await {
            let kept = ["projects", "api_keys", "project_settings", "members"];
            if !kept.contains(&table.as_str()) {
                admin
                    .execute(&format!("DELETE FROM {table}"), &[])
                    .await
                    .expect("rows are deleted");
            }
        }
    }

    /// Drops it, and whoever is still connected.
    pub async fn close(self) {
        execute(
            self.server,
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        )
        .await;
    }
}

/// Runs a test with a database of its own.
pub fn with_database(test: impl AsyncFnOnce(&TestDb)) {
    crate::block_on(async {
        let db = TestDb::new().await;
        test(&db).await;
        db.close().await;
    });
}

/// Runs a test with a database of its own that was migrated itself ([`TestDb::migrated`]).
pub fn with_migrated_database(test: impl AsyncFnOnce(&TestDb)) {
    crate::block_on(async {
        let db = TestDb::migrated().await;
        test(&db).await;
        db.close().await;
    });
}

/// The first column of a statement's rows, as text.
pub async fn texts(client: &Client, statement: &str) -> Vec<String> {
    let rows = client.query(statement, &[]).await.expect(statement);
    rows.iter().map(|row| row.get(0)).collect()
}

/// Does what the worker does until nothing is left to do: sums up large runs and folds.
pub async fn fold_all(worker_url: &str) {
    let mut writer = Writer::connect(worker_url)
        .await
        .expect("the worker connects");
    let recounted = async |writer: &mut Writer| {
        let next = writer.recount_next(&[]).await;
        next.expect("a run is summed up").is_some()
    };
    while recounted(&mut writer).await {}
    let mut conn = pool::connect(worker_url)
        .await
        .expect("the worker connects");
    while fold::fold(&mut conn).await.expect("deltas are folded") > 0 {}
}

/// Opens a connection that is driven in the background.
pub async fn connect(url: &str) -> Client {
    let connected = try_connect(url).await;
    connected.expect("the database takes connections")
}

/// The same, where the database may not want to.
pub async fn try_connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn execute(server: &Server, statement: &str) {
    let client = connect(&server.url(SUPERUSER, "postgres")).await;
    client.batch_execute(statement).await.expect(statement);
}
