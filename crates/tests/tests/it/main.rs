//! The integration tests: what the services promise, seen from outside. The modules are named for
//! the routes and rules they look at.

mod accounting;
mod catalogue;
mod migrations;
mod order;
mod roles;
mod schema;
