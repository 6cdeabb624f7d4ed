//! Sets of a segment's documents.

use crate::grams::bits;

/// Some of a segment's documents: one bit for each that the segment has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentSet {
    words: Vec<u64>,
    documents: u32,
}

impl DocumentSet {
    /// None of so many documents.
    pub fn none(documents: u32) -> Self {
        let words = vec![0; documents.div_ceil(64) as usize];
        Self { words, documents }
    }

    /// All of so many documents.
    pub fn all(documents: u32) -> Self {
        let mut all = Self::none(documents);
        all.insert_range(0, documents);
        all
    }

    /// Keeps those that the other has too.
    pub fn intersect(&mut self, other: &Self) {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        for (word, other) in self.words.iter_mut().zip(others) {
            *word &= other;
        }
    }

    /// Their numbers in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        numbers(self.words.iter().copied())
    }

    /// How many they are.
    pub fn len(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// How many documents the segment has.
    pub(super) fn documents(&self) -> u32 {
        self.documents
    }

    /// The numbers of the segment's other documents in ascending order.
    pub(super) fn others(&self) -> impl Iterator<Item = u32> {
        let ends = (0..self.documents).step_by(64);
        let masks = ends.map(|start| u64::MAX >> (64 - (self.documents - start).min(64)));
        numbers(
            self.words
                .iter()
                .zip(masks)
                .map(|(word, mask)| !word & mask),
        )
    }

    /// The bits, eight a byte, the lowest first.
    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> {
        let bytes = self.documents.div_ceil(8) as usize;
        self.words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .take(bytes)
    }

    pub(super) fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Adds a document, which the segment must have.
    #[inline]
    pub(super) fn insert(&mut self, number: u32) {
        self.words[number as usize / 64] |= 1 << (number % 64);
    }

    pub(super) fn remove(&mut self, number: u32) {
        self.words[number as usize / 64] &= !(1 << (number % 64));
    }

    /// Adds the documents from `start` up to `end`, which the segment must have.
    pub(super) fn insert_range(&mut self, start: u32, end: u32) {
        for first in (start / 64 * 64..end).step_by(64) {
            let from = start.saturating_sub(first);
            let to = (end - first).min(64);
            self.words[first as usize / 64] |= u64::MAX >> (64 - to) & u64::MAX << from;
        }
    }

    /// Adds the documents from `start` on whose bits are set in the word; the segment must have them.
    pub(super) fn insert_word(&mut self, start: u32, word: u64) {
        let (at, shift) = (start as usize / 64, start % 64);
        if word != 0 {
            self.words[at] |= word << shift;
        }
        // In two steps, as a shift by 64 is none.
        let high = word >> 1 >> (63 - shift);
        if high != 0 {
            self.words[at + 1] |= high;
        }
    }
}

/// The numbers of the bits of some words.
fn numbers(words: impl Iterator<Item = u64>) -> impl Iterator<Item = u32> {
    (0_u32..).step_by(64).zip(words).flat_map(|(start, word)| {
        bits(word).map(move |bit| start + u32::try_from(bit).expect("below 64"))
    })
}
