//! Group commit: requests wait here until a writer takes all that has queued up and stores it in
//! one transaction. A request is answered after the COMMIT that holds it, and never before.

mod isolate;
pub(crate) use isolate::NOT_STORABLE;
mod line;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, timeout};

use runwatch_store::ingest::{Arrival, Reply};

use crate::admission::{Budget, Held};
use crate::metrics::IngestMetrics;
use crate::queue::line::Line;

/// Requests that may come while nobody looks: the budget of bytes bounds all of them already.
const ARRIVING_MAX: usize = 10_000;
/// How long a request waits for its commit before it is told to come back. What it brought may
/// still be stored then; sending it again is safe.
const PATIENCE: Duration = Duration::from_secs(8);

/// Where requests wait for their commit.
#[derive(Clone)]
pub(crate) struct Queue {
    sender: mpsc::Sender<Waiting>,
}

/// Why nothing of a request is known to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it could not be stored now")]
pub(crate) struct NotStored;

/// What became of a request, and what of it turned out not to be storable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What became of its runs.
    pub reply: Reply,
    /// Items that the database refuses, whatever is done: positions of runs and the reason.
    pub refused: Vec<Refused>,
}

/// An item that the database refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Position of its run in the request.
    pub run: usize,
    /// Its step, if it is one.
    pub step: Option<runwatch_core::ids::StepId>,
}

struct Waiting {
    arrival: Arrival,
    held: Held,
    /// When its body was there.
    since: Instant,
    reply: oneshot::Sender<Result<Answer, NotStored>>,
}

/// What the writers take from, one at a time.
struct Taking {
    arriving: mpsc::Receiver<Waiting>,
    line: Line<Waiting>,
}

impl Queue {
    /// Starts the writers, on the current runtime, which has to be the main one.
    pub(crate) fn start(
        url: &str,
        writers: usize,
        budget: &Budget,
        metrics: &IngestMetrics,
    ) -> Self {
        let (sender, arriving) = mpsc::channel(ARRIVING_MAX);
        let line = Line::default();
        let taking = Arc::new(Mutex::new(Taking { arriving, line }));
        for _ in 0..writers {
            tokio::spawn(writer::run(
                url.to_owned(),
                taking.clone(),
                budget.clone(),
                metrics.clone(),
            ));
        }
        Self { sender }
    }

    /// Waits until what a request brings is committed, whose body was there at `since`.
    pub(crate) async fn store(
        &self,
        arrival: Arrival,
        held: Held,
        since: Instant,
    ) -> Result<Answer, NotStored> {
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting {
            arrival,
            held,
            since,
            reply,
        };
        self.sender.try_send(waiting).map_err(|_full| NotStored)?;
        match timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_writer_gone)) => Err(NotStored),
            Err(_elapsed) => Err(NotStored),
        }
    }
}
