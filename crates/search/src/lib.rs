//! Full-text search over what runs and steps say: any substring, in any script, whatever the case.
//!
//! Text goes in and an index comes out. A text is known by its *grams*, short sequences of chars; a
//! *document* is the text that one request brought for one run; a *segment* says for each gram which
//! of its documents have it. What the index names is a candidate: hits are verified on the text, so
//! the index may name too many, and never too few.
//!
//! This crate does no I/O, reads no clock, and knows neither SQL nor HTTP.

#![warn(missing_docs)]

pub mod fold;
pub mod grams;
pub mod json;
pub mod query;
pub mod segment;
pub mod snippet;
