//! The other load generator: requests that begin when they are due, whether or not others were answered,
//! so that a system that is too slow is not spared (an open loop; no coordinated omission).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::http::Client;
use crate::load::{Target, Templates};
use crate::report::Latencies;
use crate::requests::Requests;

/// Requests that are in flight at most; one that is due then is not sent, and counted.
const IN_FLIGHT_MAX: usize = 1_000;

/// How requests are sent.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Requests a second.
    pub(crate) rate: f64,
    /// Runs in a request.
    pub(crate) batch: usize,
    /// For how long.
    pub(crate) seconds: Duration,
}

/// What became of the requests.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Runs of the requests that were answered 200.
    pub(crate) runs: Vec<Uuid>,
    /// When each of those was due, since the beginning, and how long after that it was answered.
    pub(crate) accepted: Vec<(Duration, Duration)>,
    /// Requests that were answered 429 or 503 and told when to come back.
    pub(crate) refused: usize,
    /// Requests that were not sent, because too many others were in flight.
    pub(crate) unsent: usize,
    /// How much later than it was due a request began, at most: the generator's own delay.
    pub(crate) late: Duration,
    /// What else became of requests; there should be none.
    pub(crate) failures: Vec<String>,
}

impl Outcome {
    /// Requests that were sent.
    pub(crate) fn sent(&self) -> usize {
        self.accepted.len() + self.refused + self.failures.len()
    }

    /// Latencies of accepted requests that were due at this time.
    pub(crate) fn latencies(&self, from: Duration, to: Duration) -> Latencies {
        let mut latencies = Latencies::default();
        let due = self
            .accepted
            .iter()
            .filter(|(due, _)| (from..to).contains(due));
        due.for_each(|(_, took)| latencies.push(*took));
        latencies
    }

    /// Requests that were accepted within so much time from the beginning.
    pub(crate) fn accepted_within(&self, time: Duration) -> usize {
        let answered = self
            .accepted
            .iter()
            .filter(|(due, took)| *due + *took <= time);
        answered.count()
    }

    /// Adds what became of a request, whose buffer is given back.
    fn add(&mut self, sent: Sent) -> Vec<u8> {
        match sent.became {
            Became::Accepted(took) => {
                self.accepted.push((sent.due, took));
                self.runs.extend(sent.runs);
            }
            Became::Refused => self.refused += 1,
            Became::Failed(why) => self.failures.push(why),
        }
        sent.request
    }
}

/// A request that was sent.
struct Sent {
    due: Duration,
    runs: Vec<Uuid>,
    request: Vec<u8>,
    became: Became,
}

enum Became {
    Accepted(Duration),
    Refused,
    Failed(String),
}

/// Sends requests when they are due. Those of another `part` have other runs.
pub(crate) async fn send(
    target: &Target,
    templates: &Templates,
    pace: Pace,
    part: u64,
) -> Result<Outcome> {
    let mut requests = Requests::new(target, templates, u64::MAX / 2 + part);
    let idle = Arc::new(Mutex::new(Vec::new()));
    let (mut sending, mut outcome, mut buffers) = (JoinSet::new(), Outcome::default(), Vec::new());
    let began = Instant::now();
    let between = Duration::from_secs_f64(1.0 / pace.rate);
    let mut due = Duration::ZERO;
    while due < pace.seconds {
        sleep_until(began + due).await;
        while let Some(sent) = sending.try_join_next() {
            buffers.push(outcome.add(sent.context("a request's task panicked")?));
        }
        outcome.late = outcome.late.max(began.elapsed() - due);
        if sending.len() < IN_FLIGHT_MAX {
            let mut request: Vec<u8> = buffers.pop().unwrap_or_default();
            request.clear();
            let runs = requests.write(&mut request, pace.batch, Duration::ZERO);
            let (idle, address) = (Arc::clone(&idle), target.address);
            sending.spawn(async move {
                let became = exchange(&idle, address, &request, began + due).await;
                let became = became.unwrap_or_else(|error| Became::Failed(format!("{error:#}")));
                Sent {
                    due,
                    runs,
                    request,
                    became,
                }
            });
        } else {
            outcome.unsent += 1;
        }
        due += between;
    }
    while let Some(sent) = sending.join_next().await {
        outcome.add(sent.context("a request's task panicked")?);
    }
    Ok(outcome)
}

/// Sends a request on a connection that is idle, or on a new one.
async fn exchange(
    idle: &Mutex<Vec<Client>>,
    address: std::net::SocketAddr,
    request: &[u8],
    due: Instant,
) -> Result<Became> {
    let lock = || idle.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = lock().pop();
    let mut client = match kept {
        Some(client) => client,
        None => Client::connect(address).await?,
    };
    let answer = client.exchange(request).await?;
    let took = due.elapsed();
    if !answer.closes {
        lock().push(client);
    }
    Ok(match answer.status {
        200 => Became::Accepted(took),
        429 | 503 if answer.has_retry_after => Became::Refused,
        status => {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            Became::Failed(format!("answered {status}: {body}"))
        }
    })
}
