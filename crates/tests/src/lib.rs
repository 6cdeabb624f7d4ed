//! The test kit: a private Postgres, databases of one's own, the services in process, and actors
//! who call them.
//!
//! Tests say what somebody does and what they get; only this crate knows how a server is started.
//! Whatever goes wrong in here ends the test, so everything panics with what it wanted to do.

#![warn(missing_docs)]

pub mod database;
pub mod postgres;
pub mod projects;

pub mod actor;
pub mod answer;
pub mod app;

pub mod dump;
pub mod rows;
pub mod until;

mod runtime;

pub use runtime::block_on;
