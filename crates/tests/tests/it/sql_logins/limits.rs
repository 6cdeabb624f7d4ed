//! How much of the server a login takes, and how it ends.

use std::time::Duration;

use alert_worker::settings::Settings;
use runwatch_service::env::Env;
use runwatch_store::pool::{self, Conn};
use runwatch_store::sql_logins::{Ended, end_overdue};
use runwatch_tests::app::with_app;
use runwatch_tests::database::{TestDb, connect, texts, try_connect, with_database};
use runwatch_tests::keys;
use runwatch_tests::until::until;
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::{new_login, sent, sql_login};

/// How long it may take until something is ended: the worker looks every two seconds.
const END_LIMIT: Duration = Duration::from_secs(30);
/// A statement that nobody waits for.
const ENDLESS: &str = "SELECT pg_sleep(3600)";

async fn as_worker(db: &TestDb) -> Conn {
    let worker = pool::connect(&db.url("runwatch_worker")).await;
    worker.expect("the worker connects")
}

/// Changes what is stored of all logins, which nobody but the owner can.
async fn change(db: &TestDb, set: &str) {
    let admin = db.admin().await;
    let change = format!("UPDATE sql_logins SET {set}");
    admin.batch_execute(&change).await.unwrap();
}

/// Waits until a connection is gone.
async fn closed(client: &Client) {
    let is_closed = async || client.is_closed().then_some(());
    until(END_LIMIT, "the connection to be ended", is_closed).await;
}

#[test]
fn it_has_as_many_connections_as_it_was_given() {
    with_database(async |db| {
        let url = new_login(db, "two --project ours --connections 2").await;
        let both = (connect(&url).await, connect(&url).await);
        let third = try_connect(&url).await.err();
        let third = third.expect("there are two").code().cloned();
        assert_eq!(third, Some(SqlState::TOO_MANY_CONNECTIONS));
        drop(both);
    });
}

#[test]
fn its_temporary_files_are_limited_and_it_cannot_change_that() {
    with_database(async |db| {
        let url = new_login(db, "files --project ours").await;
        let set = async || {
            texts(
                &connect(&url).await,
                "SELECT current_setting('temp_file_limit')",
            )
            .await
        };
        assert_eq!(set().await, ["512MB"]);
        // Smaller, so that a small question is enough.
        let smaller = "ALTER ROLE runwatch_sql_files SET temp_file_limit = '1MB'";
        db.admin().await.batch_execute(smaller).await.unwrap();
        let analyst = connect(&url).await;
        let large = "SET work_mem = '64kB'; SELECT n FROM generate_series(1, 300000) n ORDER BY -n";
        let refused = analyst.batch_execute(large).await.unwrap_err();
        assert_eq!(
            refused.code(),
            Some(&SqlState::CONFIGURATION_LIMIT_EXCEEDED)
        );
    });
}

#[test]
fn a_statement_ends_in_time_by_itself_unless_somebody_sets_it_otherwise_and_then_by_the_worker() {
    with_app(async |app| {
        let url = new_login(app.db(), "slow --project ours --timeout 1").await;
        let analyst = connect(&url).await;
        let canceled = Some(SqlState::QUERY_CANCELED);
        let ended = timeout(END_LIMIT, analyst.batch_execute(ENDLESS)).await;
        let ended = ended.expect("the server ends it").unwrap_err();
        assert_eq!(ended.code().cloned(), canceled);

        let worker_url = app.db().url("runwatch_worker");
        let env = Env::of(&[
            ("DATABASE_URL", worker_url.as_str()),
            ("RUNWATCH_UNSAFE_DURABILITY", "1"),
            ("WORKER_BIND", "127.0.0.1:0"),
            ("SECRETS_KEY", keys::SECRETS),
        ]);
        let worker = alert_worker::start(&env.read(Settings::from_env).unwrap()).unwrap();
        let unlimited = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
        analyst.batch_execute(unlimited).await.unwrap();
        let ended = timeout(END_LIMIT, analyst.batch_execute(ENDLESS)).await;
        let ended = ended.expect("the worker ends it").unwrap_err();
        assert_eq!(ended.code().cloned(), canceled);
        let again = analyst.batch_execute("SELECT count(*) FROM runs").await;
        again.expect("its connection stays");
        worker.stop().await.unwrap();
    });
}

