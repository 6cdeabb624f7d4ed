//! Candidates: the documents that may have what is looked for, the latest run first.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{Array, Binary, Integer, SmallInt, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::ids::ProjectId;
use runwatch_core::limits::SEARCH_DOCUMENTS_FILTERED_MAX;
use runwatch_core::time::{DAY_US, Timestamp};
use runwatch_search::grams::Gram;
use runwatch_search::segment::{DocumentSet, Shape, document, postings, ranks};

use crate::error::Result;
use crate::pool::Conn;
use crate::search::segments::{Blocks, blocks};
use crate::search::{Document, Place, Rank, unindexed};

/// Segments that are opened first; each further time twice as many, up to a few megabytes of blocks.
const OPENED_FIRST: usize = 8;
const OPENED_AT_ONCE_MAX: usize = 64;

/// Which documents come into question by their places.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// From here on.
    pub from: Option<Start>,
    /// Of runs that started then or later.
    pub started_after: Option<Timestamp>,
    /// Of runs that started before then.
    pub started_before: Option<Timestamp>,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// With the document at this place.
    At(Place),
    /// Behind it.
    Behind(Place),
}

/// The documents of a project that may have what is looked for, in their order, as they are asked for.
pub struct Candidates {
    project: ProjectId,
    grams: Vec<Gram>,
    window: Window,
    /// Segments that were not opened yet, the one with the latest run last.
    closed: Vec<Closed>,
    opened: Vec<Opened>,
    /// How many were opened the last time.
    opened_last: usize,
    /// Documents of opened segments, and of changes.
    waiting: BinaryHeap<Reverse<Waiting>>,
    /// Nothing behind this rank is kept: there is enough before it.
    cut_at: Option<Rank>,
    changed: Vec<Document>,
    /// Documents that the index was not made of yet and that are left out, being too many.
    pub unindexed: usize,
    /// Whether something was forgotten before the index was made of it.
    pub has_gaps: bool,
}

struct Closed {
    id: Uuid,
    shape: Shape,
    last_at: Timestamp,
}

struct Opened {
    id: Uuid,
    shape: Shape,
}

/// A document that waits for its turn: its rank, and where the rest of it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    rank: Rank,
    origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// A document of an opened segment.
    Segment(usize, u32),
    /// One of the changes.
    Change(usize),
}

#[derive(QueryableByName)]
struct SegmentRow {
    #[diesel(sql_type = SqlUuid)]
    segment_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    first_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    last_at: DateTime<Utc>,
    #[diesel(sql_type = Integer)]
    documents: i32,
    #[diesel(sql_type = SmallInt)]
    bits: i16,
}

#[derive(QueryableByName)]
struct RanksRow {
    #[diesel(sql_type = SqlUuid)]
    segment_id: Uuid,
    #[diesel(sql_type = Binary)]
    ranks: Vec<u8>,
}

impl Start {
    fn place(&self) -> &Place {
        match self {
            Self::At(place) | Self::Behind(place) => place,
        }
    }
}

impl Window {
    /// Whether a document whose run was taken to start then may come into question. A run that is told
    /// piece by piece may turn out to have started earlier than was known: by a day at most, here.
    pub(super) fn has(&self, rank: Rank) -> bool {
        let at = rank.at();
        self.started_after.is_none_or(|from| from <= at)
            && self
                .started_before
                .is_none_or(|to| at.0 < to.0.saturating_add(DAY_US))
            && self.from.is_none_or(|from| from.place().rank() <= rank)
    }

    /// Whether a segment may have such documents.
    fn meets(&self, first_at: Timestamp, last_at: Timestamp) -> bool {
        self.started_after.is_none_or(|from| from <= last_at)
            && self
                .started_before
                .is_none_or(|to| first_at.0 < to.0.saturating_add(DAY_US))
            && self
                .from
                .is_none_or(|from| first_at <= from.place().rank().at())
    }
}

