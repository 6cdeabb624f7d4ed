//! Which texts a document has had already: agents send the whole conversation with every call.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// Bytes below which looking a text up is not worth it.
const BYTES_MIN: usize = 32;

/// The hashes of the texts that were seen.
#[derive(Default)]
pub(super) struct Seen(HashSet<u64, BuildHasherDefault<AsIs>>);

impl Seen {
    /// Remembers the text, which is as it is or has escapes to be resolved; says whether it was there
    /// already. Short texts never are.
    pub(super) fn was(&mut self, text: &str, escaped: bool) -> bool {
        text.len() >= BYTES_MIN && !self.0.insert(hash(text.as_bytes()) ^ u64::from(escaped))
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// A hash of at least 16 bytes, in the manner of wyhash: two different texts of one document meet
/// about once in 2^64 pairs.
fn hash(bytes: &[u8]) -> u64 {
    let (chunks, _) = bytes.as_chunks::<16>();
    let length = bytes.len() as u64;
    let all = chunks.iter().fold(length, mix);
    bytes.last_chunk().map_or(all, |tail| mix(all, tail))
}

fn mix(state: u64, chunk: &[u8; 16]) -> u64 {
    let chunk = u128::from_le_bytes(*chunk);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    let (low, high) = (chunk as u64, (chunk >> 64) as u64);
    let (low, high) =
        (low ^ state ^ 0xA076_1D64_78BD_642F).carrying_mul(high ^ 0xE703_7ED1_A0B4_28DB, 0);
    low ^ high
}

/// Numbers that are hashes already.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only u64 are hashed with it");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
