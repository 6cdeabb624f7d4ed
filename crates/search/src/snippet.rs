//! Snippets: the piece of a text that shows why it was found.

mod place;

use std::ops::Range;

use crate::fold::{each_lower, fold, origin};
use crate::json::texts;
use crate::query::Query;
use place::Place;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The piece as it was written, with a blank for each line end and control char, and `…` where
    /// it was cut.
    pub text: String,
    /// Where terms occur in `text`: the first char and the one behind the last, counted in Unicode
    /// scalar values; in ascending order, and none overlaps another.
    pub highlights: Vec<(usize, usize)>,
}

impl Snippet {
    /// The piece of a text in which the most terms stand near each other, with so many chars before
    /// and after them; it has at most about three times as many, unless a term is longer. None if no
    /// term occurs.
    pub fn of_text(query: &Query, text: &str, chars_around: usize) -> Option<Self> {
        let place = place::best(query, &fold(text), chars_around)?;
        Some(cut_out(query, text, &place, chars_around))
    }

    /// The same of that text of a JSON document ([`crate::json::texts`]) in which the most terms
    /// stand near each other.
    pub fn of_json(query: &Query, json: &str, chars_around: usize) -> Option<Self> {
        let mut best: Option<(Place, String)> = None;
        texts(json, |text| {
            let terms = best.as_ref().map_or(0, |(place, _)| place.terms);
            if terms < query.terms().len()
                && let Some(place) = place::best(query, &fold(text), chars_around)
                && place.terms > terms
            {
                best = Some((place, text.to_owned()));
            }
        });
        let (place, text) = best?;
        Some(cut_out(query, &text, &place, chars_around))
    }
}

/// The snippet around a place.
fn cut_out(query: &Query, text: &str, place: &Place, chars_around: usize) -> Snippet {
    let start = origin(text, place.folded.start);
    let last = origin(text, place.folded.end.saturating_sub(1));
    let end = text.ceil_char_boundary(last + 1);
    let range = begin(text, start, chars_around)..finish(text, end, chars_around);
    let piece = text.get(range.clone()).unwrap_or_default();

    let mut snippet = String::with_capacity(piece.len() + 6);
    if range.start > 0 {
        snippet.push('…');
    }
    let first = snippet.chars().count();
    let is_blank = |char: char| char.is_control() || char.is_whitespace();
    snippet.extend(piece.chars().map(|c| if is_blank(c) { ' ' } else { c }));
    if range.end < text.len() {
        snippet.push('…');
    }
    let highlights = highlights(query, piece);
    Snippet {
        text: snippet,
        highlights: highlights
            .into_iter()
            .map(|found| (first + found.start, first + found.end))
            .collect(),
    }
}

/// Where a snippet begins that has so many chars before `at`: at a word, unless that is far.
fn begin(text: &str, at: usize, chars: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    let cut = before.char_indices().rev().take(chars).last();
    let cut = cut.map_or(at, |(cut, _)| cut);
    let around = before.get(cut..).unwrap_or_default();
    match around.find(char::is_whitespace) {
        Some(blank) if cut > 0 && blank <= around.len() / 2 => {
            let word = around.get(blank..).unwrap_or_default().trim_start();
            at - word.len()
        }
        _ => cut,
    }
}

/// Where a snippet ends that has so many chars behind `at`: behind a word, unless that is far.
fn finish(text: &str, at: usize, chars: usize) -> usize {
    let behind = text.get(at..).unwrap_or_default();
    let Some((cut, _)) = behind.char_indices().nth(chars) else {
        return text.len();
    };
    let around = behind.get(..cut).unwrap_or_default();
    match around.rfind(char::is_whitespace) {
        Some(blank) if blank >= around.len() / 2 => at + blank,
        _ => at + cut,
    }
}

/// Where terms occur in the piece, in chars.
fn highlights(query: &Query, piece: &str) -> Vec<Range<usize>> {
    let mut folded = String::with_capacity(piece.len());
    // For each byte of the folded piece, the char that it came from.
    let mut chars = Vec::with_capacity(piece.len());
    for (at, char) in piece.chars().enumerate() {
        each_lower(char, |lower| folded.push(lower));
        chars.resize(folded.len(), at);
    }
    let mut found: Vec<Range<usize>> = query
        .terms()
        .iter()
        .flat_map(|term| folded.match_indices(term.as_str()))
        .map(|(at, term)| chars[at]..chars[at + term.len() - 1] + 1)
        .collect();
    found.sort_unstable_by_key(|range| range.start);
    join(found)
}

/// Joins those that overlap.
fn join(sorted: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(sorted.len());
    for range in sorted {
        match joined.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests;
