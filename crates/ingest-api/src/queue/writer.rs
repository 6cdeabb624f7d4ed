//! A writer: takes what has queued up, stores it in one transaction, answers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, oneshot};
use tokio::time::{Instant, timeout};
use tracing::Instrument as _;

use runwatch_service::trace::TraceId;
use runwatch_store::error::StoreError;
use runwatch_store::ingest::{Arrival, Writer};

use crate::admission::{Budget, Held};
use crate::metrics::IngestMetrics;
use crate::queue::line::Line;
use crate::queue::{Answer, NotStored, Taking, Waiting, isolate};

/// Steps after which a flush is full: more gain nothing (docs/BENCHMARKS.md) and hold locks longer.
const STEPS_PER_FLUSH: usize = 4_000;
/// Requests after which a flush is full.
const REQUESTS_PER_FLUSH: usize = 256;
/// What a request costs beside its steps, in steps.
const REQUEST_COST: usize = 4;
/// How often a flush that ran into another transaction is tried again.
const ATTEMPTS: usize = 4;
/// How long opening a connection may take, and how long it is not tried again after it failed: in
/// between, requests are refused at once.
const CONNECT: Duration = Duration::from_secs(2);
const CONNECT_AGAIN: Duration = Duration::from_millis(250);

/// Stores what queues up until the queue is closed and empty.
pub(super) async fn run(
    url: String,
    queue: Arc<Mutex<Taking>>,
    budget: Budget,
    metrics: IngestMetrics,
) {
    let mut connection = Connection {
        url,
        writer: None,
        failed_at: None,
    };
    while let Some(gathered) = gather(&queue).await {
        let started = Instant::now();
        let Gathered {
            arrivals,
            replies,
            since,
            held: _held,
        } = gathered;
        let span = tracing::error_span!(parent: None, "flush", trace_id = %TraceId::random());
        let answers = connection.store(&arrivals).instrument(span).await;
        metrics.flushed(&arrivals, started.elapsed(), answers.is_ok());
        let longest = since.iter().map(Instant::elapsed).max();
        metrics.in_flight(budget.waited(longest.unwrap_or_default()));
        match answers {
            Ok(answers) => {
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // A client that hung up does not hear it; what it sent is stored all the same.
                    drop(reply.send(answer));
                }
            }
            Err(NotStored) => {
                replies
                    .into_iter()
                    .for_each(|reply| drop(reply.send(Err(NotStored))));
            }
        }
    }
}

/// What was taken from the queue at one go.
#[derive(Default)]
struct Gathered {
    arrivals: Vec<Arrival>,
    replies: Vec<oneshot::Sender<Result<Answer, NotStored>>>,
    /// When their bodies were there.
    since: Vec<Instant>,
    /// Given back when all of it is stored: the bytes are in memory until then.
    held: Vec<Held>,
}

/// Waits for a request, then takes all others that wait too. One writer gathers at a time; while
/// it stores, requests queue up for the next: the busier, the larger the flushes.
async fn gather(queue: &Mutex<Taking>) -> Option<Gathered> {
    let mut queue = queue.lock().await;
    let Taking { arriving, line } = &mut *queue;
    if line.is_empty() {
        let first = arriving.recv().await?;
        line_up(line, first);
        // Lets requests that are ready to queue do so: what arrives together is stored together.
        tokio::task::yield_now().await;
    }
    while let Ok(next) = arriving.try_recv() {
        line_up(line, next);
    }
    let mut steps = 0;
    let mut gathered = Gathered::default();
    while steps < STEPS_PER_FLUSH && gathered.arrivals.len() < REQUESTS_PER_FLUSH {
        let Some(next) = line.pop() else { break };
        steps += steps_of(&next.arrival);
        gathered.arrivals.push(next.arrival);
        gathered.replies.push(next.reply);
        gathered.since.push(next.since);
        gathered.held.push(next.held);
    }
    Some(gathered)
}

/// A request costs as much as its steps, and the statements that it takes at least.
fn line_up(line: &mut Line<Waiting>, request: Waiting) {
    let cost = REQUEST_COST + steps_of(&request.arrival);
    let cost = u64::try_from(cost).unwrap_or(u64::MAX);
    line.push(request.arrival.project, cost, request);
}

fn steps_of(arrival: &Arrival) -> usize {
    let runs = arrival.runs.iter();
    runs.map(|run| run.part.steps.len()).sum()
}

/// A connection that is opened when it is needed and replaced when it is broken.
struct Connection {
    url: String,
    writer: Option<Writer>,
    failed_at: Option<Instant>,
}

impl Connection {
    async fn store(
        &mut self,
        arrivals: &[Arrival],
    ) -> Result<Vec<Result<Answer, NotStored>>, NotStored> {
        for attempt in 1..=ATTEMPTS {
            let writer = self.usable().await.ok_or(NotStored)?;
            match isolate::store(writer, arrivals).await {
                Ok(answers) => return Ok(answers),
                Err(StoreError::Contended(error)) if attempt < ATTEMPTS => {
                    tracing::debug!(%error, attempt, "A flush ran into another one; once more");
                }
                Err(error) => {
                    tracing::warn!(%error, requests = arrivals.len(), "A flush could not be stored");
                    return Err(NotStored);
                }
            }
        }
        Err(NotStored)
    }

    async fn usable(&mut self) -> Option<&mut Writer> {
        if self.writer.as_ref().is_some_and(Writer::is_usable) {
            return self.writer.as_mut();
        }
        self.writer = None;
        if self
            .failed_at
            .is_some_and(|at| at.elapsed() < CONNECT_AGAIN)
        {
            return None;
        }
        match timeout(CONNECT, Writer::connect(&self.url)).await {
            Ok(Ok(writer)) => {
                self.failed_at = None;
                return Some(self.writer.insert(writer));
            }
            Ok(Err(error)) => tracing::warn!(%error, "The database cannot be reached"),
            Err(_elapsed) => tracing::warn!("The database does not answer"),
        }
        self.failed_at = Some(Instant::now());
        None
    }
}
