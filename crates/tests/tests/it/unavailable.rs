//! While the database is away nothing hangs and nothing is a fault of ours, and afterwards it works
//! again by itself. A question that takes too long is ended.

use std::time::Duration;

use reqwest::Method;
use runwatch_cli::postgres::{DATABASE, Durability};
use runwatch_core::api_key::Scope;
use runwatch_tests::app::{Services, client, with_app};
use runwatch_tests::database::prepare;
use runwatch_tests::projects::OURS;
use runwatch_tests::until::until;
use runwatch_tests::{block_on, postgres};
use serde_json::json;
use tokio::time::Instant;

/// How long an answer may take while the database is away, with a machine that does other things
/// besides.
const AT_ONCE: Duration = Duration::from_secs(3);
/// How long it may take until everything works again.
const RECOVERY: Duration = Duration::from_secs(10);

#[test]
fn the_services_outlive_their_database() {
    block_on(async {
        let mut server = postgres::start(Durability::OffForTests).await;
        prepare(&server, DATABASE).await;
        let services = Services::start(&|role| server.url(role, DATABASE));
        let client = client();
        let key = |scope| Some(OURS.key(scope).to_text());
        let (agent, analyst) = (
            services.actor(&client, key(Scope::Ingest)),
            services.actor(&client, key(Scope::Read)),
        );
        let run = json!({"agent_id": "a", "run_id": "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11"});
        agent.send_runs(&run).await.expect(200);
        analyst.get("/v1/runs").await.expect(200);

        server.stop().await.unwrap();
        for _ in 0..3 {
            let began = Instant::now();
            let sent = agent.send_runs(&run).await.expect(503);
            assert_eq!(
                (sent.code().as_str(), sent.header("retry-after")),
                ("unavailable", Some("1"))
            );
            let read = analyst.get("/v1/runs").await.expect(503);
            assert_eq!(
                (read.code().as_str(), read.header("retry-after")),
                ("unavailable", Some("1"))
            );
            assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
        }
        analyst.get("/health").await.expect(200);
        until(RECOVERY, "readiness to end", async || {
            let ingest = agent
                .call(agent.request_to_ingest(Method::GET, "/ready"))
                .await;
            (ingest.status == 503 && analyst.get("/ready").await.status == 503).then_some(())
        })
        .await;

        server.restart().await.unwrap();
        until(RECOVERY, "everything to work again", async || {
            let sent = agent.send_runs(&run).await.status == 200;
            (sent && analyst.get("/v1/runs").await.status == 200).then_some(())
        })
        .await;
        drop((agent, analyst, client));
        services.stop().await;
        server.stop().await.unwrap();
    });
}

#[test]
fn a_question_that_takes_too_long_is_ended_and_not_to_be_asked_again() {
    with_app(async |app| {
        let mut admin = app.db().admin().await;
        let lock = admin.transaction().await.unwrap();
        let held = "LOCK TABLE agent_runs IN ACCESS EXCLUSIVE MODE";
        lock.batch_execute(held).await.unwrap();
        let answer = app.analyst().get("/v1/runs").await.expect(422);
        assert_eq!(answer.code(), "too_broad");
        assert_eq!(answer.header("retry-after"), None);
        lock.rollback().await.unwrap();
        app.analyst().get("/v1/runs").await.expect(200);
    });
}
