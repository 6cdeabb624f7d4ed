//! What is searched for.

mod matcher;
mod parse;

pub use matcher::{Matcher, Terms};

use std::collections::HashSet;

use crate::fold::fold;
use crate::grams::{self, Gram};

/// Terms of one query.
pub const TERMS_MAX: usize = 10;
/// Chars of one query.
pub const CHARS_MAX: usize = 500;
/// Grams that are looked up for one query: each costs a read of one block of each segment.
const GRAMS_MAX: usize = 16;

/// Terms that all have to occur.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    terms: Vec<String>,
}

/// Why a text is no query; each says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// There is nothing but blanks and quotes.
    #[error("Write at least one word to search for.")]
    Empty,
    /// It has more than [`CHARS_MAX`] chars.
    #[error("Shorten the query to {CHARS_MAX} characters.")]
    TooLong,
    /// It has more than [`TERMS_MAX`] terms.
    #[error(
        "Search for at most {TERMS_MAX} words at a time; words in \"double quotes\" are one phrase."
    )]
    TooManyTerms,
}

impl Query {
    /// Reads what somebody typed.
    ///
    /// Terms are separated by blanks. One that begins with `"` is a phrase, which has to occur as it
    /// stands, up to the next `"` or the end; `\"` in it is a quote. A term that comes twice counts
    /// once.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.chars().nth(CHARS_MAX).is_some() {
            return Err(QueryError::TooLong);
        }
        let mut terms: Vec<String> = Vec::new();
        for term in parse::terms(text) {
            let term = fold(&term).into_owned();
            if !terms.contains(&term) {
                terms.push(term);
            }
        }
        match terms.len() {
            0 => Err(QueryError::Empty),
            1..=TERMS_MAX => Ok(Self { terms }),
            _ => Err(QueryError::TooManyTerms),
        }
    }

    /// The terms in lower case, in the order in which they were written.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// Grams that each document with a hit has, at most 16, taken evenly from all terms. None if
    /// the terms are too short to have grams: then any document may have a hit.
    pub fn grams(&self) -> Vec<Gram> {
        let mut taken = HashSet::new();
        let of_terms: Vec<Vec<Gram>> = self
            .terms
            .iter()
            .map(|term| {
                let mut grams = telling(term);
                grams.retain(|gram| taken.insert(*gram));
                grams
            })
            .collect();
        let shares = shares(&of_terms);
        of_terms
            .iter()
            .zip(shares)
            .flat_map(|(grams, share)| {
                // The middles of as many equal pieces.
                (0..share).map(move |piece| grams[(2 * piece + 1) * grams.len() / (2 * share)])
            })
            .collect()
    }
}

/// The grams of a term, without those of single chars that a gram of two says anyway.
fn telling(term: &str) -> Vec<Gram> {
    let mut telling: Vec<(Gram, u8)> = Vec::new();
    grams::each(term, |gram, chars| {
        if chars == 2 {
            // Behind the second char comes the pair; before it stands the first char or its pair.
            telling.pop();
            telling.pop_if(|(_, chars)| *chars == 1);
        }
        telling.push((gram, chars));
    });
    telling.into_iter().map(|(gram, _)| gram).collect()
}

/// How many grams each term may give, dealt out one by one.
fn shares(of_terms: &[Vec<Gram>]) -> Vec<usize> {
    let mut shares = vec![0; of_terms.len()];
    let mut left = GRAMS_MAX;
    loop {
        let before = left;
        for (share, grams) in shares.iter_mut().zip(of_terms) {
            if left > 0 && *share < grams.len() {
                *share += 1;
                left -= 1;
            }
        }
        if left == before {
            return shares;
        }
    }
}

#[cfg(test)]
mod tests;
