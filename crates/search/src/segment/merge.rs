//! Merging segments into one.

use super::block::{self, Entries};
use super::bodies::{self, Bodies};
use super::build::assemble;
use super::list::List;
use super::lists::Lists;
use super::{Broken, DOCUMENTS_MAX, DocumentSet, Rank, Segment, block_number, ranks};

/// One segment with the documents of all, in the order given: as if it had been built of them.
pub fn merge(segments: &[Segment]) -> Result<Segment, Broken> {
    let mut ranks = Vec::new();
    let mut bodies = Bodies::default();
    let mut sources = Vec::with_capacity(segments.len());
    for segment in segments {
        let start = u32::try_from(ranks.len()).unwrap_or(DOCUMENTS_MAX);
        let shape = segment.shape()?;
        if start + shape.documents() > DOCUMENTS_MAX {
            return Err(Broken("the merged segment would have too many documents"));
        }
        ranks.extend(read_ranks(segment)?);
        copy_bodies(segment, &mut bodies)?;
        sources.push(Source::new(segment, start)?);
    }
    let documents = u32::try_from(ranks.len()).expect("it is at most DOCUMENTS_MAX");
    let lists = merge_lists(&mut sources, documents)?;
    Ok(assemble(&ranks, bodies, lists))
}

pub(super) fn read_ranks(segment: &Segment) -> Result<Vec<Rank>, Broken> {
    let ranks = ranks::ranks(&segment.ranks)?;
    if ranks.len() == segment.documents as usize {
        Ok(ranks)
    } else {
        Err(Broken("a segment has not a rank for each document"))
    }
}

fn copy_bodies(segment: &Segment, into: &mut Bodies) -> Result<(), Broken> {
    read_bodies(segment)?
        .into_iter()
        .for_each(|body| into.push(body));
    Ok(())
}

/// The bodies of all documents of a segment, in the order of their numbers.
pub(super) fn read_bodies(segment: &Segment) -> Result<Vec<&[u8]>, Broken> {
    let mut blocks: Vec<_> = segment.blocks.iter().filter(|(n, _)| *n < 0).collect();
    blocks.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let mut all = Vec::new();
    for (number, block) in blocks {
        let next = u32::try_from(all.len()).unwrap_or(DOCUMENTS_MAX);
        if *number != bodies::block_of(next) {
            return Err(Broken("a block of bodies is missing"));
        }
        for body in bodies::documents(block)? {
            all.push(body?);
        }
    }
    if all.len() == segment.documents as usize {
        Ok(all)
    } else {
        Err(Broken("a segment has not a body for each document"))
    }
}

/// Goes through the keys of all sources once.
fn merge_lists(sources: &mut [Source<'_>], documents: u32) -> Result<Lists, Broken> {
    let mut lists = Lists::default();
    let mut set = DocumentSet::none(documents);
    while let Some(key) = sources.iter().filter_map(Source::key).min() {
        let mut having = sources
            .iter_mut()
            .filter(|source| source.key() == Some(key));
        let first = having.next().expect("one has the least key");
        let second = having.next();
        if second.is_none()
            && let Some(document) = first.single()?
        {
            lists.push_one(key, document);
            first.advance()?;
            continue;
        }
        for source in [first].into_iter().chain(second).chain(having) {
            source.mark(&mut set)?;
            source.advance()?;
        }
        if set.is_empty() {
            return Err(Broken("a list is empty"));
        }
        lists.push(key, &set);
        set.clear();
    }
    Ok(lists)
}

/// A segment that is gone through in the order of its keys.
pub(super) struct Source<'a> {
    /// The number that its first document gets.
    start: u32,
    documents: u32,
    bits: u8,
    /// Those that were not begun, the next one last.
    blocks: Vec<&'a (i32, Vec<u8>)>,
    /// The block that was begun.
    entries: Option<Entries<'a>>,
    /// The key where it stands, and its list; none at the end.
    current: Option<(u32, List<'a>)>,
}

impl<'a> Source<'a> {
    pub(super) fn new(segment: &'a Segment, start: u32) -> Result<Self, Broken> {
        let mut blocks: Vec<_> = segment.blocks.iter().filter(|(n, _)| *n >= 0).collect();
        blocks.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        if blocks
            .first()
            .is_some_and(|(number, _)| *number >= block_number(1 << segment.bits))
        {
            return Err(Broken("a segment has a block too many"));
        }
        let mut source = Self {
            start,
            documents: segment.documents,
            bits: segment.bits,
            blocks,
            entries: None,
            current: None,
        };
        source.advance()?;
        Ok(source)
    }

    pub(super) fn key(&self) -> Option<u32> {
        self.current.map(|(key, _)| key)
    }

    /// The document of the list where it stands, if it is a single one.
    fn single(&self) -> Result<Option<u32>, Broken> {
        match self.current.and_then(|(_, list)| list.single()) {
            Some(document) if document >= self.documents => {
                Err(Broken("a list names a document that is not there"))
            }
            document => Ok(document.map(|document| self.start + document)),
        }
    }

    /// Adds the documents of the list where it stands.
    pub(super) fn mark(&self, set: &mut DocumentSet) -> Result<(), Broken> {
        match self.current {
            Some((_, list)) => list.mark(set, self.start),
            None => Ok(()),
        }
    }

    /// Goes on to the next key.
    pub(super) fn advance(&mut self) -> Result<(), Broken> {
        let last = self.key();
        self.current = None;
        loop {
            if let Some(next) = self.entries.as_mut().and_then(Iterator::next) {
                let next = next?;
                if last.is_some_and(|last| last >= next.0) {
                    return Err(Broken("keys are not in order"));
                }
                self.current = Some(next);
                return Ok(());
            }
            let Some((number, block)) = self.blocks.pop() else {
                return Ok(());
            };
            let start = block::start(*number, self.bits);
            self.entries = Some(block::entries(block, start, self.documents)?);
        }
    }
}
