//! Building a segment of documents.

use super::bodies::Bodies;
use super::lists::Lists;
use super::{DOCUMENTS_MAX, DocumentSet, Rank, Segment, key, ranks};
use crate::grams::{self, Gram};

/// Bits of a key that choose its bucket. The other 16 fit into a word with a document's number.
const BUCKET_BITS: u32 = grams::BITS - 16;

/// Builds a segment of documents, which are numbered in the order in which they are pushed.
///
/// It takes four to eight bytes a posting. Postings are thrown into buckets by the top of the gram's
/// key, each small enough to be sorted within the processor's cache.
pub struct Builder {
    ranks: Vec<Rank>,
    bodies: Bodies,
    /// For each top of a key: the rest of the key, and the document.
    buckets: Vec<Vec<u32>>,
}

impl Builder {
    /// Starts a segment.
    pub fn new() -> Self {
        Self {
            ranks: Vec::new(),
            bodies: Bodies::default(),
            buckets: vec![Vec::new(); 1 << BUCKET_BITS],
        }
    }

    /// Adds a document: its rank, its body, and its grams, each once.
    ///
    /// # Panics
    /// If there are [`DOCUMENTS_MAX`] documents already.
    pub fn push(&mut self, rank: Rank, body: &[u8], grams: &[Gram]) {
        let document = u32::try_from(self.ranks.len()).unwrap_or(DOCUMENTS_MAX);
        assert!(document < DOCUMENTS_MAX, "the segment is full");
        self.ranks.push(rank);
        self.bodies.push(body);
        for gram in grams {
            let key = key(*gram);
            self.buckets[(key >> 16) as usize].push(key << 16 | document);
        }
    }

    /// The segment of the documents that were pushed.
    pub fn finish(self) -> Segment {
        let documents = u32::try_from(self.ranks.len()).expect("it is at most DOCUMENTS_MAX");
        let mut lists = Lists::default();
        let mut set = DocumentSet::none(documents);
        let mut spare = Vec::new();
        for (top, mut postings) in (0_u32..).zip(self.buckets) {
            sort(&mut postings, &mut spare);
            for list in postings.chunk_by(|one, other| one >> 16 == other >> 16) {
                push(top << 16 | list[0] >> 16, list, &mut set, &mut lists);
            }
        }
        assemble(&self.ranks, self.bodies, lists)
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

/// Adds the list of the documents in the lower halves.
fn push(key: u32, list: &[u32], set: &mut DocumentSet, lists: &mut Lists) {
    if let [posting] = list {
        return lists.push_one(key, posting & 0xFFFF);
    }
    for posting in list {
        set.insert(posting & 0xFFFF);
    }
    lists.push(key, set);
    set.clear();
}

/// Sorts by the upper half, keeping the order of equal ones: by counting, one byte after the other.
fn sort(postings: &mut Vec<u32>, spare: &mut Vec<u32>) {
    for byte in [2, 3] {
        let digit = |posting: u32| usize::from(posting.to_le_bytes()[byte]);
        let mut places = [0_usize; 256];
        for posting in &*postings {
            places[digit(*posting)] += 1;
        }
        let mut start = 0;
        for place in &mut places {
            start += std::mem::replace(place, start);
        }
        spare.resize(postings.len(), 0);
        for posting in &*postings {
            let place = &mut places[digit(*posting)];
            spare[*place] = *posting;
            *place += 1;
        }
        std::mem::swap(postings, spare);
    }
}

/// The segment of these parts.
pub(super) fn assemble(ranks: &[Rank], bodies: Bodies, lists: Lists) -> Segment {
    let at = || ranks.iter().map(|rank| rank.at);
    let (bits, blocks) = lists.into_blocks();
    let mut all = bodies.into_blocks();
    all.extend(blocks);
    Segment {
        documents: u32::try_from(ranks.len()).expect("it is at most DOCUMENTS_MAX"),
        first_at: at().min().unwrap_or_default(),
        last_at: at().max().unwrap_or_default(),
        bits,
        ranks: ranks::write(ranks),
        blocks: all,
    }
}
