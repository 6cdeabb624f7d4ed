//! `runwatch tail`: runs as they are stored, in a terminal, through nginx.

use std::time::Duration;

use runwatch_tests::block_on;
use runwatch_tests::command::start;
use runwatch_tests::installation::Installation;
use serde_json::{Value, json};
use uuid::Uuid;

/// Sends a run again and again, each time another, for whoever begins to listen meanwhile.
async fn keep_sending(installation: &Installation, agent: &str) {
    let client = reqwest::Client::new();
    let mut every = tokio::time::interval(Duration::from_millis(100));
    loop {
        every.tick().await;
        let run = json!({"run_id": Uuid::now_v7(), "agent_id": agent, "status": "succeeded",
            "steps": [{"kind": "tool", "name": "lookup_order"}]});
        let request = client.post(format!("{}/v1/runs", installation.url()));
        let request = request.header("x-api-key", installation.key());
        let sent = request.header("content-type", "application/json");
        let sent = sent.body(run.to_string()).send().await.unwrap();
        assert_eq!(sent.status(), 200);
    }
}

#[test]
fn tail_shows_runs_and_steps_as_they_are_stored() {
    block_on(async {
        let installation = Installation::start(&Installation::data_dir()).await;
        let (url, key) = (installation.url(), installation.key());
        let env = [("RUNWATCH_URL", url.as_str()), ("RUNWATCH_API_KEY", &key)];
        let mut tail = start("tail --steps", &env);
        let mut programs = start("tail --json --agent billing-bot", &env);
        let lines = async { [tail.line().await, tail.line().await] };
        let [run, step] = tokio::select! {
            lines = lines => lines,
            () = keep_sending(&installation, "support-bot") => unreachable!(),
        };
        assert!(
            run.contains("succeeded") && run.contains("support-bot"),
            "{run}"
        );
        assert!(
            step.trim_start().starts_with("✓ tool      lookup_order"),
            "{step}"
        );
        let line = tokio::select! {
            line = programs.line() => line,
            () = keep_sending(&installation, "billing-bot") => unreachable!(),
        };
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&event["event"], &event["data"]["agent_id"]),
            (&json!("run"), &json!("billing-bot"))
        );
        assert!(installation.interrupt().await.success());
    });
}
