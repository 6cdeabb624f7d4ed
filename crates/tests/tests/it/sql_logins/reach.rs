//! How far a login reaches: nothing that somebody sets or asks shows rows of others, and nothing is written.

use runwatch_tests::app::with_app;
use runwatch_tests::database::{TestDb, connect, texts, with_database, with_migrated_database};
use runwatch_tests::projects::{OURS, THEIRS};
use runwatch_tests::rows::{fill, project_tables};
use tokio_postgres::Client;

use super::{VIEWS, new_login, sent};
use crate::roles::fingerprint;

#[test]
fn nothing_that_somebody_sets_shows_them_another_project() {
    with_app(async |app| {
        sent(app, "ours", "theirs").await;
        new_login(app.db(), "set_other --project theirs").await;
        let url = new_login(app.db(), "set_me --project ours").await;
        let theirs = THEIRS.id();
        // With what is seen afterwards: our two runs, none, or an error. What is refused changes nothing.
        for (set, seen) in [
            (format!("SET app.project = '{theirs}'"), Some(2)),
            (
                format!("SELECT set_config('app.project', '{theirs}', false)"),
                Some(2),
            ),
            (
                format!("ALTER ROLE runwatch_sql_set_me SET app.project = '{theirs}'"),
                Some(2),
            ),
            ("SET search_path = public".to_owned(), Some(2)),
            (
                "SET default_transaction_read_only = off".to_owned(),
                Some(2),
            ),
            ("SET session_replication_role = replica".to_owned(), Some(2)),
            ("SET row_security = off".to_owned(), None),
            // Whose rows the group sees is nobody's.
            ("SET ROLE runwatch_sql".to_owned(), Some(0)),
            ("SET ROLE runwatch_sql_set_other".to_owned(), Some(2)),
            ("SET ROLE runwatch_query".to_owned(), Some(2)),
            ("SET ROLE runwatch_owner".to_owned(), Some(2)),
            ("SET ROLE postgres".to_owned(), Some(2)),
            (
                "SET SESSION AUTHORIZATION runwatch_sql_set_other".to_owned(),
                Some(2),
            ),
            (
                "SET SESSION AUTHORIZATION runwatch_worker".to_owned(),
                Some(2),
            ),
            (
                "ALTER ROLE runwatch_sql_set_me RENAME TO runwatch_sql_set_other_2".to_owned(),
                Some(2),
            ),
            (
                "ALTER ROLE runwatch_sql_set_me RESET ALL".to_owned(),
                Some(2),
            ),
        ] {
            let analyst = connect(&url).await;
            let outcome = analyst.batch_execute(&set).await;
            let runs = analyst
                .query_one("SELECT count(*) FROM analytics.runs", &[])
                .await;
            let runs: Option<i64> = runs.ok().map(|row| row.get(0));
            assert_eq!(runs, seen, "{set}: {outcome:?}");
            gone(analyst, app.db(), "runwatch_sql_set_me").await;
        }
    });
}

/// Waits until a connection is closed, so that the next one is let in.
async fn gone(client: Client, db: &TestDb, role: &str) {
    drop(client);
    let admin = db.admin().await;
    let end = format!(
        "SELECT pg_terminate_backend(pid, 10000)::text FROM pg_stat_activity WHERE usename = '{role}'"
    );
    texts(&admin, &end).await;
}

#[test]
fn a_condition_is_asked_of_no_row_of_others() {
    with_app(async |app| {
        // Whose agent is no number would make the cast fail, and the error would name it.
        sent(app, "1", "theirs-word").await;
        let analyst = connect(&new_login(app.db(), "cast --project ours").await).await;
        for view in [
            "runs",
            "failures",
            "failure_groups",
            "usage_by_hour",
            "usage_by_minute",
        ] {
            let asked = format!("SELECT count(*) FROM {view} WHERE agent_id::integer = 1");
            let row = analyst.query_one(&asked, &[]).await;
            let count: i64 = row
                .unwrap_or_else(|error| panic!("{asked}: {error:?}"))
                .get(0);
            assert!(count > 0, "{asked}");
        }
        for asked in [
            "SELECT count(*) FROM steps WHERE name::integer = 1",
            "SELECT count(*) FROM feedback WHERE comment::integer = 1",
            "SELECT count(*) FROM runs WHERE 1 / user_id::integer = 1 AND tags IS NULL AND environment IS NULL",
            "SELECT count(*) FROM runs r JOIN steps s ON s.name::integer = r.agent_id::integer",
        ] {
            let row = analyst.query_one(asked, &[]).await;
            let count: i64 = row
                .unwrap_or_else(|error| panic!("{asked}: {error:?}"))
                .get(0);
            assert!(count > 0, "{asked}");
        }
    });
}

