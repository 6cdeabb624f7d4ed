//! The integration tests: what the services promise, seen from outside. The modules are named for
//! the routes and rules they look at.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and a proof says what it counted"
)]

mod erasures;
mod export;
mod failures;
mod feedback;
mod findings;
mod large_runs;
mod live;
mod oidc;
mod quarantine;
mod quotas;
mod redaction;
mod retention;
mod runs;
mod search;
mod search_index;
mod secrets;
mod sessions;
mod sign_in;
mod steps;
mod traces;
mod usage;
mod validation;
mod workflows;

mod grpc;
mod health;
mod keys;
mod openapi;

mod access;
mod accounting;
mod admin;
mod audit;
mod odd_input;
mod openai_agents;
mod order;
mod sql_logins;
mod unavailable;

mod catalogue;
mod database_tls;
mod env_example;
mod migrations;
mod roles;
mod schema;

mod end_to_end;
mod kill;
mod sdks;
