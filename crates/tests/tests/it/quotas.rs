//! How much a project may send.

use reqwest::Method;
use runwatch_tests::app::with_app;
use runwatch_tests::projects::OURS;
use serde_json::{Value, json};

fn run_of_steps(count: usize) -> Value {
    let steps: Vec<Value> = (0..count)
        .map(|at| json!({"name": format!("step {at}"), "kind": "tool"}))
        .collect();
    json!({"agent_id": "a", "steps": steps})
}

#[test]
fn who_sends_more_than_the_quota_is_told_when_to_come_back_and_nobody_else_notices() {
    with_app(async |app| {
        let admin = app.first_admin().await.of_project(OURS);
        for (quota, name) in [
            (
                json!({"quotas": {"steps_per_second": 1}}),
                "steps_per_second",
            ),
            (
                json!({"quotas": {"bytes_per_second": 100}}),
                "bytes_per_second",
            ),
        ] {
            admin
                .send(Method::PUT, "/v1/settings", &quota)
                .await
                .expect(200);
            // Another key, whose settings nobody remembers.
            let key = admin
                .send(Method::POST, "/v1/api-keys", &json!({"name": "x"}))
                .await
                .expect(201);
            let sender = app
                .nobody()
                .with_key_text(key.json()["key"].as_str().unwrap());
            // A burst is let through whole, and owed.
            sender.send_runs(&run_of_steps(100)).await.expect(200);
            let refused = sender.send_runs(&run_of_steps(1)).await.expect(429);
            assert_eq!(
                (refused.code().as_str(), &refused.json()["quota"]),
                ("quota_exceeded", &json!(name))
            );
            assert!(["1", "2"].contains(&refused.header("retry-after").unwrap()));
            let otlp = sender
                .post("/v1/traces", "application/json", "{}")
                .await
                .expect(429);
            assert!(otlp.header("retry-after").is_some());
            app.strange_agent()
                .send_runs(&run_of_steps(100))
                .await
                .expect(200);
        }
    });
}

#[test]
fn a_project_that_is_full_takes_nothing_more_until_there_is_room() {
    with_app(async |app| {
        let admin = app.first_admin().await.of_project(OURS);
        let quota = json!({"quotas": {"stored_bytes": 1000}});
        admin
            .send(Method::PUT, "/v1/settings", &quota)
            .await
            .expect(200);
        let database = app.db().admin().await;
        let measured = "UPDATE project_settings SET stored_bytes = 1000, measured_at = rw_now()";
        database.batch_execute(measured).await.unwrap();
        let refused = app.agent().send_runs(&run_of_steps(1)).await.expect(429);
        assert_eq!(refused.json()["quota"], "stored_bytes");
        let known = admin.get("/v1/settings").await.expect(200).json();
        assert_eq!(known["stored_bytes"], 1000);
        let room = json!({"quotas": {"stored_bytes": 2000}});
        admin
            .send(Method::PUT, "/v1/settings", &room)
            .await
            .expect(200);
        let key = admin
            .send(Method::POST, "/v1/api-keys", &json!({"name": "x"}))
            .await
            .expect(201);
        let sender = app
            .nobody()
            .with_key_text(key.json()["key"].as_str().unwrap());
        sender.send_runs(&run_of_steps(1)).await.expect(200);
    });
}