#[test]
fn what_does_not_end_goes_with_its_connection() {
    with_database(async |db| {
        let url = new_login(db, "stubborn --project ours").await;
        let mut worker = as_worker(db).await;
        // As if it went on for more than five seconds behind its limit.
        let stubborn = connect(&url).await;
        let unlimited = "SET statement_timeout = 0";
        stubborn.batch_execute(unlimited).await.unwrap();
        change(db, "statement_seconds = -5").await;
        let (ended, _told) = tokio::join!(
            timeout(END_LIMIT, stubborn.batch_execute(ENDLESS)),
            until_told(&mut worker, "its statement did not end")
        );
        ended.expect("it was ended").unwrap_err();
        closed(&stubborn).await;
        // As if it were open for a minute longer than a statement may take.
        let idle = connect(&url).await;
        idle.batch_execute("BEGIN").await.unwrap();
        change(db, "statement_seconds = -60").await;
        until_told(&mut worker, "its transaction took too long").await;
        closed(&idle).await;
    });
}

/// Lets the worker look until it ends something, for this reason.
async fn until_told(worker: &mut Conn, why: &str) -> Vec<Ended> {
    let ended = until(END_LIMIT, why, async || {
        let ended = end_overdue(worker).await.unwrap();
        (!ended.is_empty()).then_some(ended)
    });
    let ended = ended.await;
    assert!(ended.iter().all(|ended| ended.why == why), "{ended:?}");
    ended
}

#[test]
fn one_that_has_expired_sees_nothing_more_and_is_shut_out() {
    with_app(async |app| {
        sent(app, "ours", "theirs").await;
        let db = app.db();
        let analyst = connect(&new_login(db, "late --project ours").await).await;
        let runs = "SELECT count(*)::text FROM runs";
        assert_eq!(texts(&analyst, runs).await, ["2"]);
        change(db, "expires_at = now()").await;
        assert_eq!(texts(&analyst, runs).await, ["0"]);
        let mut worker = as_worker(db).await;
        until_told(&mut worker, "it has expired").await;
        closed(&analyst).await;
        let said = sql_login(db, "revoke --expired").await;
        assert!(said.text.contains("Took the login late away"), "{said:?}");
        assert_eq!(
            sql_login(db, "list --json").await.json(),
            serde_json::json!([])
        );
    });
}

#[test]
fn the_worker_ends_nothing_else() {
    with_database(async |db| {
        let analyst = connect(&new_login(db, "quick --project ours").await).await;
        let reader = db.connect("runwatch_query").await;
        reader.batch_execute("BEGIN").await.unwrap();
        let mut worker = as_worker(db).await;
        // Nothing is overdue, though the transaction of another role would be.
        assert_eq!(end_overdue(&mut worker).await.unwrap(), []);
        change(db, "statement_seconds = -3600").await;
        assert_eq!(end_overdue(&mut worker).await.unwrap(), []);
        reader.batch_execute("COMMIT").await.unwrap();
        analyst.batch_execute("SELECT 1").await.unwrap();
        // By its own rights it ends nobody's connection.
        let client = db.connect("runwatch_worker").await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'runwatch_sql_quick'";
        let refused = client.batch_execute(end).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    });
}

#[test]
fn taking_it_away_ends_its_connections_at_once() {
    with_database(async |db| {
        let url = new_login(db, "leaver --project ours").await;
        let (idle, busy) = (connect(&url).await, connect(&url).await);
        let (said, ended) = tokio::join!(
            sql_login(db, "revoke leaver"),
            timeout(END_LIMIT, busy.batch_execute(ENDLESS))
        );
        assert!(said.success, "{said:?}");
        ended.expect("it was ended").unwrap_err();
        closed(&idle).await;
        assert!(try_connect(&url).await.is_err());
        let left = "SELECT rolname::text FROM pg_roles WHERE rolname = 'runwatch_sql_leaver'";
        assert!(texts(&db.admin().await, left).await.is_empty());
        // The name is free again.
        new_login(db, "leaver --project theirs").await;
    });
}
