//! While the database is away nothing hangs and nothing is a fault of ours, and afterwards it works
//! again by itself. A question that takes too long is ended.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use reqwest::Method;
use runwatch_cli::postgres::{DATABASE, Durability};
use runwatch_core::api_key::Scope;
use runwatch_tests::answer::Answer;
use runwatch_tests::app::{Services, client, with_app};
use runwatch_tests::database::prepare;
use runwatch_tests::grpc::{RETRY_INFO, traces, with_key};
use runwatch_tests::moments::seconds_ago_us;
use runwatch_tests::projects::OURS;
use runwatch_tests::spans::{export, span};
use runwatch_tests::until::until;
use runwatch_tests::{block_on, postgres};
use serde_json::json;
use tokio::time::Instant;
use tonic::{Code, Status};

/// How long an answer may take while the database is away, with a machine that does other things
/// besides.
const AT_ONCE: Duration = Duration::from_secs(3);
/// How long it may take until everything works again.
const RECOVERY: Duration = Duration::from_secs(10);

fn one_span() -> ExportTraceServiceRequest {
    let times = (seconds_ago_us(9), seconds_ago_us(1));
    export("shop", vec![span([7; 16], 1, "step", times)])
}

/// A call is told in both ways that exporters know: in a trailer, and in the details of the status.
fn says_when_to_come_back(refused: &Answer) {
    assert_eq!(refused.code(), "unavailable");
    let seconds = refused.header("retry-after");
    assert!(matches!(seconds, Some("1" | "2")), "{seconds:?}");
}

fn call_says_when_to_come_back(refused: &Status) {
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    let trailer = refused.metadata().get_bin(RETRY_INFO);
    let trailer = trailer.expect("there is a trailer").to_bytes();
    let trailer = trailer.expect("it is Base64");
    // RetryInfo {retry_delay {seconds: 1}}, or 2.
    assert!(matches!(trailer[..], [0x0a, 2, 8, 1 | 2]), "{trailer:?}");
    let details = refused.details();
    assert!(details.ends_with(&trailer), "{details:?}");
    let name = b"type.googleapis.com/google.rpc.RetryInfo";
    assert!(details.windows(name.len()).any(|part| part == name));
}

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
        let ingest_key = OURS.key(Scope::Ingest).to_text();
        let run = json!({"agent_id": "a", "run_id": "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11"});
        agent.send_runs(&run).await.expect(200);
        analyst.get("/v1/runs").await.expect(200);

        server.stop().await.unwrap();
        for _ in 0..3 {
            let began = Instant::now();
            let sent = agent.send_runs(&run).await.expect(503);
            says_when_to_come_back(&sent);
            let read = analyst.get("/v1/runs").await.expect(503);
            says_when_to_come_back(&read);
            let call = with_key(one_span(), &ingest_key);
            let called = traces(services.grpc_url()).export(call).await;
            call_says_when_to_come_back(&called.unwrap_err());
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
