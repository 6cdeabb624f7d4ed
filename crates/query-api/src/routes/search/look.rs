//! Looking through candidates until the page is full, or as much was done as may be for one answer.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use runwatch_core::ids::{ProjectId, RunId, StepId};
use runwatch_core::limits::{SEARCH_DOCUMENTS_FILTERED_MAX, SEARCH_DOCUMENTS_READ_MAX};
use runwatch_core::time::Timestamp;
use runwatch_search::query::{Matcher, Query as Words};
use runwatch_store::error::Result as StoreResult;
use runwatch_store::pool::Conn;
use runwatch_store::runs::{self, RunFilter, RunSummary};
use runwatch_store::search::{Candidates, Document, DocumentTexts, Place, Start, Window, texts};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::routes::search::hit::Hit;
use crate::routes::search::verify::{Verified, verify};

/// Candidates whose runs are looked at together: few at first, since a common word soon fills a page.
const FIRST_CANDIDATES: usize = 32;
const MORE_CANDIDATES: usize = 256;
/// Documents whose texts are read together: as many as fill a page if each has a hit, then more.
const FIRST_TEXTS: usize = 16;
const MORE_TEXTS: usize = 64;
/// How long is looked for one answer.
const TIME_MAX: Duration = Duration::from_secs(2);

/// What is looked for.
pub(super) struct Look {
    pub(super) words: Words,
    pub(super) filter: RunFilter,
    pub(super) begin: Begin,
    pub(super) limit: usize,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) enum Begin {
    /// With the latest run.
    #[default]
    First,
    /// Behind a document.
    Behind(Place),
    /// Within a document, behind a hit of it.
    Within(Place, HitKey),
}

/// Where a hit stands in its document: the run as a whole first, then its steps as they started. It
/// says so too of a step that has been replaced since.
type HitKey = Option<(Timestamp, StepId)>;

/// What was found, and where to go on if not everything was looked at.
pub(super) struct Found {
    pub(super) hits: Vec<Hit>,
    pub(super) next: Option<Begin>,
    /// When the run started up to which it was looked, if not everything was.
    pub(super) back_to: Option<Timestamp>,
    pub(super) unsearched: usize,
    pub(super) has_gaps: bool,
}

/// A page while it is filled.
struct Page<'a> {
    look: &'a Look,
    matcher: Matcher,
    hits: Vec<Hit>,
    /// Where the next page begins.
    next: Begin,
    back_to: Option<Timestamp>,
    filtered: usize,
    read: usize,
    began: Instant,
}

impl Look {
    /// Finds a page of hits.
    pub(super) async fn find(&self, conn: &mut Conn, project: ProjectId) -> StoreResult<Found> {
        let window = Window {
            from: match self.begin {
                Begin::First => None,
                Begin::Behind(place) => Some(Start::Behind(place)),
                Begin::Within(place, _) => Some(Start::At(place)),
            },
            started_after: self.filter.started_after,
            started_before: self.filter.started_before,
        };
        let mut candidates = Candidates::open(conn, project, self.words.grams(), window).await?;
        let mut page = Page {
            look: self,
            matcher: Matcher::new(&self.words),
            hits: Vec::new(),
            next: self.begin,
            back_to: None,
            filtered: 0,
            read: 0,
            began: Instant::now(),
        };
        let mut count = FIRST_CANDIDATES;
        let is_stopped = loop {
            let documents = candidates.next(conn, count).await?;
            if documents.is_empty() {
                break candidates.is_cut();
            }
            if page.take(conn, project, &documents).await? {
                break true;
            }
            count = MORE_CANDIDATES;
        };
        Ok(Found {
            hits: page.hits,
            next: is_stopped.then_some(page.next),
            back_to: page.back_to.filter(|_| is_stopped),
            unsearched: candidates.unindexed,
            has_gaps: candidates.has_gaps,
        })
    }
}

impl Page<'_> {
    /// Looks at documents, and says whether it is to stop.
    async fn take(
        &mut self,
        conn: &mut Conn,
        project: ProjectId,
        documents: &[Document],
    ) -> StoreResult<bool> {
        let runs = self.passing(conn, project, documents).await?;
        let at_a_time = if self.read == 0 {
            FIRST_TEXTS
        } else {
            MORE_TEXTS
        };
        for group in documents.chunks(at_a_time) {
            let wanted: Vec<Document> = group
                .iter()
                .filter(|document| runs.contains_key(&document.run.run))
                .cloned()
                .collect();
            self.read += wanted.len();
            if self.read_all(conn, project, &wanted, &runs).await? {
                return Ok(true);
            }
            self.back_to = group.last().map(|document| document.at);
            if let Some(last) = group.last() {
                self.next = Begin::Behind(last.place());
            }
            if self.read >= SEARCH_DOCUMENTS_READ_MAX || self.began.elapsed() > TIME_MAX {
                return Ok(true);
            }
        }
        self.filtered += documents.len();
        Ok(self.filtered >= SEARCH_DOCUMENTS_FILTERED_MAX)
    }

    /// Reads documents, as many at a time as may lie in memory, and says whether it is to stop.
    async fn read_all(
        &mut self,
        conn: &mut Conn,
        project: ProjectId,
        documents: &[Document],
        runs: &HashMap<RunId, RunSummary>,
    ) -> StoreResult<bool> {
        let mut left = documents;
        while !left.is_empty() {
            let read = texts(conn, project, left).await?;
            for document in &read {
                let run = &runs[&document.document.run.run];
                if self.look_at(run, document) || self.began.elapsed() > TIME_MAX {
                    return Ok(true);
                }
            }
            left = left.get(read.len()..).unwrap_or_default();
        }
        Ok(false)
    }

    /// The runs of documents that pass the filters.
    async fn passing(
        &self,
        conn: &mut Conn,
        project: ProjectId,
        documents: &[Document],
    ) -> StoreResult<HashMap<RunId, RunSummary>> {
        let ids: HashSet<RunId> = documents.iter().map(|it| it.run.run).collect();
        let ids: Vec<RunId> = ids.into_iter().collect();
        let passing = runs::among(conn, project, &self.look.filter, &ids).await?;
        Ok(passing
            .into_iter()
            .map(|run| (run.place.run, run))
            .collect())
    }

    /// Adds the hits of a document, and says whether the page is full.
    fn look_at(&mut self, run: &RunSummary, document: &DocumentTexts) -> bool {
        self.back_to = Some(document.document.at);
        let verified = verify(document, &self.look.words, &mut self.matcher);
        let place = document.document.place();
        let key = |hit: &Verified<'_>| hit.step.map(|step| (step.started_at, step.id));
        let is_new = |hit: &Verified<'_>| match self.look.begin {
            Begin::Within(within, last) if within == place => key(hit) > last,
            _ => true,
        };
        let verified: Vec<Verified<'_>> = verified.into_iter().filter(is_new).collect();
        let count = verified.len();
        for (at, hit) in verified.into_iter().enumerate() {
            let words = &self.look.words;
            self.hits.push(Hit::new(run, hit.step, &hit.texts, words));
            if self.hits.len() >= self.look.limit && at + 1 < count {
                self.next = Begin::Within(place, key(&hit));
                return true;
            }
        }
        self.next = Begin::Behind(place);
        self.hits.len() >= self.look.limit
    }
}
