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

pub mod binaries;
pub mod certificate;
pub mod command;
pub mod events;
pub mod front;
pub mod grpc;
pub mod installation;
pub mod ledger;
pub mod liar;
pub mod load;
pub mod oidc;
pub mod sdks;

pub mod dump;
pub mod holds;
pub mod json_leaves;
pub mod keys;
pub mod moments;
pub mod people;
pub mod raw;
pub mod rows;
pub mod spans;
pub mod until;

mod logging;
mod runtime;

pub use runtime::block_on;

/// Whether the long proofs are asked for: `RUNWATCH_PROVE=1` makes tests at random larger.
pub fn is_proving() -> bool {
    let env = runwatch_service::env::Env::process();
    env.read(|env| env.flag("RUNWATCH_PROVE"))
        .expect("RUNWATCH_PROVE is 1 or 0")
}
