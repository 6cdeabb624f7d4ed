//! Acknowledged means stored: killed at seeded moments under load, neither ingest-api nor Postgres
//! loses, tears or doubles anything.

use std::time::Duration;

use runwatch_cli::postgres::{DATABASE, Durability, SUPERUSER, Server};
use runwatch_core::api_key::Scope;
use runwatch_tests::app::{Services, client};
use runwatch_tests::binaries::IngestProcess;
use runwatch_tests::database::{connect, fold_all, prepare, texts, try_connect};
use runwatch_tests::ledger::{Acknowledged, Ledger, Verdict, judge, step_name};
use runwatch_tests::load::{Load, Numbers};
use runwatch_tests::projects::OURS;
use runwatch_tests::until::until;
use runwatch_tests::{block_on, is_proving, liar, postgres};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

/// Kills of each test.
const KILLS: usize = 20;
const KILLS_WHEN_PROVING: usize = 300;
/// Requests that must be unanswered at the moment of a kill, and senders, of which some may be
/// writing down an acknowledgement.
const UNANSWERED_MIN: usize = 8;
const SENDERS: u64 = 16;
/// Requests that must be acknowledged between two kills, so that everything works again.
const ACKNOWLEDGED_MIN: usize = 20;
/// How long it may take until everything works again, and until so many requests are unanswered.
const BUSY_LIMIT: Duration = Duration::from_secs(60);
/// The latest moment of a kill after everything works again, in microseconds.
const DELAY_US_MAX: u64 = 250_000;
/// Another seed gives other moments and other runs.
const SEED: u64 = 20_261_121;

/// A durable database, ingest-api as a process, and a ledger.
struct Scene {
    server: Server,
    ingest: IngestProcess,
    ledger: Ledger,
}

impl Scene {
    async fn set() -> Self {
        let server = postgres::start(Durability::Full).await;
        prepare(&server, DATABASE).await;
        let ingest = IngestProcess::start(server.url("runwatch_ingest", DATABASE)).await;
        let ledger = Ledger::create(&postgres::folder().with_extension("ledger"));
        Self {
            server,
            ingest,
            ledger,
        }
    }

    /// Ends everything and compares what was acknowledged with what is stored.
    async fn judge(mut self, load: Load) -> Verdict {
        load.stop().await;
        self.ingest.stop().await;
        let acknowledged = self.ledger.close();
        fold_all(&self.server.url("runwatch_worker", DATABASE)).await;
        let admin = connect(&self.server.url(SUPERUSER, DATABASE)).await;
        let mut verdict = judge(&acknowledged, &admin).await;
        drop(admin);
        verdict.torn += unreadable(&self.server, &acknowledged).await;
        self.server.stop().await.expect("the server stops");
        verdict
    }
}

/// How many of the acknowledged runs query-api does not give back as they were sent; every
/// hundredth is asked for, with the payload of its last step.
async fn unreadable(server: &Server, acknowledged: &Acknowledged) -> usize {
    let services = Services::start(&|role| server.url(role, DATABASE));
    let client = client();
    let analyst = services.actor(&client, Some(OURS.key(Scope::Read).to_text()));
    let mut unreadable = 0;
    for (run, steps) in acknowledged.iter().step_by(100) {
        let step = analyst
            .step(&run.to_string(), &format!("{steps:016x}"))
            .await;
        let is_whole = step.status == 200 && step.json()["input"] == step_name(*run, steps - 1);
        unreadable += usize::from(!is_whole);
    }
    drop((analyst, client));
    services.stop().await;
    unreadable
}

fn kills() -> usize {
    if is_proving() {
        KILLS_WHEN_PROVING
    } else {
        KILLS
    }
}

/// Waits for a seeded moment at which everything works and enough requests are unanswered.
async fn moment(load: &Load, numbers: &mut Numbers) {
    let before = load.acknowledged();
    until(
        BUSY_LIMIT,
        "acknowledgements after the last kill",
        async || (load.acknowledged() >= before + ACKNOWLEDGED_MIN).then_some(()),
    )
    .await;
    sleep(Duration::from_micros(numbers.below(DELAY_US_MAX))).await;
    until(BUSY_LIMIT, "enough unanswered requests", async || {
        (load.unanswered() >= UNANSWERED_MIN).then_some(())
    })
    .await;
}

#[track_caller]
fn nothing_is_wrong(verdict: &Verdict) {
    println!("{verdict:?}");
    assert!(
        verdict.acknowledged > kills() * UNANSWERED_MIN,
        "{verdict:?}"
    );
    let nothing = Verdict {
        acknowledged: verdict.acknowledged,
        ..Verdict::default()
    };
    assert_eq!(*verdict, nothing);
}

#[test]
fn killing_ingest_api_loses_nothing_that_was_acknowledged() {
    block_on(async {
        let mut scene = Scene::set().await;
        let load = Load::start(&scene.ingest.url(), SENDERS, SEED, &scene.ledger.scribe());
        let mut numbers = Numbers::new(SEED);
        for _ in 0..kills() {
            moment(&load, &mut numbers).await;
            scene.ingest.kill_and_start_again().await;
        }
        nothing_is_wrong(&scene.judge(load).await);
    });
}

#[test]
fn killing_postgres_loses_nothing_that_was_acknowledged() {
    block_on(async {
        let mut scene = Scene::set().await;
        let pid = scene.ingest.pid();
        let load = Load::start(&scene.ingest.url(), SENDERS, SEED, &scene.ledger.scribe());
        let mut numbers = Numbers::new(SEED);
        for kill in 0..kills() {
            moment(&load, &mut numbers).await;
            match kill % 3 {
                0 => {
                    scene.server.kill9().await.unwrap();
                    scene.server.restart().await.unwrap();
                }
                // The server notices, ends all sessions and recovers by itself.
                1 => kill_backend(&scene.server, "client backend", &mut numbers).await,
                _ => kill_backend(&scene.server, "checkpointer", &mut numbers).await,
            }
        }
        assert_eq!(scene.ingest.pid(), pid, "ingest-api outlives its database");
        nothing_is_wrong(&scene.judge(load).await);
    });
}

async fn kill_backend(server: &Server, kind: &str, numbers: &mut Numbers) {
    let url = server.url(SUPERUSER, DATABASE);
    let pids = until(BUSY_LIMIT, "a process of the server", async || {
        let client = try_connect(&url).await.ok()?;
        let statement = format!(
            "SELECT pid::text FROM pg_stat_activity WHERE backend_type = '{kind}' AND pid <> pg_backend_pid()"
        );
        let pids = texts(&client, &statement).await;
        (!pids.is_empty()).then_some(pids)
    })
    .await;
    let chosen = usize::try_from(numbers.below(pids.len() as u64)).expect("there are few");
    let pid = pids[chosen]
        .parse()
        .ok()
        .and_then(Pid::from_raw)
        .expect("it is a process");
    kill_process(pid, Signal::KILL).expect("the process is there");
}

#[test]
fn a_front_that_acknowledges_too_early_is_found_out() {
    block_on(async {
        let mut scene = Scene::set().await;
        let lying = liar::start(scene.ingest.url()).await;
        let load = Load::start(&lying, SENDERS, SEED, &scene.ledger.scribe());
        let mut numbers = Numbers::new(SEED);
        for _ in 0..5 {
            sleep(Duration::from_micros(numbers.below(DELAY_US_MAX))).await;
            scene.ingest.kill_and_start_again().await;
        }
        let verdict = scene.judge(load).await;
        assert!(verdict.lost > 0, "{verdict:?}");
    });
}
