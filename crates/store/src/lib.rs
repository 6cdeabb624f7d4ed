//! The only SQL: every statement that Runwatch sends to Postgres is in this crate.
//!
//! A use case is a function is a transaction; the caller passes the connection and the project.
//! The hot write path ([`ingest`]) speaks tokio-postgres, because it needs pipelining and arrays as
//! parameters, and so do exports ([`export`]), because they copy rows out; everything else speaks diesel. This crate knows neither HTTP nor dialects.

pub mod connector;
pub mod error;
pub mod pool;
mod schema;

pub mod doctor;
pub mod migrate;
pub mod roles;
pub mod settings;

pub mod api_keys;
pub mod audit;
pub mod erasures;
pub mod identities;
pub mod members;
pub mod password_links;
pub mod project_settings;
pub mod projects;
pub mod secrets;
pub mod sign_ins;
pub mod sql_logins;
pub mod users;

pub mod ingest;
pub mod payloads;

pub mod changes;
mod deletion;
pub mod fold;
pub mod key_uses;
pub mod lifecycle;
mod own_rights;
pub mod partitions;
pub mod retention;
pub mod storage;

pub mod export;
pub mod failure_groups;
pub mod failures;
pub mod feedback;
pub mod payload_parts;
pub mod quarantine;
pub mod runs;
pub mod search;
pub mod sessions;
pub mod steps;
pub mod usage;
pub mod workflows;
