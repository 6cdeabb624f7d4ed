//! Where a segment's documents stand in the order of hits.
//!
//! Of each document there is the distance of its time from the one before, which is small, as documents
//! are numbered about in the order in which they came, and behind it its tie as it is.

use super::Broken;
use super::bytes::{Bytes, put};

/// Where a document stands among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// Its time, in microseconds.
    pub at: i64,
    /// What tells it from most others of that time.
    pub tie: u32,
}

/// The bytes of the ranks of all documents.
pub(super) fn write(ranks: &[Rank]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ranks.len() * 8);
    let mut last = 0;
    for rank in ranks {
        let distance = rank.at.wrapping_sub(last);
        // Zigzag: small numbers of either sign become small ones without.
        put((distance << 1 ^ distance >> 63).cast_unsigned(), &mut bytes);
        bytes.extend_from_slice(&rank.tie.to_le_bytes());
        last = rank.at;
    }
    bytes
}

/// Reads the ranks of all documents, in the order of their numbers.
pub fn ranks(bytes: &[u8]) -> Result<Vec<Rank>, Broken> {
    let mut bytes = Bytes(bytes);
    let mut ranks = Vec::with_capacity(bytes.0.len() / 8);
    let mut at = 0_i64;
    while !bytes.is_empty() {
        let number = bytes.number()?;
        let distance = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
        at = at.wrapping_add(distance);
        let tie = u32::from_le_bytes(bytes.array()?);
        ranks.push(Rank { at, tie });
    }
    Ok(ranks)
}
