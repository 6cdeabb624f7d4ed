//! What each database role can see and do.

use runwatch_store::pool::Pool;
use runwatch_store::roles::{SERVICE_ROLES, ServiceRole};
use runwatch_tests::app::another_control;
use runwatch_tests::database::{TestDb, texts, with_database, with_migrated_database};
use runwatch_tests::projects::{OURS, THEIRS};
use runwatch_tests::rows::{fill, project_tables};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

const INSUFFICIENT_PRIVILEGE: &SqlState = &SqlState::INSUFFICIENT_PRIVILEGE;

/// Puts rows of both projects into every table that belongs to projects.
async fn filled(db: &TestDb) -> (Client, Vec<String>) {
    let admin = db.admin().await;
    let tables = project_tables(&admin).await;
    fill(&admin, OURS, &tables).await;
    fill(&admin, THEIRS, &tables).await;
    (admin, tables)
}

/// The tables of projects of which a role may read all columns it needs.
async fn readable(admin: &Client, role: &str, tables: &[String]) -> Vec<String> {
    let all = texts(
        admin,
        &format!(
            "SELECT relname::text FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                 AND has_any_column_privilege('{role}', oid, 'SELECT')"
        ),
    )
    .await;
    tables
        .iter()
        .filter(|table| all.contains(table))
        .cloned()
        .collect()
}

async fn count(client: &Client, table: &str, condition: &str) -> i64 {
    let statement = format!("SELECT count(project_id) FROM {table} WHERE {condition}");
    let row = client.query_one(&statement, &[]).await;
    row.unwrap_or_else(|error| panic!("{statement}: {error}"))
        .get(0)
}

#[test]
fn query_sees_no_row_before_a_project_is_set_and_none_after_the_transaction() {
    with_database(async |db| {
        let (admin, tables) = filled(db).await;
        let query = db.connect("runwatch_query").await;
        let readable = readable(&admin, "runwatch_query", &tables).await;
        assert!(readable.len() >= 10, "query reads telemetry: {readable:?}");
        for table in &readable {
            assert!(count(&admin, table, "true").await >= 2, "{table} is filled");
            assert_eq!(count(&query, table, "true").await, 0, "{table}");
        }
        let set = format!("BEGIN; SET LOCAL app.project = '{}'; COMMIT", OURS.id());
        query.batch_execute(&set).await.unwrap();
        for table in &readable {
            assert_eq!(
                count(&query, table, "true").await,
                0,
                "{table} after the transaction"
            );
        }
    });
}

#[test]
fn query_sees_one_project_and_nothing_of_another() {
    with_database(async |db| {
        let (admin, tables) = filled(db).await;
        let query = db.connect("runwatch_query").await;
        let set = format!("BEGIN; SET LOCAL app.project = '{}'", OURS.id());
        query.batch_execute(&set).await.unwrap();
        for table in readable(&admin, "runwatch_query", &tables).await {
            let ours = format!("project_id = '{}'", OURS.id());
            let expected = count(&admin, &table, &ours).await;
            assert_eq!(count(&query, &table, "true").await, expected, "{table}");
            assert_eq!(
                count(&query, &table, &format!("NOT {ours}")).await,
                0,
                "{table}"
            );
        }
    });
}

#[test]
fn query_reads_neither_keys_nor_secrets() {
    with_database(async |db| {
        let query = db.connect("runwatch_query").await;
        for statement in [
            "SELECT secret_hash FROM api_keys",
            "SELECT content_key FROM projects",
        ] {
            let error = query.query(statement, &[]).await.unwrap_err();
            assert_eq!(error.code(), Some(INSUFFICIENT_PRIVILEGE), "{statement}");
        }
    });
}

#[test]
fn sealed_secrets_are_read_by_those_who_open_them_and_written_by_control_alone() {
    with_database(async |db| {
        let (_admin, _tables) = filled(db).await;
        let may = async |role: &str, statement: String| {
            let client = db.connect(role).await;
            let done = client.batch_execute(&statement).await;
            let code = done.as_ref().err().and_then(|error| error.code().cloned());
            assert!(
                done.is_ok() || code.as_ref() == Some(INSUFFICIENT_PRIVILEGE),
                "{role}: {statement}: {done:?}"
            );
            done.is_ok()
        };
        for table in ["secrets", "project_keys"] {
            for role in SERVICE_ROLES {
                let reads = ["runwatch_control", "runwatch_worker"].contains(&role);
                let read = format!("SELECT FROM {table}");
                assert_eq!(may(role, read).await, reads, "{role} reads {table}");
                for write in [
                    format!("INSERT INTO {table} SELECT * FROM {table} WHERE false"),
                    format!("UPDATE {table} SET created_at = created_at"),
                    format!("DELETE FROM {table} WHERE false"),
                ] {
                    let writes = role == "runwatch_control";
                    // query's transactions are read-only, which is another code.
                    let write = format!("BEGIN READ WRITE; {write}; COMMIT");
                    assert_eq!(may(role, write.clone()).await, writes, "{role}: {write}");
                }
            }
        }
    });
}

#[test]
fn no_service_reads_a_partition_directly() {
    with_database(async |db| {
        let admin = db.admin().await;
        let partitions = texts(
            &admin,
            "SELECT relname::text FROM pg_class WHERE relispartition AND relkind = 'r'",
        )
        .await;
        assert!(partitions.len() >= 9);
        for role in SERVICE_ROLES {
            let client = db.connect(role).await;
            for partition in &partitions {
                let select = format!("SELECT FROM {partition}");
                let error = client.query(&select, &[]).await.expect_err(&select);
                assert_eq!(
                    error.code(),
                    Some(INSUFFICIENT_PRIVILEGE),
                    "{role}: {select}"
                );
            }
        }
    });
}

