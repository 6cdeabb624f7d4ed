//! An installation as people have it, and the program that analysts have.

use std::process::{Command, Output};

use runwatch_tests::block_on;
use runwatch_tests::command::runwatch;
use runwatch_tests::installation::Installation;
use serde_json::json;

fn psql(url: &str, statements: &[&str]) -> Output {
    let mut psql = Command::new("psql");
    psql.args(["--no-psqlrc", "--set=ON_ERROR_STOP=1", "--dbname", url]);
    for statement in statements {
        psql.args(["--command", statement]);
    }
    psql.output().expect("psql is installed with PostgreSQL")
}

#[test]
fn psql_shows_the_views_and_their_rows_and_reaches_no_other_database() {
    block_on(async {
        let data_dir = Installation::data_dir();
        let installation = Installation::start(&data_dir).await;
        let key = installation.variable("RUNWATCH_API_KEY");
        let sent = reqwest::Client::new()
            .post(format!("{}/v1/runs", installation.variable("RUNWATCH_URL")))
            .header("x-api-key", key)
            .json(&json!({"agent_id": "support-bot", "status": "succeeded"}));
        assert_eq!(sent.send().await.unwrap().status(), 200);
        let folder = data_dir.display();
        let words =
            format!("sql-login create ada --project default --timeout 1 --data-dir {folder}");
        let created = runwatch(&words, &[]).await;
        assert!(created.success && created.error.is_empty(), "{created:?}");
        let url = created.text.lines().next().unwrap();

        let shown = psql(url, &["\\d", "SELECT agent_id, status FROM runs"]);
        let text = String::from_utf8_lossy(&shown.stdout);
        assert!(shown.status.success(), "{shown:?}");
        for part in ["usage_by_hour", "support-bot", "succeeded", "(1 row)"] {
            assert!(text.contains(part), "{text}");
        }
        let printed = created.text.split_once("psql").unwrap().1;
        let tried = Command::new("bash")
            .args(["-c", &format!("psql{printed}")])
            .output();
        let tried = tried.expect("bash runs");
        assert!(tried.status.success(), "{tried:?}");

        let server = url.strip_suffix("/runwatch").unwrap();
        let refusals = [
            (
                url.replace("sql_ada:", "sql_ada:0"),
                "password authentication failed",
            ),
            (
                format!("{server}/postgres"),
                "permission denied for database",
            ),
            (
                format!("{server}/template1"),
                "permission denied for database",
            ),
        ];
        for (url, why) in refusals {
            let refused = psql(&url, &["SELECT 1"]);
            let error = String::from_utf8_lossy(&refused.stderr);
            assert!(!refused.status.success() && error.contains(why), "{error}");
        }
        // By the installation's own worker.
        let slow = psql(url, &["SET statement_timeout = 0", "SELECT pg_sleep(600)"]);
        let error = String::from_utf8_lossy(&slow.stderr);
        assert!(error.contains("canceling statement"), "{error}");

        let words = format!("sql-login revoke ada --data-dir {folder}");
        assert!(runwatch(&words, &[]).await.success);
        assert!(!psql(url, &["SELECT 1"]).status.success());
        assert!(installation.interrupt().await.success());
    });
}
