//! The load generator: connections that send runs in a closed loop, each waiting for its answer
//! before it sends again, and a ledger of what was acknowledged.

use std::mem::take;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use runwatch_core::time::Timestamp;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use crate::random::Random;
use crate::report::Latencies;
use crate::requests::Requests;
use crate::shape::Run;
use crate::template::{Format, Identity, Template};
use crate::words::Words;
use crate::{grpc, http};

/// Distinct runs that are drawn: enough that no cache of a processor holds what is sent.
const TEMPLATES: u64 = 400;
/// What everything that is drawn comes from.
pub(crate) const SEED: u64 = 20_261_121;

/// More connections than are ever used, so that each of each part draws numbers of its own.
const CONNECTIONS_MAX: u64 = 1_000;

/// Runs to be sent, encoded in one format.
#[derive(Clone)]
pub(crate) struct Templates {
    /// Their format.
    pub(crate) format: Format,
    all: Arc<Vec<Template>>,
}

/// What is spoken with ingest-api.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1.
    Http,
    /// gRPC, of OTLP alone.
    Grpc,
}

/// Where runs are sent, and as whom.
#[derive(Clone)]
pub(crate) struct Target {
    /// Where ingest-api listens for the protocol.
    pub(crate) address: SocketAddr,
    /// What is spoken.
    pub(crate) protocol: Protocol,
    /// A key that may send.
    pub(crate) key: String,
}

/// How runs are sent.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Connections, each with one request in flight.
    pub(crate) connections: usize,
    /// Runs in a request.
    pub(crate) batch: usize,
    /// For how long requests are begun.
    pub(crate) seconds: Duration,
    /// How many runs are sent at most.
    pub(crate) runs_max: usize,
    /// Over how much time before now the ends of the runs are spread, the oldest sent first; zero
    /// lets all of them end when they are sent.
    pub(crate) spread: Duration,
}

/// What was acknowledged.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Ids of the runs of all requests that were answered 200.
    pub(crate) runs: Vec<Uuid>,
    /// Latencies of the requests.
    pub(crate) latencies: Latencies,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
}

impl Templates {
    /// Draws the runs, the same ones in every run of the program.
    pub(crate) fn draw(format: Format, render: fn(&Run) -> Vec<u8>) -> Self {
        let (_, runs) = draw_runs();
        let template = |run| Template::new(render(run), format, run);
        Self {
            format,
            all: Arc::new(runs.iter().map(template).collect()),
        }
    }

    /// One of them under a fresh identity, with a start such that it ends so many microseconds
    /// before the moment.
    pub(crate) fn pick(
        &self,
        random: &mut Random,
        now: Timestamp,
        ago_us: i64,
    ) -> (&Template, Identity) {
        let template = random.one_of(&self.all);
        let identity = Identity {
            run: Uuid::from_u64_pair(random.number(), random.number()),
            step_seed: random.number(),
            started_at: Timestamp(now.0 - ago_us - template.lasts_us()),
        };
        (template, identity)
    }
}

/// The runs of which all templates are made, and the words that are in them.
pub(crate) fn draw_runs() -> (Words, Vec<Run>) {
    let mut random = Random::new(SEED);
    let words = Words::new(&mut random);
    let runs = (0..TEMPLATES).map(|_| Run::draw(&mut random, &words));
    let runs = runs.collect();
    (words, runs)
}

/// Sends until time or runs are used up.
pub(crate) async fn send(target: &Target, templates: &Templates, pace: Pace) -> Result<Ledger> {
    send_as(target, templates, pace, 0).await
}

/// As [`send`], with runs that no other part of the program sends.
pub(crate) async fn send_as(
    target: &Target,
    templates: &Templates,
    pace: Pace,
    part: u64,
) -> Result<Ledger> {
    send_counted(target, templates, pace, part, Arc::default()).await
}

/// As [`send_as`], and counts the runs that are sent, before they are.
pub(crate) async fn send_counted(
    target: &Target,
    templates: &Templates,
    pace: Pace,
    part: u64,
    sent: Arc<AtomicUsize>,
) -> Result<Ledger> {
    let began = Instant::now();
    let mut connections = JoinSet::new();
    for number in 0..pace.connections {
        let connection = Connection {
            client: Client::connect(target)
                .await
                .context("ingest-api does not listen")?,
            requests: Requests::new(target, templates, number as u64 + part * CONNECTIONS_MAX),
            key: target.key.clone(),
            pace,
        };
        connections.spawn(connection.run(began, sent.clone()));
    }
    let mut ledger = Ledger::default();
    while let Some(ended) = connections.join_next().await {
        let part = ended.context("a connection's task panicked")??;
        ledger.runs.extend(part.runs);
        ledger.latencies.extend(part.latencies);
    }
    ledger.took = began.elapsed();
    Ok(ledger)
}

/// A connection of either protocol.
enum Client {
    Http(http::Client),
    Grpc(grpc::Client),
}

impl Client {
    async fn connect(target: &Target) -> Result<Self> {
        let address = target.address;
        Ok(match target.protocol {
            Protocol::Http => Self::Http(http::Client::connect(address).await?),
            Protocol::Grpc => Self::Grpc(grpc::Client::connect(address).await?),
        })
    }
}

struct Connection {
    client: Client,
    requests: Requests,
    key: String,
    pace: Pace,
}

impl Connection {
    async fn run(mut self, began: Instant, sent: Arc<AtomicUsize>) -> Result<Ledger> {
        let mut ledger = Ledger::default();
        let mut request = Vec::new();
        let batch = self.pace.batch;
        while began.elapsed() < self.pace.seconds {
            let before = sent.fetch_add(batch, Ordering::Relaxed);
            if before >= self.pace.runs_max {
                break;
            }
            request.clear();
            let ago = self.ago(before);
            let runs = self.requests.write(&mut request, batch, ago);
            let sent_at = Instant::now();
            match &mut self.client {
                Client::Http(client) => {
                    client.exchange(&request).await?.ok()?;
                }
                Client::Grpc(client) => client.export(take(&mut request), &self.key).await?,
            }
            ledger.latencies.push(sent_at.elapsed());
            ledger.runs.extend(runs);
        }
        Ok(ledger)
    }

    /// How long before now the runs of a request end, before which so many were sent.
    fn ago(&self, before: usize) -> Duration {
        let Pace {
            spread, runs_max, ..
        } = self.pace;
        spread.mul_f64(1.0 - before as f64 / runs_max as f64)
    }
}