impl Candidates {
    /// The documents that have all of these grams. All of it has to be read in one snapshot.
    pub async fn open(
        conn: &mut Conn,
        project: ProjectId,
        grams: Vec<Gram>,
        window: Window,
    ) -> Result<Self> {
        let mut candidates = Self {
            project,
            grams,
            window,
            closed: closed_segments(conn, project, &window).await?,
            opened: Vec::new(),
            opened_last: 0,
            waiting: BinaryHeap::new(),
            cut_at: None,
            changed: Vec::new(),
            unindexed: 0,
            has_gaps: unindexed::has_gaps(conn).await?,
        };
        let (changed, left_out) = unindexed::list(conn, project, &window).await?;
        candidates.unindexed = left_out;
        let waiting = changed.iter().enumerate().map(|(at, document)| Waiting {
            rank: document.place().rank(),
            origin: Origin::Change(at),
        });
        candidates.waiting.extend(waiting.map(Reverse));
        candidates.changed = changed;
        Ok(candidates)
    }

    /// Whether there are documents behind those that were given out when there are no more.
    pub fn is_cut(&self) -> bool {
        self.cut_at.is_some()
    }

    /// At least so many further documents in their order, unless there are no more.
    pub async fn next(&mut self, conn: &mut Conn, count: usize) -> Result<Vec<Document>> {
        let mut documents = Vec::new();
        while documents.len() < count {
            let Some(group) = self.next_group(conn, count).await? else {
                break;
            };
            let found = self.read(conn, &group).await?;
            documents.extend(found);
        }
        Ok(documents)
    }

    /// The next documents, about so many: all of those of one rank, or none.
    async fn next_group(&mut self, conn: &mut Conn, count: usize) -> Result<Option<Vec<Waiting>>> {
        let mut group: Vec<Waiting> = Vec::new();
        loop {
            self.open_until_next(conn).await?;
            let Some(next) = self.waiting.peek() else {
                break;
            };
            let is_same = group.last().is_some_and(|last| last.rank == next.0.rank);
            if group.len() >= count && !is_same {
                break;
            }
            group.extend(self.waiting.pop().map(|next| next.0));
        }
        Ok((!group.is_empty()).then_some(group))
    }

    /// Opens segments until none is closed that could have an earlier turn than what waits.
    async fn open_until_next(&mut self, conn: &mut Conn) -> Result<()> {
        while let Some(latest) = self.closed.last() {
            let next = self.waiting.peek();
            if next.is_some_and(|next| next.0.rank.at() > latest.last_at) {
                break;
            }
            let count = (2 * self.opened_last).clamp(OPENED_FIRST, OPENED_AT_ONCE_MAX);
            self.opened_last = count;
            let from = self.closed.len().saturating_sub(count);
            let closed = self.closed.split_off(from);
            self.open_segments(conn, closed).await?;
        }
        Ok(())
    }

    async fn open_segments(&mut self, conn: &mut Conn, closed: Vec<Closed>) -> Result<()> {
        let wanted: BTreeSet<(Uuid, i32)> = closed
            .iter()
            .flat_map(|segment| {
                let block = |gram: &Gram| (segment.id, segment.shape.block_of(*gram));
                self.grams.iter().map(block)
            })
            .collect();
        let lists = blocks(conn, self.project, wanted).await?;
        let mut found: Vec<(Closed, DocumentSet)> = Vec::new();
        for segment in closed {
            let set = matching(&segment, &self.grams, &lists)?;
            if !set.is_empty() {
                found.push((segment, set));
            }
        }
        let ids: Vec<Uuid> = found.iter().map(|(segment, _)| segment.id).collect();
        let ranks_of = ranks_of(conn, self.project, &ids).await?;
        for (segment, set) in found {
            let bytes = ranks_of.get(&segment.id).map_or(&[][..], Vec::as_slice);
            let ranks = ranks(bytes)?;
            let at = self.opened.len();
            let in_window = set.iter().filter_map(|number| {
                let rank = Rank::from(*ranks.get(usize::try_from(number).ok()?)?);
                let origin = Origin::Segment(at, number);
                let is_wanted = self.window.has(rank) && self.cut_at.is_none_or(|cut| rank <= cut);
                is_wanted.then_some(Waiting { rank, origin })
            });
            self.waiting.extend(in_window.map(Reverse));
            self.opened.push(Opened {
                id: segment.id,
                shape: segment.shape,
            });
            self.cut();
        }
        Ok(())
    }

