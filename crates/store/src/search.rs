//! The search index: which of a project's texts may have what is looked for.
//!
//! The worker makes small segments from what changed ([`index()`]) and merges them ([`merge()`]); readers
//! find documents in them, and in the changes that no segment was made of yet ([`Candidates`]). One
//! snapshot shows each change in exactly one of the two, since the position up to which changes were
//! read is written in the transaction that writes the segments.

mod candidates;
mod document;
mod forget;
mod index;
mod merge;
mod segments;
mod texts;
mod unindexed;

pub use candidates::{Candidates, Start, Window};
pub use document::{Document, Place, Rank, Source};
pub(crate) use forget::{forget_before, forget_runs};
pub use index::index;
pub use merge::merge;
pub use texts::{DocumentTexts, texts};

use runwatch_search::segment::Broken;

use crate::error::StoreError;

impl From<Broken> for StoreError {
    fn from(error: Broken) -> Self {
        Self::Unreadable(error.to_string())
    }
}
