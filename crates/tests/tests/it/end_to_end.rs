//! The whole of it, as people start it: one command, the calls that it prints, Ctrl-C.

mod demo;
mod doctor;
mod front;
mod rolling;
mod runs;
mod tail;
mod validate;

use std::process::Command;
use std::time::Duration;

use runwatch_core::secrets::KeyRing;
use runwatch_tests::block_on;
use runwatch_tests::command::runwatch;
use runwatch_tests::installation::Installation;
use runwatch_tests::until::until;
use rustix::process::{Signal, kill_process};
use serde_json::Value;

/// How long it may take until a killed process works again: it is started after a second.
const RESTART_LIMIT: Duration = Duration::from_secs(30);
/// How long it may take until the worker has folded what was sent.
const FOLD_LIMIT: Duration = Duration::from_secs(15);

/// Requests of which each is a line of the log: several times what the pipes hold.
const UNHEARD_REQUESTS: usize = 2_000;

/// The calls that were printed, run as they stand.
fn printed_calls(text: &str) -> Vec<Value> {
    let lines = text
        .lines()
        .filter(|line| line.trim_start().starts_with("curl "));
    let run = |line: &str| {
        let output = Command::new("bash")
            .args(["-c", line])
            .output()
            .expect("bash runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{line}: {error} in {text:?}"))
    };
    lines.map(run).collect()
}

async fn get(installation: &Installation, path: &str) -> reqwest::Response {
    let url = format!("{}{path}", installation.variable("RUNWATCH_URL"));
    let request = reqwest::Client::new().get(url);
    let request = request.header("x-api-key", installation.variable("RUNWATCH_API_KEY"));
    request.send().await.expect("nginx answers")
}

#[test]
fn one_command_starts_everything_and_ctrl_c_stops_it_and_the_next_start_finds_the_data() {
    block_on(async {
        let data_dir = Installation::data_dir();
        let installation = Installation::start(&data_dir).await;
        let answers = printed_calls(&installation.text());
        assert_eq!(answers.len(), 2, "{}", installation.text());
        assert_eq!(
            (&answers[0]["accepted"], &answers[0]["rejected"]),
            (&1.into(), &Value::Array(vec![]))
        );
        assert_eq!(
            (&answers[1]["agent_id"], &answers[1]["status"]),
            (&"support-bot".into(), &"succeeded".into())
        );
        assert_eq!(answers[1]["output"]["answer"], "On its way.");
        let run = answers[1]["run_id"].as_str().unwrap().to_owned();
        until(
            FOLD_LIMIT,
            "the failure-free run to be counted",
            async || {
                let usage: Value = get(&installation, "/v1/agents").await.json().await.ok()?;
                usage.to_string().contains("support-bot").then_some(())
            },
        )
        .await;
        for path in [
            "/health",
            "/api/v1/runs",
            "/openapi/query.json",
            "/openapi/ingest.json",
            "/docs/",
        ] {
            assert_eq!(get(&installation, path).await.status(), 200, "{path}");
        }
        let key = installation.variable("RUNWATCH_API_KEY");
        assert!(installation.interrupt().await.success());

        let again = Installation::start(&data_dir).await;
        assert_eq!(again.variable("RUNWATCH_API_KEY"), key, "keys stay valid");
        let found: Value = get(&again, &format!("/v1/runs/{run}"))
            .await
            .json()
            .await
            .unwrap();
        assert_eq!(found["agent_id"], "support-bot");
        let repeated = printed_calls(&again.text());
        assert_eq!(
            repeated[0]["duplicates"], 1,
            "the printed call can be repeated"
        );
        assert!(again.interrupt().await.success());
    });
}

#[test]
fn every_part_that_is_killed_is_started_again() {
    block_on(async {
        let installation = Installation::start(&Installation::data_dir()).await;
        for part in [
            "ingest-api",
            "query-api",
            "control-api",
            "alert-worker",
            "nginx",
            "postgres",
        ] {
            let before = installation.children(part);
            assert_eq!(before.len(), 1, "{part}: {}", installation.text());
            kill_process(before[0], Signal::KILL).unwrap();
            until(RESTART_LIMIT, part, async || {
                let now = installation.children(part);
                (now.len() == 1 && now != before).then_some(())
            })
            .await;
        }
        until(RESTART_LIMIT, "everything to work again", async || {
            let url = format!("{}/v1/runs", installation.variable("RUNWATCH_URL"));
            let request = reqwest::Client::new().post(url).body(r#"{"agent_id":"a"}"#);
            let request = request.header("content-type", "application/json");
            let request = request.header("x-api-key", installation.variable("RUNWATCH_API_KEY"));
            let sent = request.send().await.ok()?.status() == 200;
            (sent && get(&installation, "/v1/runs").await.status() == 200).then_some(())
        })
        .await;
        assert!(installation.interrupt().await.success());
    });
}

#[test]
fn the_key_of_secrets_is_given_to_those_who_need_it_and_shown_to_nobody() {
    block_on(async {
        let data_dir = Installation::data_dir();
        let installation = Installation::start(&data_dir).await;
        let kept = std::fs::read_to_string(data_dir.join("secrets")).unwrap();
        let key = kept
            .lines()
            .find_map(|line| line.strip_prefix("SECRETS_KEY="));
        let key = key.unwrap();
        assert!(key.parse::<KeyRing>().is_ok());
        for (service, has_it) in [
            ("ingest-api", false),
            ("query-api", false),
            ("control-api", true),
            ("alert-worker", true),
        ] {
            let pid = installation.children(service)[0].as_raw_nonzero();
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
            let environment = String::from_utf8_lossy(&environment).into_owned();
            assert!(environment.contains("DATABASE_URL="), "{service}");
            assert_eq!(environment.contains(key), has_it, "{service}");
        }
        assert!(!installation.text().contains(key));
        let words = format!("secrets status --data-dir {}", data_dir.display());
        let status = runwatch(&words, &[]).await;
        let id = key.parse::<KeyRing>().unwrap().first().to_string();
        assert!(status.success && status.text.contains(&id), "{status:?}");
        // Whoever looks for the cause of something finds the id in the log.
        assert!(installation.text().contains(&id));
        assert!(installation.interrupt().await.success());
    });
}

#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    block_on(async {
        let installation = Installation::start(&Installation::data_dir()).await;
        installation
            .unheard(async || {
                for _ in 0..UNHEARD_REQUESTS {
                    // Only what goes wrong is logged.
                    assert_eq!(get(&installation, "/v1/runs?limit=0").await.status(), 400);
                }
            })
            .await;
        assert!(installation.interrupt().await.success());
    });
}
