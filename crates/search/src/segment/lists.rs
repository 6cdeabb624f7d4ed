//! The lists of all grams of a segment as they are being made, in the order of their keys.

use super::list::{self, Head};
use super::{BLOCK_BITS_MAX, DocumentSet, block, block_number};
use crate::grams;

/// Bytes of a block of lists from which on there are twice as many blocks; the mean lies between this
/// and the double.
const BLOCK_BYTES: usize = 6 << 10;
/// Bytes that a list takes in its block's head, about.
const HEAD_BYTES: usize = 4;

/// Lists in the order of their keys.
#[derive(Default)]
pub(super) struct Lists {
    heads: Vec<(u32, Head)>,
    bytes: Vec<u8>,
}

impl Lists {
    /// Adds the list of a key above all before: one document.
    pub(super) fn push_one(&mut self, key: u32, document: u32) {
        self.heads.push((key, Head::one(document)));
    }

    /// Adds the list of a key above all before: some documents.
    pub(super) fn push(&mut self, key: u32, documents: &DocumentSet) {
        self.heads
            .push((key, list::write(documents, &mut self.bytes)));
    }

    /// The bits that name blocks, and the blocks that are not empty.
    pub(super) fn into_blocks(self) -> (u8, Vec<(i32, Vec<u8>)>) {
        let bits = self.bits();
        let block_of = |key: u32| block_number(key >> (grams::BITS - u32::from(bits)));
        let mut bytes = self.bytes.as_slice();
        let blocks = self
            .heads
            .chunk_by(|(one, _), (other, _)| block_of(*one) == block_of(*other))
            .map(|heads| {
                let number = block_of(heads[0].0);
                let length = heads.iter().map(|(_, head)| head.length()).sum();
                let (lists, rest) = bytes.split_at(length);
                bytes = rest;
                (
                    number,
                    block::write(heads, block::start(number, bits), lists),
                )
            });
        (bits, blocks.collect())
    }

    /// So many that blocks are neither tiny nor large.
    fn bits(&self) -> u8 {
        let blocks = (self.bytes.len() + HEAD_BYTES * self.heads.len()) / BLOCK_BYTES;
        let bits = blocks.checked_ilog2().unwrap_or(0);
        u8::try_from(bits).map_or(BLOCK_BITS_MAX, |bits| bits.min(BLOCK_BITS_MAX))
    }
}
