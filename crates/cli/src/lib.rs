//! The command `runwatch`: starts everything on one machine, migrates the database, and makes
//! projects, keys and ways back in.
//!
//! It speaks to the database only through `runwatch-store`, and to the services by starting them with
//! environment variables and by calling them over HTTP as any other client does ([`client`]). The launcher of a private
//! PostgreSQL server ([`postgres`]) stands alone, because the tests use it too.

pub mod account;
pub mod args;
pub mod console;
pub mod lifeline;
pub mod postgres;
pub mod process;

mod admin;
mod api;
mod client;
mod clock;
mod commands;
mod database_url;
mod demo;
mod doctor;
mod installation;
mod nginx;
mod ports;
mod secrets;
mod stop_signals;
mod supervisor;
mod tail;
mod terminal;
pub mod time_span;
mod up;

#[cfg(test)]
mod scratch;

use args::{Cli, Command};

/// Does what the command line says.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Up(args) => up::run(args).await,
        Command::Runs(command) => commands::runs::run(command).await,
        Command::Tail(args) => tail::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Validate(args) => commands::validate::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Migrate(args) => commands::migrate::run(args).await,
        Command::Project(command) => commands::project::run(command).await,
        Command::Key(command) => commands::key::run(command).await,
        Command::User(command) => commands::user::run(command).await,
        Command::Nginx(args) => commands::nginx::run(&args),
        Command::SqlLogin(command) => commands::sql_login::run(command).await,
        Command::Audit(command) => commands::audit::run(command).await,
        Command::Secrets(command) => commands::secrets::run(command).await,
    }
}
