//! What every process needs: settings, logging, metrics, the HTTP kit and shutdown.
//!
//! This crate knows no feature of Runwatch: it does not know what a run is, and no path but
//! `/health`, `/ready` and `/metrics`.

#![warn(missing_docs)]

pub mod env;
pub mod settings;

pub mod clock;
pub mod logging;
pub mod metrics;
pub mod process;
pub mod trace;

pub mod auth;
pub mod problem;
pub mod query;

pub mod client;
pub mod health;
pub mod json_body;
pub mod openapi;
pub mod server;

pub mod request;
