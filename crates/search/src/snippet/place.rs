//! The place of a text in which the most terms stand near each other.

use std::ops::Range;

use crate::query::Query;

/// Occurrences of one term that are looked at, the first in the text.
const OCCURRENCES_MAX: usize = 200;

/// Where some terms stand near each other.
pub(super) struct Place {
    /// How many different ones.
    pub(super) terms: usize,
    /// From the first to the last, in bytes of the folded text.
    pub(super) folded: Range<usize>,
}

/// One place where a term occurs.
struct Occurrence {
    folded: Range<usize>,
    term: usize,
}

/// The first of the places with the most terms, the last of which ends at most `reach` bytes behind
/// the first.
pub(super) fn best(query: &Query, folded: &str, reach: usize) -> Option<Place> {
    let terms = query.terms().iter().enumerate();
    let mut found: Vec<Occurrence> = terms
        .flat_map(|(term, text)| {
            let starts = folded.match_indices(text.as_str()).take(OCCURRENCES_MAX);
            starts.map(move |(start, _)| Occurrence {
                folded: start..start + text.len(),
                term,
            })
        })
        .collect();
    found.sort_unstable_by_key(|occurrence| occurrence.folded.start);
    let mut best: Option<Place> = None;
    for first in 0..found.len() {
        let place = from(&found[first..], reach);
        if best.as_ref().is_none_or(|best| place.terms > best.terms) {
            best = Some(place);
        }
    }
    best
}

/// The place that begins with the first of these occurrences.
fn from(found: &[Occurrence], reach: usize) -> Place {
    let mut folded = found[0].folded.clone();
    let limit = folded.end + reach;
    let mut terms = 0_u16;
    for occurrence in found {
        if occurrence.folded.start > limit {
            break;
        }
        if occurrence.folded.end <= limit && terms >> occurrence.term & 1 == 0 {
            terms |= 1 << occurrence.term;
            folded.end = folded.end.max(occurrence.folded.end);
        }
    }
    let terms = terms.count_ones() as usize;
    Place { terms, folded }
}
