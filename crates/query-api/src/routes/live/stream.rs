//! Following the changes of a project for one client.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, ResponseError};
use futures_util::stream::{self, Stream};
use runwatch_core::changes::{Position, RunChange};
use runwatch_core::ids::{ProjectId, RunId, StepId};
use runwatch_core::limits::LIVE_ITEMS_PER_PIECE;
use runwatch_service::auth::Reader;
use runwatch_store::changes;
use runwatch_store::error::{Result as StoreResult, StoreError};
use runwatch_store::pool::Conn;
use runwatch_store::runs::{self, RunFilter, RunPlace, RunSummary};
use runwatch_store::steps::{self, BriefStep};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::app::App;
use crate::routes::live::events::{Events, LiveRun, LiveStep};
use crate::routes::runs::RunItem;

/// Pieces that wait to be sent.
pub(super) const PIECES_WAITING_MAX: usize = 1;
/// The pause between two looks at what changed.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// How long nothing is said before a sign of life is given, by which it is also noticed that a client
/// has gone.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// How often it is looked whether the key is still valid.
const PROVE_EVERY: Duration = Duration::from_secs(5);
/// How long a client may take to receive a piece before the stream is given up.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// Looks that may fail in a row before the stream ends, so that its client notices, and the pause after
/// each.
const FAILURES_MAX: u32 = 10;
const FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// The wait before a client that is cut off comes back.
const RETRY_MS: u32 = 1_000;

/// A client that follows.
pub(super) struct Follower {
    pub(super) app: Data<App>,
    /// The request, by whose key it may follow.
    pub(super) request: HttpRequest,
    pub(super) project: ProjectId,
    pub(super) filter: RunFilter,
    pub(super) with_steps: bool,
    /// Behind which all is yet to be told.
    pub(super) position: Position,
    pub(super) telling: Telling,
}

/// What was found at the last look and is being told.
#[derive(Default)]
pub(super) struct Telling {
    parts: VecDeque<Vec<ToTell>>,
    /// The position when all of it has been told, and whether there is more already.
    then: Position,
    is_more: bool,
    /// Something of it was said.
    has_said: bool,
}

/// What is to be told of a run: itself, unless that was done, and steps.
pub(super) struct ToTell {
    place: RunPlace,
    is_begin: bool,
    steps: Vec<StepId>,
}

/// What came of a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Something was said.
    Said,
    /// Nothing was, and there is more to do.
    Silent,
    /// Nothing was, and there is nothing more to do now.
    Idle,
}

/// Why a turn failed.
enum Failed {
    Ended,
    Store(StoreError),
}

/// The client went away or does not read, or may not any more.
struct Ended;

impl From<Ended> for Failed {
    fn from(_: Ended) -> Self {
        Self::Ended
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The text as a body that ends when nothing more is to be sent.
pub(super) fn pieces(pieces: mpsc::Receiver<Bytes>) -> impl Stream<Item = StoreResult<Bytes>> {
    stream::unfold(pieces, async |mut pieces| {
        Some((Ok(pieces.recv().await?), pieces))
    })
}

impl Follower {
    /// Sends what changes until the client goes away, its key is revoked or the service stops.
    pub(super) async fn follow(mut self, pieces: &mpsc::Sender<Bytes>) {
        let first = Events::default().retry(RETRY_MS).until(self.position);
        if send(pieces, first).await.is_ok() {
            let Ended = self.follow_on(pieces).await;
        }
    }

    async fn follow_on(&mut self, pieces: &mpsc::Sender<Bytes>) -> Ended {
        let (mut said, mut proven) = (Instant::now(), Instant::now());
        let mut failures = 0;
        while !self.app.is_draining() && !pieces.is_closed() {
            if proven.elapsed() > PROVE_EVERY {
                if !self.may_still_read().await {
                    return Ended;
                }
                proven = Instant::now();
            }
            let turn = match self.turn(pieces).await {
                Ok(turn) => {
                    failures = 0;
                    turn
                }
                Err(Failed::Ended) => return Ended,
                Err(Failed::Store(error)) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "A live stream could not be read on; it tries again");
                    failures += 1;
                    if failures == FAILURES_MAX {
                        return Ended;
                    }
                    sleep(FAILURE_PAUSE).await;
                    Turn::Silent
                }
            };
            if turn == Turn::Said {
                said = Instant::now();
            } else if said.elapsed() > SILENCE_MAX {
                let sign_of_life = Events::default().until(self.position);
                if send(pieces, sign_of_life).await.is_err() {
                    return Ended;
                }
                said = Instant::now();
            }
            if turn == Turn::Idle {
                sleep(LOOK_EVERY).await;
            }
        }
        Ended
    }

    /// Whether the key is valid; while nobody can say, it is.
    async fn may_still_read(&self) -> bool {
        match Reader::extract(&self.request).await {
            Ok(_) => true,
            Err(problem) => problem.status_code().is_server_error(),
        }
    }

