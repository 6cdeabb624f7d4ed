//! A block of lists: its head has the key and the form of each list, the rest the lists' bytes, so
//! that one is found without reading the others.

use super::Broken;
use super::bytes::{self, Bytes, put};
use super::list::{Head, List};
use crate::grams;

/// The least key of the block with this number.
pub(super) fn start(number: i32, bits: u8) -> u32 {
    number.unsigned_abs() << (grams::BITS - u32::from(bits))
}

/// A block whose keys, in ascending order, begin at `start`.
pub(super) fn write(heads: &[(u32, Head)], start: u32, lists: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(heads.len() * 5);
    let mut next = start;
    for (key, head) in heads {
        put(u64::from(key - next), &mut written);
        put(u64::from(head.number()), &mut written);
        next = key + 1;
    }
    bytes::block(&written, lists)
}

/// The keys of a block and their lists, in ascending order.
pub(super) fn entries(block: &[u8], start: u32, documents: u32) -> Result<Entries<'_>, Broken> {
    let (heads, lists) = bytes::parts(block)?;
    Ok(Entries {
        next: start,
        heads,
        lists,
        documents,
    })
}

/// Goes through the keys and lists of a block.
pub(super) struct Entries<'a> {
    /// The least key that can come next.
    next: u32,
    heads: Bytes<'a>,
    lists: Bytes<'a>,
    documents: u32,
}

impl<'a> Entries<'a> {
    fn read(&mut self) -> Result<(u32, List<'a>), Broken> {
        let key = self.next.saturating_add(self.heads.small()?);
        if key >= 1 << grams::BITS {
            return Err(Broken("a key is too large"));
        }
        self.next = key + 1;
        let head = Head::from_number(self.heads.small()?);
        let bytes = self.lists.take(head.length())?;
        let documents = self.documents;
        Ok((
            key,
            List {
                head,
                bytes,
                documents,
            },
        ))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<(u32, List<'a>), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.heads.is_empty()).then(|| self.read())
    }
}
