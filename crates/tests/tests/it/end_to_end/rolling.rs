//! Two ingest-apis behind nginx are restarted in turn, and no client notices.

use std::time::Duration;

use runwatch_cli::postgres::{DATABASE, Durability, SUPERUSER};
use runwatch_tests::binaries::IngestProcess;
use runwatch_tests::database::{connect, fold_all, prepare};
use runwatch_tests::front::Front;
use runwatch_tests::ledger::{Ledger, Verdict, judge};
use runwatch_tests::load::Load;
use runwatch_tests::until::until;
use runwatch_tests::{block_on, is_proving, postgres};

/// Rounds in which both are restarted.
const ROUNDS: usize = 3;
const ROUNDS_WHEN_PROVING: usize = 20;
const SENDERS: u64 = 8;
const SEED: u64 = 20_261_122;
/// Requests that are acknowledged before the next one is restarted, and how long that may take.
const BETWEEN: usize = 50;
const LIMIT: Duration = Duration::from_secs(60);

async fn goes_on(load: &Load) {
    let before = load.acknowledged();
    until(LIMIT, "acknowledgements", async || {
        (load.acknowledged() >= before + BETWEEN).then_some(())
    })
    .await;
}

#[test]
fn restarting_two_ingest_apis_in_turn_fails_no_request() {
    block_on(async {
        let mut server = postgres::start(Durability::Full).await;
        prepare(&server, DATABASE).await;
        let url = server.url("runwatch_ingest", DATABASE);
        let mut first = IngestProcess::start(url.clone()).await;
        let mut second = IngestProcess::start(url).await;
        let front = Front::start(&[&first, &second]).await;
        let ledger = Ledger::create(&postgres::folder().with_extension("ledger"));
        let load = Load::start(&front.url(), SENDERS, SEED, &ledger.scribe());
        for _ in 0..if is_proving() {
            ROUNDS_WHEN_PROVING
        } else {
            ROUNDS
        } {
            for ingest in [&mut first, &mut second] {
                goes_on(&load).await;
                ingest.restart().await;
            }
        }
        goes_on(&load).await;
        assert_eq!(load.failed(), 0, "requests that had to be sent again");
        load.stop().await;
        front.stop().await;
        first.stop().await;
        second.stop().await;
        let acknowledged = ledger.close();
        fold_all(&server.url("runwatch_worker", DATABASE)).await;
        let admin = connect(&server.url(SUPERUSER, DATABASE)).await;
        let verdict = judge(&acknowledged, &admin).await;
        let nothing = Verdict {
            acknowledged: verdict.acknowledged,
            ..Verdict::default()
        };
        assert_eq!(verdict, nothing);
        drop(admin);
        server.stop().await.expect("the server stops");
    });
}
