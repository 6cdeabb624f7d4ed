//! An export whose reader is slow, or which cannot go on.

use std::time::Duration;

use reqwest::Method;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::moments::seconds_ago;
use runwatch_tests::until::until;
use serde_json::{Value, json};

/// More than what lies in sockets and queues on the way to a client.
const RUNS: usize = 150;
const BYTES_OF_RUN: usize = 300_000;

/// Far more than a client that does not read is sent.
async fn send_much(app: &TestApp) {
    for part in 0..5 {
        let run = |at: usize| {
            let at = part * RUNS / 5 + at;
            // Digits that do not repeat, so that nothing is shared.
            let text: String = (0..BYTES_OF_RUN / 8)
                .map(|n| format!("{:08x}", n * 7_919 + at))
                .collect();
            json!({"run_id": format!("0199c7a2-7a51-7cc0-9d3e-{at:012x}"), "agent_id": "a",
                "status": "succeeded", "started_at": seconds_ago(60), "ended_at": seconds_ago(50),
                "steps": [{"step_id": "0000000000000001", "name": "s", "input": text,
                    "started_at": seconds_ago(60), "ended_at": seconds_ago(50)}]})
        };
        let runs: Vec<Value> = (0..RUNS / 5).map(run).collect();
        app.agent().send_runs(&json!(runs)).await.expect(200);
    }
}

/// Waits until nothing is asked of the database any more, and says how many connections of
/// query-api are in a transaction then.
async fn open_transactions(app: &TestApp) -> i64 {
    let admin = app.db().admin().await;
    let states = "SELECT count(*) FILTER (WHERE state <> 'idle'),
            coalesce(max(state_change) < clock_timestamp() - interval '300 ms', true)
        FROM pg_stat_activity WHERE usename = 'runwatch_query' AND datname = current_database()";
    until(
        Duration::from_secs(20),
        "the export to wait for its client",
        async || {
            let row = admin.query_one(states, &[]).await.unwrap();
            row.get::<_, bool>(1).then(|| row.get(0))
        },
    )
    .await
}

#[test]
fn no_connection_waits_for_a_client_that_does_not_read_and_nothing_is_lost_on_it() {
    with_app(async |app| {
        send_much(app).await;
        let analyst = app.analyst();
        let request = analyst.request(Method::GET, "/v1/export?what=steps&payloads=true");
        let answer = request.send().await.unwrap();
        assert_eq!(open_transactions(app).await, 0);
        let text = answer.text().await.unwrap();
        assert!(text.len() > RUNS * BYTES_OF_RUN);
        assert_eq!(text.lines().count(), RUNS);
    });
}

#[test]
fn an_export_that_cannot_go_on_has_no_clean_end() {
    with_app(async |app| {
        send_much(app).await;
        let analyst = app.analyst();
        let request = analyst.request(Method::GET, "/v1/export?what=steps&payloads=true");
        let mut answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        open_transactions(app).await;
        let admin = app.db().admin().await;
        admin
            .batch_execute("ALTER TABLE agent_payloads RENAME TO gone")
            .await
            .unwrap();
        let mut bytes = 0;
        let end = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => bytes += chunk.len(),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        assert!(bytes > 0, "something was sent before");
        assert!(
            end.is_err(),
            "a cut answer of {bytes} bytes is taken for a whole"
        );
        admin
            .batch_execute("ALTER TABLE gone RENAME TO agent_payloads")
            .await
            .unwrap();
    });
}

#[test]
fn as_many_exports_as_may_run_at_a_time_run() {
    with_app(async |app| {
        send_much(app).await;
        let analyst = app.analyst();
        let export = async || {
            let request = analyst.request(Method::GET, "/v1/export?what=steps&payloads=true");
            request.send().await.unwrap()
        };
        let mut running = Vec::new();
        for _ in 0..4 {
            running.push(export().await);
        }
        let refused = analyst.get("/v1/export?what=runs").await.expect(503);
        assert_eq!(refused.code(), "unavailable");
        assert!(refused.header("retry-after").is_some());
        // Other questions are answered meanwhile.
        analyst.get("/v1/runs").await.expect(200);
        drop(running);
        until(
            Duration::from_secs(20),
            "exports of clients that went away to end",
            async || {
                let answer = analyst.get("/v1/export?what=runs").await;
                (answer.status == 200).then_some(())
            },
        )
        .await;
    });
}