#[test]
fn query_cannot_write_in_any_of_sixty_ways() {
    with_migrated_database(async |db| {
        let (admin, tables) = filled(db).await;
        let before = fingerprint(&admin, &tables).await;
        let mut attempts = writes_to(&tables);
        attempts.extend(OTHER_WRITES.iter().map(ToString::to_string));
        assert!(attempts.len() >= 60, "only {} ways", attempts.len());
        for attempt in &attempts {
            for begin in BEGINNINGS {
                // A connection of its own: none of them may depend on what another left behind.
                let query = db.connect("runwatch_query").await;
                let project = format!("{begin}; SET LOCAL app.project = '{}'", OURS.id());
                query.batch_execute(&project).await.unwrap();
                let done = query.batch_execute(attempt).await;
                assert!(done.is_err(), "{begin}; {attempt}: succeeded");
                query.batch_execute("COMMIT").await.unwrap();
            }
        }
        assert_eq!(before, fingerprint(&admin, &tables).await);
    });
}

/// A transaction as the role gets it, and one that says that it wants to write.
const BEGINNINGS: [&str; 2] = ["BEGIN", "BEGIN READ WRITE"];

fn writes_to(tables: &[String]) -> Vec<String> {
    let writes = |table: &String| {
        [
            format!("INSERT INTO {table} SELECT * FROM {table}"),
            format!("INSERT INTO {table} (project_id) VALUES ('{}')", OURS.id()),
            format!("UPDATE {table} SET project_id = project_id"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
            format!("SELECT project_id FROM {table} FOR UPDATE"),
            format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"),
        ]
    };
    tables.iter().flat_map(writes).collect()
}

const OTHER_WRITES: [&str; 32] = [
    "CREATE TABLE mine (a int)",
    "CREATE TEMP TABLE mine (a int)",
    "SELECT 1 AS a INTO TEMP mine",
    "CREATE UNLOGGED TABLE public.mine (a int)",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE SEQUENCE mine",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    "CREATE EXTENSION pg_trgm",
    "CREATE PUBLICATION mine",
    "CREATE POLICY mine ON agent_runs USING (true)",
    "ALTER ROLE runwatch_query BYPASSRLS",
    "ALTER SYSTEM SET fsync = off",
    "ALTER DATABASE template1 SET work_mem = '1MB'",
    "GRANT SELECT ON api_keys TO runwatch_query",
    "GRANT runwatch_owner TO runwatch_query",
    "SET ROLE runwatch_owner",
    "SET ROLE runwatch_ingest",
    "SET SESSION AUTHORIZATION runwatch_worker",
    "COPY agent_runs TO PROGRAM 'cat'",
    "COPY agent_runs TO '/tmp/runwatch-copy'",
    "COPY agent_runs FROM '/etc/hostname'",
    "DO $$ BEGIN DELETE FROM agent_runs; END $$",
    "SELECT make_partitions(current_date, 1)",
    "WITH gone AS (DELETE FROM agent_steps RETURNING 1) SELECT FROM gone",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_creat(-1)",
    "DROP TABLE agent_runs",
];

/// Every row of every table, and how many objects of any kind there are.
pub(crate) async fn fingerprint(admin: &Client, tables: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for table in tables {
        let hash = format!(
            "SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') FROM {table} t"
        );
        found.extend(texts(admin, &hash).await);
    }
    for catalogue in [
        "pg_class",
        "pg_proc",
        "pg_policy",
        "pg_largeobject_metadata",
        // Tests of SQL logins make theirs meanwhile, on the same server.
        "pg_authid WHERE rolname !~ '^runwatch_sql_'",
    ] {
        found.extend(texts(admin, &format!("SELECT count(*)::text FROM {catalogue}")).await);
    }
    found
}

#[test]
fn a_service_that_may_do_more_than_it_should_does_nothing_and_says_why() {
    with_database(async |db| {
        let admin = db.admin().await;
        let refusal = async |url: String, role| {
            let got = Pool::new(&url, 1, role).get().await;
            got.err().map(|error| error.to_string()).unwrap_or_default()
        };
        let why = refusal(db.admin_url(), ServiceRole::Control).await;
        assert!(why.contains("and not runwatch_control"), "{why}");
        let url = || db.url("runwatch_query");
        assert_eq!(refusal(url(), ServiceRole::Query).await, "");
        // Granted in this database alone: the others on the server do not notice.
        for (grant, what) in [
            ("CREATE ON SCHEMA public", "may create tables"),
            ("DELETE ON agent_runs", "may write to agent_runs"),
        ] {
            let change = format!("GRANT {grant} TO runwatch_query");
            admin.batch_execute(&change).await.unwrap();
            let why = refusal(url(), ServiceRole::Query).await;
            assert!(why.contains(what), "{why}");
            let change = format!("REVOKE {grant} FROM runwatch_query");
            admin.batch_execute(&change).await.unwrap();
        }
        let superuser: &[(&str, &str)] = &[("DATABASE_URL", &db.admin_url())];
        let control = another_control(db, superuser);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{}/ready", control.addr());
        assert_eq!(client.get(url).send().await.unwrap().status(), 503);
        control.stop().await.unwrap();
    });
}
