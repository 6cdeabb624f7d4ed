//! `runwatch demo`: made-up agents fill an installation with something to look at.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use runwatch_tests::block_on;
use runwatch_tests::command::runwatch;
use runwatch_tests::installation::Installation;
use runwatch_tests::until::until;
use serde_json::Value;

/// How long it may take until the demo of `up` has filled a day.
const FILL_LIMIT: Duration = Duration::from_secs(300);

/// All runs by their ids.
async fn runs(env: &[(&str, &str)]) -> BTreeMap<String, Value> {
    let listed = runwatch("runs list --json --limit 10000 --tag demo", env).await;
    let listed: Vec<Value> = serde_json::from_value(listed.json()).unwrap();
    let by_id = |run: Value| (run["run_id"].as_str().unwrap().to_owned(), run);
    listed.into_iter().map(by_id).collect()
}

fn values(runs: &BTreeMap<String, Value>, member: &str) -> BTreeSet<String> {
    runs.values().map(|run| run[member].to_string()).collect()
}

#[test]
fn the_demo_fills_the_past_and_sent_again_it_is_the_same() {
    block_on(async {
        let installation = Installation::start(&Installation::data_dir()).await;
        let (url, key) = (
            installation.variable("RUNWATCH_URL"),
            installation.variable("RUNWATCH_API_KEY"),
        );
        let env = [("RUNWATCH_URL", url.as_str()), ("RUNWATCH_API_KEY", &key)];
        let said = runwatch("demo --seed 4 --backfill 2h --duration 1s", &env).await;
        assert!(said.success, "{said:?}");
        assert!(
            said.text.contains("Filled in") && !said.text.contains("refused"),
            "{said:?}"
        );

        let first = runs(&env).await;
        assert!(first.len() > 50, "{}", first.len());
        assert!(
            values(&first, "agent_id").len() >= 4,
            "{:?}",
            values(&first, "agent_id")
        );
        assert!(values(&first, "status").contains("\"succeeded\""));
        assert!(values(&first, "environment").len() >= 2);
        let dear = first
            .values()
            .filter(|run| run["cost_usd"].as_f64() > Some(0.0));
        assert!(dear.count() * 10 > first.len() * 8, "most runs have a cost");

        let again = runwatch("demo --seed 4 --backfill 2h --duration 1s", &env).await;
        assert!(again.text.contains("items were known already"), "{again:?}");
        let second = runs(&env).await;
        // Those that had ended are the same, and what is new began later.
        let latest = values(&first, "started_at").pop_last().unwrap();
        for (id, run) in &second {
            match first.get(id) {
                Some(before) if before["status"] != "running" => {
                    for member in ["status", "totals", "cost_usd", "started_at", "ended_at"] {
                        assert_eq!(run[member], before[member], "{member} of {id}");
                    }
                }
                Some(_) => {}
                None => {
                    let received = run["last_received_at"].to_string();
                    assert!(received > latest, "{run}");
                }
            }
        }
        assert!(installation.interrupt().await.success());
    });
}

#[test]
fn up_starts_the_demo_if_it_is_asked_to() {
    block_on(async {
        let installation = Installation::start_with(&Installation::data_dir(), &["--demo"]).await;
        assert!(
            installation
                .text()
                .contains("Six made-up agents send to this project")
        );
        until(
            FILL_LIMIT,
            "the demo to have filled the last day",
            async || installation.text().contains("Filled in").then_some(()),
        )
        .await;
        assert!(
            !installation.text().contains("refused"),
            "{}",
            installation.text()
        );
        assert!(installation.interrupt().await.success());
    });
}
