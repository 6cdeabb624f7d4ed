//! Senders who never stop: each sends a batch of runs again and again until it is acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use runwatch_core::api_key::Scope;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use crate::ledger::{Scribe, step_name};
use crate::projects::OURS;

/// The pause before a batch that was not acknowledged is sent again.
const AGAIN_PAUSE: Duration = Duration::from_millis(20);
/// How long an answer is waited for.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Runs of one request at most, and steps of one run.
const RUNS_MAX: u64 = 6;
const STEPS_MAX: u64 = 8;

/// Running senders.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    senders: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    url: String,
    unanswered: AtomicUsize,
    acknowledged: AtomicUsize,
    failed: AtomicUsize,
    is_over: AtomicBool,
}

/// Numbers that follow from a seed (`SplitMix64`), so that a run of the tests can be repeated.
#[derive(Clone, Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// Those of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one, below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

impl Load {
    /// Starts so many senders.
    pub fn start(url: &str, senders: u64, seed: u64, scribe: &Scribe) -> Self {
        let shared = Arc::new(Shared {
            url: format!("{url}/v1/runs"),
            unanswered: AtomicUsize::new(0),
            acknowledged: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let mut tasks = JoinSet::new();
        for sender in 0..senders {
            let numbers = Numbers::new(seed.wrapping_add(sender.wrapping_mul(0x1_0000)));
            tasks.spawn(send(Arc::clone(&shared), numbers, scribe.clone()));
        }
        Self {
            shared,
            senders: tasks,
        }
    }

    /// Requests that wait for an answer now.
    pub fn unanswered(&self) -> usize {
        self.shared.unanswered.load(Ordering::Relaxed)
    }

    /// Requests that were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.shared.acknowledged.load(Ordering::Relaxed)
    }

    /// Requests that were not, and had to be sent again.
    pub fn failed(&self) -> usize {
        self.shared.failed.load(Ordering::Relaxed)
    }

    /// Ends all senders, each after the batch that it is at.
    pub async fn stop(mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.senders.join_next().await {
            ended.expect("no sender panics");
        }
    }
}

async fn send(shared: Arc<Shared>, mut numbers: Numbers, scribe: Scribe) {
    let client = reqwest::Client::builder().timeout(ANSWER_LIMIT).no_proxy();
    let client = client.build().expect("a plain HTTP client needs nothing");
    let key = OURS.key(Scope::Ingest).to_text();
    while !shared.is_over.load(Ordering::Relaxed) {
        let runs: Vec<(Uuid, usize)> = (0..=numbers.below(RUNS_MAX))
            .map(|_| {
                (
                    Uuid::now_v7(),
                    usize::try_from(numbers.below(STEPS_MAX) + 1),
                )
            })
            .map(|(run, steps)| (run, steps.expect("it is small")))
            .collect();
        let body = json!(
            runs.iter()
                .map(|(run, steps)| run_json(*run, *steps))
                .collect::<Vec<_>>()
        );
        let body = body.to_string();
        loop {
            let request = client.post(&shared.url).header("x-api-key", &key);
            let request = request
                .header("content-type", "application/json")
                .body(body.clone());
            shared.unanswered.fetch_add(1, Ordering::Relaxed);
            let answer = request.send().await;
            shared.unanswered.fetch_sub(1, Ordering::Relaxed);
            if answer.is_ok_and(|answer| answer.status() == 200) {
                scribe.acknowledge(runs).await;
                shared.acknowledged.fetch_add(1, Ordering::Relaxed);
                break;
            }
            shared.failed.fetch_add(1, Ordering::Relaxed);
            sleep(AGAIN_PAUSE).await;
        }
    }
}

fn run_json(run: Uuid, steps: usize) -> Value {
    let step = |step: usize| {
        let name = step_name(run, step);
        json!({"step_id": format!("{:016x}", step + 1), "name": name, "seq": step, "kind": "llm", "input": name})
    };
    let steps: Vec<Value> = (0..steps).map(step).collect();
    json!({"run_id": run, "agent_id": "sender", "status": "succeeded", "steps": steps})
}
