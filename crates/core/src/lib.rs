//! The language of the domain: what a run, a step, a failure and a cost are, and the rules that
//! hold between them.
//!
//! This crate does no I/O, reads no clock and no environment, and knows neither SQL nor HTTP.
//! Everything here is a plain value or a pure function of plain values, so that the same facts
//! give the same answer whichever process asks and in whatever order they arrived.

#![warn(missing_docs)]

mod coded;
pub mod limits;

pub mod access;
pub mod api_key;
pub mod audit;
pub mod ids;
pub mod money;
pub mod secrets;
pub mod time;
pub mod token;

pub mod claims;
pub mod erasure;
pub mod failures;
pub mod feedback;
pub mod payload;
pub mod run;
pub mod step;
pub mod usage;

pub mod attributes;
pub mod changes;
pub mod findings;
pub mod hash;
pub mod json;
pub mod prices;
pub mod project_settings;
pub mod redact;
pub mod rollup;
pub mod summary;
pub mod text;
pub mod tree;
