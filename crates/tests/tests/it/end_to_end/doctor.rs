//! `runwatch doctor`: everything is in order after `runwatch up`, and what is broken is found.

use runwatch_service::env::Env;
use runwatch_tests::block_on;
use runwatch_tests::command::{Said, runwatch};
use runwatch_tests::database::TestDb;
use runwatch_tests::installation::Installation;
use runwatch_tests::keys;
use serde_json::Value;

/// What was found that is not as it should be, as `verdict: what`.
fn wrong(said: &Said) -> Vec<String> {
    let json = said.json();
    let findings = json["findings"].as_array().unwrap().iter();
    let wrong = findings.filter(|one| one["verdict"] != "ok");
    // How full the disk is that the tests run on is not theirs to judge.
    let is_of_disk = |what: &str| what.contains(" MiB are free in ");
    let wrong = wrong.filter(|one| !is_of_disk(one["what"].as_str().unwrap_or_default()));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    wrong
        .map(|one| format!("{}: {}", text(&one["verdict"]), text(&one["what"])))
        .collect()
}

#[test]
fn after_a_start_everything_is_in_order_and_the_probe_goes_through() {
    block_on(async {
        let data_dir = Installation::data_dir();
        let installation = Installation::start(&data_dir).await;
        let (url, key) = (
            installation.variable("RUNWATCH_URL"),
            installation.variable("RUNWATCH_API_KEY"),
        );
        let env = [("RUNWATCH_URL", url.as_str()), ("RUNWATCH_API_KEY", &key)];
        let words = format!("doctor --probe --data-dir {}", data_dir.display());
        let said = runwatch(&words, &env).await;
        assert!(said.success, "{said:?}");
        for expected in [
            "commits are durable",
            "the schema is up to date",
            "with the rights they need and no more",
            "query-api at http://127.0.0.1:",
            "leads to nginx, query-api, ingest-api",
            "a run was stored after",
        ] {
            assert!(said.text.contains(expected), "{expected}: {}", said.text);
        }
        let json = runwatch(&format!("{words} --json"), &env).await;
        assert_eq!(json.json()["problems"], 0, "{json:?}");
        assert!(installation.interrupt().await.success());

        let stopped = runwatch(&words, &env).await;
        assert!(!stopped.success);
        assert!(stopped.text.contains("cannot be reached"), "{stopped:?}");
        assert!(stopped.error.contains("problems"), "{stopped:?}");
    });
}

#[test]
fn what_is_broken_in_the_database_is_found() {
    block_on(async {
        let db = TestDb::migrated().await;
        let url = db.admin_url();
        let doctor = async || {
            runwatch(
                "doctor --json --data-dir /nowhere",
                &[("DATABASE_URL", &url)],
            )
            .await
        };
        // The databases of tests are not durable.
        let durability = [
            "problem: fsync is off in this database, so that an acknowledged commit could be lost: turn it on",
            "problem: full_page_writes is off in this database, so that an acknowledged commit could be lost: turn it on",
            "problem: synchronous_commit is off in this database, so that an acknowledged commit could be lost: turn it on",
        ];
        let whole = doctor().await;
        let database: Vec<String> = wrong(&whole);
        assert_eq!(database, durability, "{whole:?}");

        let breaks = "
            ALTER TABLE agent_runs NO FORCE ROW LEVEL SECURITY;
            GRANT INSERT ON agent_steps TO runwatch_query;
            GRANT TRUNCATE ON agent_failures TO runwatch_worker;
            REVOKE INSERT ON usage_deltas FROM runwatch_ingest;
            GRANT CREATE ON SCHEMA public TO runwatch_control;
            DELETE FROM __diesel_schema_migrations
                WHERE version = (SELECT max(version) FROM __diesel_schema_migrations);
            INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000');
            DO $$ BEGIN EXECUTE format('DROP TABLE agent_payloads_%s',
                to_char((now() AT TIME ZONE 'UTC')::date + 1, 'YYYYMMDD')); END $$;";
        db.admin().await.batch_execute(breaks).await.unwrap();
        let broken = doctor().await;
        assert!(!broken.success);
        let found = wrong(&broken).join("\n");
        for expected in [
            "problem: migrations are still to be run: ",
            "warning: the schema is newer than this program: 99990101000000",
            "problem: row-level security is not forced on agent_runs",
            "warning: agent_payloads has partitions until today only",
            "problem: runwatch_query may INSERT in agent_steps",
            "problem: runwatch_worker may TRUNCATE in agent_failures",
            "problem: runwatch_ingest may not INSERT in usage_deltas",
            "problem: runwatch_control may create tables in the schema",
        ] {
            assert!(found.contains(expected), "{expected}: {found}");
        }
        db.close().await;
    });
}

