//! Following the changes of a project for one client.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, ResponseError};
use futures_util::stream::{self, Stream};
use runwatch_core::changes::Position;
use runwatch_core::ids::{ProjectId, RunId};
use runwatch_service::auth::Reader;
use runwatch_store::changes::{self, Changes};
use runwatch_store::error::{Result as StoreResult, StoreError};
use runwatch_store::runs::{self, RunFilter, RunPlace, RunSummary};
use runwatch_store::steps::{self, BriefStep};
use serde_json::json;
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
    pub(super) position: Position,
}

/// What became visible since the last look.
struct News {
    changes: Changes,
    /// In the order in which they changed first.
    runs: Vec<RunSummary>,
    steps: BTreeMap<RunId, Vec<BriefStep>>,
}

/// The client went away or does not read, or may not any more.
struct Ended;

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
            let (text, is_more) = match self.look().await {
                Ok(news) => {
                    failures = 0;
                    self.tell(news)
                }
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "A live stream could not be read on; it tries again");
                    failures += 1;
                    if failures == FAILURES_MAX {
                        return Ended;
                    }
                    sleep(FAILURE_PAUSE).await;
                    (None, false)
                }
            };
            let is_silent = said.elapsed() > SILENCE_MAX;
            let text = text.or(is_silent.then(|| Events::default().until(self.position)));
            if let Some(text) = text {
                if send(pieces, text).await.is_err() {
                    return Ended;
                }
                said = Instant::now();
            }
            if !is_more {
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

    async fn look(&self) -> StoreResult<News> {
        let (project, from) = (self.project, self.position);
        self.app
            .read(project, async |conn| {
                let changes = changes::after(conn, project, from).await?;
                let mut seen = HashSet::new();
                let ids = changes.runs.iter().map(|change| change.run);
                let ids: Vec<RunId> = ids.filter(|run| seen.insert(*run)).collect();
                let mut found: HashMap<RunId, RunSummary> = HashMap::new();
                if !ids.is_empty() {
                    let among = runs::among(conn, project, &self.filter, &ids).await?;
                    found.extend(among.into_iter().map(|run| (run.place.run, run)));
                }
                let mut by_run: BTreeMap<RunId, Vec<BriefStep>> = BTreeMap::new();
                if self.with_steps {
                    let told = changes.runs.iter().filter(|it| found.contains_key(&it.run));
                    let wanted = told.flat_map(|change| {
                        let place = RunPlace::from(change);
                        change.steps.iter().map(move |step| (place, *step))
                    });
                    for step in steps::briefs(conn, project, wanted).await? {
                        by_run.entry(step.run).or_default().push(step);
                    }
                }
                let runs = ids.iter().filter_map(|run| found.remove(run)).collect();
                Ok::<_, StoreError>(News {
                    changes,
                    runs,
                    steps: by_run,
                })
            })
            .await
    }

    /// The events, if there are any, and whether there are more already.
    fn tell(&mut self, news: News) -> (Option<String>, bool) {
        let News {
            changes,
            runs,
            mut steps,
        } = news;
        self.position = changes.next;
        let is_anything = changes.is_gap || !runs.is_empty();
        let mut events = Events::default();
        if changes.is_gap {
            let detail = "Changes from before were forgotten; read them as lists.";
            events.event("gap", &json!({ "detail": detail }));
        }
        for run in runs {
            let id = run.place.run;
            events.event("run", &LiveRun(RunItem::from(run)));
            for step in steps.remove(&id).unwrap_or_default() {
                events.event("step", &LiveStep::from(step));
            }
        }
        let text = is_anything.then(|| events.until(self.position));
        (text, changes.is_more)
    }
}

async fn send(pieces: &mpsc::Sender<Bytes>, text: String) -> Result<(), Ended> {
    let sent = timeout(SEND_TIMEOUT, pieces.send(Bytes::from(text))).await;
    match sent {
        Ok(Ok(())) => Ok(()),
        _ => Err(Ended),
    }
}
