//! The commands that do one thing and then end.

pub(crate) mod audit;
pub(crate) mod key;
pub(crate) mod migrate;
pub(crate) mod nginx;
pub(crate) mod project;
pub(crate) mod runs;
pub(crate) mod secrets;
pub(crate) mod sql_login;
pub(crate) mod user;
pub(crate) mod validate;