#[test]
fn a_database_that_is_empty_or_away_is_told_with_what_to_do() {
    block_on(async {
        let db = TestDb::empty().await;
        let url = db.admin_url();
        let empty = runwatch("doctor --data-dir /nowhere", &[("DATABASE_URL", &url)]).await;
        assert!(empty.text.contains("→ run `runwatch migrate`"), "{empty:?}");
        db.close().await;
        let away = [("DATABASE_URL", "postgres://me:secret@127.0.0.1:1/runwatch")];
        let away = runwatch("doctor --data-dir /nowhere", &away).await;
        assert!(
            away.text
                .contains("the database 127.0.0.1:1/runwatch cannot be reached"),
            "{away:?}"
        );
        assert!(!away.text.contains("secret"), "{away:?}");
    });
}

/// Values of settings, good ones and bad ones.
const VALUES: [(&str, &str); 34] = [
    ("DATABASE_URL", "postgres://a@127.0.0.1:1/c?sslmode=disable"),
    ("DATABASE_URL", "postgres://a@127.0.0.1:1/c?sslmode=off"),
    ("DATABASE_URL", "mysql://a@127.0.0.1:1/c"),
    ("DATABASE_POOL_SIZE", "1"),
    ("DATABASE_POOL_SIZE", "90"),
    ("DATABASE_POOL_SIZE", "91"),
    ("DATABASE_POOL_SIZE", "-1"),
    ("RUNWATCH_UNSAFE_DURABILITY", "true"),
    ("RUNWATCH_UNSAFE_DURABILITY", "yes"),
    ("RUNWATCH_LOG_FORMAT", "text"),
    ("RUNWATCH_LOG_FORMAT", "xml"),
    ("INGEST_BIND", "[::1]:8000"),
    ("INGEST_BIND", "localhost:8000"),
    ("QUERY_BIND", "127.0.0.1:0"),
    ("QUERY_BIND", "8001"),
    ("WORKER_BIND", "0.0.0.0:8003"),
    ("WORKER_BIND", "127.0.0.1:70000"),
    ("RUNWATCH_DRAIN_SECONDS", "0"),
    ("RUNWATCH_DRAIN_SECONDS", "601"),
    ("RUNWATCH_HTTP_WORKERS", "256"),
    ("RUNWATCH_HTTP_WORKERS", "0"),
    ("INGEST_WRITERS", "64"),
    ("INGEST_WRITERS", "65"),
    ("INGEST_BYTES_IN_FLIGHT", "1048576"),
    ("INGEST_BYTES_IN_FLIGHT", "1048575"),
    ("INGEST_BYTES_IN_FLIGHT", "68719476737"),
    ("QUERY_TIMEOUT_MS", "600000"),
    ("QUERY_TIMEOUT_MS", "99"),
    ("QUERY_TIMEOUT_MS", "5s"),
    ("RUNWATCH_TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::1"),
    ("RUNWATCH_TRUSTED_PROXIES", "10.0.0.0/33"),
    ("RUNWATCH_TRUSTED_PROXIES", "proxy.example.com"),
    ("SECRETS_KEY", keys::NEW_SECRETS),
    ("SECRETS_KEY", "hunter2"),
];

#[test]
fn settings_are_judged_as_the_services_judge_them() {
    block_on(async {
        for variable in VALUES {
            let env = || {
                Env::of(&[
                    ("DATABASE_URL", "postgres://a@b/c"),
                    ("API_KEY_PEPPER", keys::PEPPER),
                    ("TOKEN_PUBLIC_KEY", keys::PUBLIC),
                    ("SECRETS_KEY", keys::SECRETS),
                    variable,
                ])
            };
            let is_usable = env().read(ingest_api::settings::Settings::from_env).is_ok()
                && env().read(query_api::Settings::from_env).is_ok()
                && env()
                    .read(alert_worker::settings::Settings::from_env)
                    .is_ok();
            let said = runwatch("doctor --json --data-dir /nowhere", &[variable]).await;
            let found = wrong(&said).join("\n");
            let complains = found.contains("cannot be used");
            assert_eq!(complains, !is_usable, "{variable:?}: {found}");
        }
    });
}