#[test]
fn no_other_way_to_read_or_write_leads_anywhere() {
    with_migrated_database(async |db| {
        let admin = db.admin().await;
        let tables = project_tables(&admin).await;
        // Before there are entries in the log that nobody wrote.
        new_login(db, "way_other --project theirs").await;
        let analyst = connect(&new_login(db, "way_me --project ours").await).await;
        fill(&admin, OURS, &tables).await;
        fill(&admin, THEIRS, &tables).await;
        let before = fingerprint(&admin, &tables).await;
        let writing = "SET default_transaction_read_only = off";
        analyst.batch_execute(writing).await.unwrap();
        let mut ways: Vec<String> = WAYS.iter().map(ToString::to_string).collect();
        ways.extend(
            tables
                .iter()
                .map(|table| format!("SELECT FROM public.{table}")),
        );
        ways.extend(VIEWS.iter().flat_map(|(view, _)| writes_to(view)));
        let partitions = "SELECT 'TABLE public.' || relname FROM pg_class WHERE relispartition AND relkind = 'r'";
        ways.extend(texts(&admin, partitions).await);
        assert!(ways.len() >= 100, "only {} ways", ways.len());
        for way in &ways {
            let done = analyst.batch_execute(way).await;
            assert!(done.is_err(), "{way}: succeeded");
            assert!(!analyst.is_closed(), "{way}: {done:?}");
        }
        assert_eq!(before, fingerprint(&admin, &tables).await);
    });
}

fn writes_to(view: &str) -> [String; 6] {
    [
        format!("INSERT INTO {view} SELECT * FROM {view}"),
        format!("UPDATE {view} SET agent_id = 'mine'"),
        format!("DELETE FROM {view}"),
        format!("SELECT FROM {view} FOR UPDATE"),
        format!("BEGIN; LOCK TABLE {view} IN ROW EXCLUSIVE MODE; COMMIT"),
        format!("SELECT project_id FROM {view}"),
    ]
}

const WAYS: [&str; 62] = [
    // To read.
    "SELECT claims FROM runs",
    "SELECT public.rw_project()",
    "SELECT * FROM public.find_api_key(gen_random_uuid())",
    "SELECT * FROM public.find_person(gen_random_uuid(), gen_random_uuid())",
    "SELECT public.end_overdue_sql()",
    "SELECT public.make_partitions(current_date, 1)",
    "SELECT * FROM public.users",
    "SELECT * FROM public.sign_ins",
    "SELECT * FROM public.clock_offset",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_shadow",
    "SELECT * FROM pg_statistic",
    "SELECT * FROM pg_statistic_ext_data",
    "SELECT * FROM pg_largeobject",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('PG_VERSION')",
    "SELECT pg_current_logfile()",
    "SELECT lo_import('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "COPY (SELECT 1) TO '/tmp/runwatch-sql-copy'",
    "COPY runs FROM '/etc/passwd'",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION postgres_fdw",
    "CREATE EXTENSION pg_trgm",
    "CREATE SERVER mine FOREIGN DATA WRAPPER postgres_fdw",
    "LOAD 'pg_prewarm'",
    "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION analytics.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OPERATOR analytics.= (leftarg = text, rightarg = text, function = texteq)",
    "SELECT pg_create_physical_replication_slot('mine')",
    "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')",
    // To become somebody else.
    "GRANT runwatch_owner TO runwatch_sql_way_me",
    "GRANT runwatch_sql_way_other TO runwatch_sql_way_me",
    "ALTER ROLE runwatch_sql_way_me BYPASSRLS",
    "ALTER ROLE runwatch_sql_way_me CONNECTION LIMIT -1",
    "ALTER ROLE runwatch_sql_way_me VALID UNTIL 'infinity'",
    "ALTER ROLE runwatch_sql_way_other PASSWORD 'mine'",
    "ALTER ROLE runwatch_sql_way_other SET statement_timeout = 1",
    "ALTER ROLE runwatch_sql_way_me SET temp_file_limit = -1",
    "SET temp_file_limit = -1",
    "SET track_activities = off",
    "CREATE ROLE mine",
    "UPDATE public.sql_logins SET project_id = gen_random_uuid()",
    "ALTER POLICY analyst ON public.agent_runs USING (true)",
    "DO $$ BEGIN EXECUTE 'SELECT FROM public.agent_runs'; END $$",
    // To write, or to hold others up.
    "CREATE TABLE analytics.mine (a int)",
    "CREATE TEMP TABLE mine (a int)",
    "SELECT 1 AS a INTO TEMP mine",
    "CREATE TEMP VIEW mine AS SELECT * FROM runs",
    "CREATE SCHEMA mine",
    "DROP VIEW analytics.runs",
    "COMMENT ON VIEW analytics.runs IS 'mine'",
    "SELECT lo_create(0)",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_lock_shared(1, 1)",
    "SELECT pg_logical_emit_message(false, 'mine', 'mine')",
    "SELECT pg_reload_conf()",
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'postgres'",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'postgres'",
];