    /// Keeps no more documents waiting than one answer looks at, and a few.
    fn cut(&mut self) {
        if self.waiting.len() <= 2 * SEARCH_DOCUMENTS_FILTERED_MAX {
            return;
        }
        let mut waiting = std::mem::take(&mut self.waiting).into_vec();
        waiting.sort_unstable_by_key(|waiting| waiting.0);
        let last = waiting[SEARCH_DOCUMENTS_FILTERED_MAX].0.rank;
        waiting.retain(|waiting| waiting.0.rank <= last);
        self.cut_at = Some(last);
        self.waiting = waiting.into();
    }

    /// The documents themselves, in the order of their places and each once.
    async fn read(&self, conn: &mut Conn, waiting: &[Waiting]) -> Result<Vec<Document>> {
        let block = |waiting: &Waiting| match waiting.origin {
            Origin::Segment(at, number) => {
                let segment = &self.opened[at];
                Some((segment.id, segment.shape.block_of_document(number)))
            }
            Origin::Change(_) => None,
        };
        let wanted: BTreeSet<(Uuid, i32)> = waiting.iter().filter_map(block).collect();
        let bodies = blocks(conn, self.project, wanted).await?;
        let mut documents = Vec::with_capacity(waiting.len());
        for one in waiting {
            match (one.origin, block(one)) {
                (Origin::Segment(_, number), Some(key)) => {
                    let body = bodies.get(&key).map_or(&[][..], Vec::as_slice);
                    documents.push(Document::from_bytes(
                        one.rank.at(),
                        document(body, number)?,
                    )?);
                }
                (Origin::Change(at), _) => documents.push(self.changed[at].clone()),
                (Origin::Segment(..), None) => {}
            }
        }
        documents.retain(|document| {
            let place = document.place();
            match self.window.from {
                Some(Start::At(from)) => from <= place,
                Some(Start::Behind(from)) => from < place,
                None => true,
            }
        });
        documents.sort_by_cached_key(Document::place);
        documents.dedup_by_key(|document| document.place());
        Ok(documents)
    }
}

/// The segments that may have documents in the window, the one with the latest run last.
async fn closed_segments(
    conn: &mut Conn,
    project: ProjectId,
    window: &Window,
) -> Result<Vec<Closed>> {
    let rows: Vec<SegmentRow> = sql_query(
        "SELECT segment_id, first_at, last_at, documents, bits FROM search_segments
         WHERE project_id = $1 ORDER BY last_at",
    )
    .bind::<SqlUuid, _>(project.0)
    .load(conn)
    .await?;
    let time = |at: DateTime<Utc>| Timestamp(at.timestamp_micros());
    let mut closed = Vec::with_capacity(rows.len());
    for row in rows {
        let documents = u32::try_from(row.documents).unwrap_or(u32::MAX);
        let bits = u8::try_from(row.bits).unwrap_or(u8::MAX);
        if window.meets(time(row.first_at), time(row.last_at)) {
            closed.push(Closed {
                id: row.segment_id,
                shape: Shape::new(documents, bits)?,
                last_at: time(row.last_at),
            });
        }
    }
    Ok(closed)
}

/// The documents of a segment that have all grams.
fn matching(segment: &Closed, grams: &[Gram], lists: &Blocks) -> Result<DocumentSet> {
    let mut set = DocumentSet::all(segment.shape.documents());
    for gram in grams {
        match lists.get(&(segment.id, segment.shape.block_of(*gram))) {
            Some(block) => set.intersect(&postings(block, segment.shape, *gram)?),
            None => set = DocumentSet::none(segment.shape.documents()),
        }
        if set.is_empty() {
            break;
        }
    }
    Ok(set)
}

async fn ranks_of(
    conn: &mut Conn,
    project: ProjectId,
    segments: &[Uuid],
) -> Result<HashMap<Uuid, Vec<u8>>> {
    let rows: Vec<RanksRow> = sql_query(
        "SELECT segment_id, ranks FROM search_segments
         WHERE project_id = $1 AND segment_id = ANY($2)",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<Array<SqlUuid>, _>(segments)
    .load(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.segment_id, row.ranks))
        .collect())
}
