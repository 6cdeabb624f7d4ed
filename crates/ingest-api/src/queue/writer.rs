//! A writer: takes what has queued up, stores it in one transaction, answers.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use runwatch_store::error::StoreError;
use runwatch_store::ingest::{Arrival, Writer};

use crate::admission::Held;
use crate::metrics::IngestMetrics;
use crate::queue::{Answer, NotStored, Receiver, Waiting, isolate};

/// Steps after which a flush is full: more gain nothing (docs/BENCHMARKS.md) and hold locks longer.
const STEPS_PER_FLUSH: usize = 4_000;
/// Requests after which a flush is full.
const REQUESTS_PER_FLUSH: usize = 256;
/// How often a flush that ran into another transaction is tried again.
const ATTEMPTS: usize = 4;
/// How long opening a connection may take, and how long it is not tried again after it failed: in
/// between, requests are refused at once.
const CONNECT: Duration = Duration::from_secs(2);
const CONNECT_AGAIN: Duration = Duration::from_millis(250);

/// Stores what queues up until the queue is closed and empty.
pub(super) async fn run(url: String, queue: Receiver, metrics: IngestMetrics) {
    let mut connection = Connection {
        url,
        writer: None,
        failed_at: None,
    };
    while let Some(Gathered {
        arrivals,
        replies,
        held: _held,
    }) = gather(&queue).await
    {
        let started = Instant::now();
        let answers = connection.store(&arrivals).await;
        metrics.flushed(&arrivals, started.elapsed(), answers.is_ok());
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
    /// Given back when all of it is stored: the bytes are in memory until then.
    held: Vec<Held>,
}

/// Waits for a request, then takes all others that wait too. One writer gathers at a time; while
/// it stores, requests queue up for the next: the busier, the larger the flushes.
async fn gather(queue: &Receiver) -> Option<Gathered> {
    let mut queue = queue.lock().await;
    let first = queue.recv().await?;
    // Lets requests that are ready to queue do so: what arrives together is stored together.
    tokio::task::yield_now().await;
    let mut steps = 0;
    let mut gathered = Gathered::default();
    let mut next = Some(first);
    while let Some(Waiting {
        arrival,
        held,
        reply,
    }) = next.take()
    {
        steps += arrival
            .runs
            .iter()
            .map(|run| run.part.steps.len())
            .sum::<usize>();
        gathered.arrivals.push(arrival);
        gathered.replies.push(reply);
        gathered.held.push(held);
        if steps < STEPS_PER_FLUSH && gathered.arrivals.len() < REQUESTS_PER_FLUSH {
            next = queue.try_recv().ok();
        }
    }
    Some(gathered)
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