#[test]
fn the_catalogue_tells_neither_what_others_ask_nor_what_is_in_columns() {
    with_app(async |app| {
        sent(app, "ours", "theirs").await;
        let admin = app.db().admin().await;
        admin.batch_execute("ANALYZE").await.unwrap();
        let analyst = connect(&new_login(app.db(), "catalogue --project ours").await).await;
        for (told, nothing) in [
            (
                "statistics of columns",
                "SELECT tablename::text FROM pg_stats WHERE schemaname = 'public'",
            ),
            (
                "questions of others",
                "SELECT query FROM pg_stat_activity WHERE usename <> current_user
                     AND query <> '' AND query <> '<insufficient privilege>'",
            ),
        ] {
            assert_eq!(
                texts(&analyst, nothing).await,
                Vec::<String>::new(),
                "{told}"
            );
        }
    });
}

/// Rows of both projects, so many that an index is worth it.
const MANY: &str = "
    INSERT INTO agent_runs (started_at, received_at, last_received_at, input_tokens, output_tokens, cached_tokens,
        reasoning_tokens, steps, failed_steps, run_day, status, is_run, provisional, project_id, run_id, claims, contribution)
    SELECT now() - n * interval '1 minute', now(), now(), 0, 0, 0, 0, 1, 0, current_date, 1, true, false,
        project_id, md5(n::text)::uuid, '', ''
    FROM generate_series(1, 20000) n, projects;
    INSERT INTO agent_steps (started_at, content_hash, run_day, kind, status, flags, project_id, run_id, step_id, name)
    SELECT started_at, 0, run_day, 1, 1, 0, project_id, run_id, '\\x0000000000000001', 'ask' FROM agent_runs;
    ANALYZE agent_runs; ANALYZE agent_steps";

#[test]
fn indexes_and_partitions_serve_the_views() {
    with_database(async |db| {
        db.admin().await.batch_execute(MANY).await.unwrap();
        let analyst = connect(&new_login(db, "plans --project ours").await).await;
        for (question, index) in [
            (
                "SELECT * FROM runs WHERE started_at > now() - interval '1 hour'",
                "agent_runs_latest",
            ),
            (
                "SELECT * FROM runs ORDER BY started_at DESC LIMIT 10",
                "agent_runs_latest",
            ),
            (
                "SELECT * FROM runs WHERE run_id = '00000000-0000-0000-0000-000000000001'",
                "agent_runs_pkey",
            ),
            (
                "SELECT * FROM runs WHERE user_id = 'ada'",
                "agent_runs_by_user",
            ),
            (
                "SELECT * FROM steps WHERE run_id = '00000000-0000-0000-0000-000000000001' AND run_day = CURRENT_DATE",
                "_pkey",
            ),
        ] {
            let plan = texts(&analyst, &format!("EXPLAIN (COSTS off) {question}")).await;
            let plan = plan.join("\n");
            let is_searched = plan.contains(index) && !plan.contains("Seq Scan on agent_");
            assert!(is_searched, "{question}:\n{plan}");
        }
        let today = texts(
            &analyst,
            "SELECT 'agent_steps_' || to_char(CURRENT_DATE, 'YYYYMMDD')",
        )
        .await;
        let one_day = "EXPLAIN (COSTS off) SELECT count(*) FROM steps WHERE run_day = CURRENT_DATE";
        let plan = texts(&analyst, one_day).await.join("\n");
        let (read, of_today) = (
            plan.matches("agent_steps_20").count(),
            plan.matches(&today[0]).count(),
        );
        assert!(read > 0 && read == of_today, "{plan}");
    });
}