    /// Tells the next part of what was found, or looks for more. How far it has come is said behind the
    /// last part: whoever is cut off before is told all of it again.
    async fn turn(&mut self, pieces: &mpsc::Sender<Bytes>) -> Result<Turn, Failed> {
        let Some(part) = self.telling.parts.front() else {
            return self.look(pieces).await;
        };
        let mut events = self.tell(part).await?;
        self.telling.parts.pop_front();
        self.telling.has_said |= !events.is_empty();
        if self.telling.parts.is_empty() {
            self.position = self.telling.then;
            if self.telling.has_said {
                events = events.until(self.position);
            }
        }
        if events.is_empty() {
            return Ok(
                match self.telling.parts.is_empty() && !self.telling.is_more {
                    true => Turn::Idle,
                    false => Turn::Silent,
                },
            );
        }
        send(pieces, events).await?;
        Ok(Turn::Said)
    }

    async fn look(&mut self, pieces: &mpsc::Sender<Bytes>) -> Result<Turn, Failed> {
        let (project, from) = (self.project, self.position);
        let read = async |conn: &mut Conn| changes::after(conn, project, from).await;
        let changes = self.app.read(project, read).await?;
        self.telling = Telling {
            parts: parts(&changes.runs, self.with_steps),
            then: changes.next,
            is_more: changes.is_more,
            has_said: changes.is_gap,
        };
        if changes.is_gap {
            send(pieces, Events::gap()).await?;
        }
        if !self.telling.parts.is_empty() {
            return Ok(Turn::Silent);
        }
        self.position = changes.next;
        Ok(Turn::Idle)
    }

    /// The events of some of what changed.
    async fn tell(&self, part: &[ToTell]) -> StoreResult<Events> {
        let ids: Vec<RunId> = part.iter().map(|told| told.place.run).collect();
        let read = async |conn: &mut Conn| {
            let among = runs::among(conn, self.project, &self.filter, &ids).await?;
            let runs = among.into_iter().map(|run| (run.place.run, run));
            let runs: HashMap<RunId, RunSummary> = runs.collect();
            let of_them = part.iter().filter(|it| runs.contains_key(&it.place.run));
            let steps = of_them.flat_map(|it| it.steps.iter().map(|step| (it.place, *step)));
            let steps = steps::briefs(conn, self.project, steps).await?;
            Ok::<_, StoreError>((runs, steps))
        };
        let (mut runs, steps) = self.app.read(self.project, read).await?;
        let mut by_run: HashMap<RunId, Vec<BriefStep>> = HashMap::new();
        for step in steps {
            by_run.entry(step.run).or_default().push(step);
        }
        let mut events = Events::default();
        for told in part {
            let run = runs.remove(&told.place.run).filter(|_| told.is_begin);
            if let Some(run) = run {
                events.event("run", &LiveRun(RunItem::from(run)));
            }
            for step in by_run.remove(&told.place.run).unwrap_or_default() {
                events.event("step", &LiveStep::from(step));
            }
        }
        Ok(events)
    }
}

/// What changed, run by run in the order in which they changed first, in parts of
/// [`LIVE_ITEMS_PER_PIECE`] runs and steps at most.
fn parts(changes: &[RunChange], with_steps: bool) -> VecDeque<Vec<ToTell>> {
    let mut order: Vec<ToTell> = Vec::new();
    let mut known: HashMap<RunId, usize> = HashMap::new();
    for change in changes {
        let at = *known.entry(change.run).or_insert(order.len());
        if at == order.len() {
            order.push(ToTell::begin(RunPlace::from(change)));
        }
        if with_steps {
            let steps = change.steps.iter().map(|step| step.id);
            order[at].steps.extend(steps);
        }
    }
    let (mut parts, mut part, mut room) = (VecDeque::new(), Vec::new(), LIVE_ITEMS_PER_PIECE);
    for mut left in order {
        loop {
            let rest = left.split_off(room - 1);
            room -= 1 + left.steps.len();
            part.push(left);
            if room == 0 {
                parts.push_back(std::mem::take(&mut part));
                room = LIVE_ITEMS_PER_PIECE;
            }
            match rest {
                Some(rest) => left = rest,
                None => break,
            }
        }
    }
    if !part.is_empty() {
        parts.push_back(part);
    }
    parts
}

impl ToTell {
    fn begin(place: RunPlace) -> Self {
        Self {
            place,
            is_begin: true,
            steps: Vec::new(),
        }
    }

    /// What is behind the first so many steps, if anything is.
    fn split_off(&mut self, steps: usize) -> Option<Self> {
        let is_more = self.steps.len() > steps;
        is_more.then(|| Self {
            place: self.place,
            is_begin: false,
            steps: self.steps.split_off(steps),
        })
    }
}

async fn send(pieces: &mpsc::Sender<Bytes>, events: Events) -> Result<(), Ended> {
    let sent = timeout(SEND_TIMEOUT, pieces.send(events.into())).await;
    match sent {
        Ok(Ok(())) => Ok(()),
        _ => Err(Ended),
    }
}
