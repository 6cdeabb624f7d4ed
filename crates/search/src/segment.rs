//! Segments: the immutable pieces of the index, and the bytes that they are kept as.
//!
//! A segment numbers its documents from 0. Its bytes are in blocks, which are fetched singly: a
//! document's bodies lie in a block together with those of its 127 neighbours; the lists of documents
//! that have a gram lie in the block that the gram's *key* names, a number that scatters grams evenly.
//! As the keys of all blocks are one ascending sequence, segments merge by going through it once, and
//! the number of blocks may be another each time.

mod block;
mod bodies;
mod build;
mod bytes;
mod list;
mod lists;
mod merge;
mod ranks;
mod set;
mod without;

pub use bodies::{document, documents};
pub use build::Builder;
pub use merge::merge;
pub use ranks::{Rank, ranks};
pub use set::DocumentSet;
pub use without::without;

use crate::grams::{self, Gram};

/// Documents of one segment, at most.
pub const DOCUMENTS_MAX: u32 = 16_384;
/// Documents whose bodies lie in one block.
const DOCUMENTS_PER_BLOCK: u32 = 128;
/// The most bits of a key that say which block it is in.
const BLOCK_BITS_MAX: u8 = 16;

/// Bytes that no segment is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the search index is broken: {0}")]
pub struct Broken(&'static str);

/// A segment as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Number of documents, at most [`DOCUMENTS_MAX`].
    pub documents: u32,
    /// The least time of a document, in microseconds; 0 without documents.
    pub first_at: i64,
    /// The greatest time of a document, in microseconds; 0 without documents.
    pub last_at: i64,
    /// How many bits of a key name its block.
    pub bits: u8,
    /// The ranks of all documents, which [`ranks()`] reads.
    pub ranks: Vec<u8>,
    /// The blocks that are not empty, by ascending number: below 0 bodies, from 0 on lists.
    pub blocks: Vec<(i32, Vec<u8>)>,
}

impl Segment {
    /// Bytes of all its blocks.
    pub fn bytes(&self) -> usize {
        self.blocks.iter().map(|(_, block)| block.len()).sum()
    }

    /// What must be known to find something in its blocks.
    pub fn shape(&self) -> Result<Shape, Broken> {
        Shape::new(self.documents, self.bits)
    }
}

/// What must be known of a segment to find something in its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    documents: u32,
    bits: u8,
}

impl Shape {
    /// The shape of a segment with so many documents and bits ([`Segment`]).
    pub fn new(documents: u32, bits: u8) -> Result<Self, Broken> {
        if documents > DOCUMENTS_MAX {
            return Err(Broken("a segment has too many documents"));
        }
        if bits > BLOCK_BITS_MAX {
            return Err(Broken("a segment has too many blocks"));
        }
        Ok(Self { documents, bits })
    }

    /// Number of documents.
    pub fn documents(self) -> u32 {
        self.documents
    }

    /// The block that says which documents have the gram; if the segment has no such block, none has.
    pub fn block_of(self, gram: Gram) -> i32 {
        block_number(key(gram) >> (grams::BITS - u32::from(self.bits)))
    }

    /// The block that has the body of the document with this number.
    pub fn block_of_document(self, number: u32) -> i32 {
        bodies::block_of(number)
    }
}

/// Which documents have the gram, by the block that [`Shape::block_of`] names.
pub fn postings(block: &[u8], shape: Shape, gram: Gram) -> Result<DocumentSet, Broken> {
    let mut set = DocumentSet::none(shape.documents);
    let start = block::start(shape.block_of(gram), shape.bits);
    let wanted = key(gram);
    for entry in block::entries(block, start, shape.documents)? {
        let (key, list) = entry?;
        if key == wanted {
            list.mark(&mut set, 0)?;
        }
        if key >= wanted {
            break;
        }
    }
    Ok(set)
}

/// Where the gram stands in the sequence of all grams: its number multiplied by an odd one that
/// scatters neighbours far (Fibonacci hashing), so that each gram has a key of its own.
fn key(gram: Gram) -> u32 {
    gram.number().wrapping_mul(0x9E_3779) & ((1 << grams::BITS) - 1)
}

/// The number of a block, which is small, as the database has it.
fn block_number(number: u32) -> i32 {
    i32::try_from(number).expect("there are fewer blocks")
}

#[cfg(test)]
mod tests;
