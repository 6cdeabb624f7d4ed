//! The bodies of documents: a block has those of 128 documents, with their lengths in its head.

use super::bytes::{self, Bytes, put};
use super::{Broken, DOCUMENTS_PER_BLOCK, block_number};

/// The block that has the body of the document with this number.
pub(super) fn block_of(number: u32) -> i32 {
    -1 - block_number(number / DOCUMENTS_PER_BLOCK)
}

/// The body of the document with this number, by the block that
/// [`Shape::block_of_document`](super::Shape::block_of_document) names.
pub fn document(block: &[u8], number: u32) -> Result<&[u8], Broken> {
    documents(block)?
        .nth((number % DOCUMENTS_PER_BLOCK) as usize)
        .unwrap_or(Err(Broken("a document is not there")))
}

/// The bodies of all documents of a block.
pub fn documents(block: &[u8]) -> Result<impl Iterator<Item = Result<&[u8], Broken>>, Broken> {
    let (mut lengths, mut bodies): (Bytes<'_>, Bytes<'_>) = bytes::parts(block)?;
    Ok(std::iter::from_fn(move || {
        (!lengths.is_empty()).then(|| bodies.take(lengths.small()? as usize))
    }))
}

/// Puts bodies into blocks.
#[derive(Default)]
pub(super) struct Bodies {
    blocks: Vec<Vec<u8>>,
    /// Of the block that is not full yet.
    lengths: Vec<u8>,
    bodies: Vec<u8>,
    documents: u32,
}

impl Bodies {
    /// Adds the body of the next document.
    pub(super) fn push(&mut self, body: &[u8]) {
        put(body.len() as u64, &mut self.lengths);
        self.bodies.extend_from_slice(body);
        self.documents += 1;
        if self.documents.is_multiple_of(DOCUMENTS_PER_BLOCK) {
            self.end_block();
        }
    }

    /// The blocks by ascending number.
    pub(super) fn into_blocks(mut self) -> Vec<(i32, Vec<u8>)> {
        if !self.lengths.is_empty() {
            self.end_block();
        }
        let numbered = (0..).map(|number: i32| -1 - number).zip(self.blocks);
        let mut blocks: Vec<_> = numbered.collect();
        blocks.reverse();
        blocks
    }

    fn end_block(&mut self) {
        self.blocks.push(bytes::block(&self.lengths, &self.bodies));
        self.lengths.clear();
        self.bodies.clear();
    }
}
