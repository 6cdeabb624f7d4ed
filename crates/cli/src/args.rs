//! The command line.

mod admin;
mod demo;
mod doctor;
mod front;
mod runs;
mod secrets;
pub mod server;
mod sql_login;
mod tail;
mod validate;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use self::admin::{AdminArgs, AuditCommand, KeyCommand, ProjectCommand, UserCommand};
pub use self::demo::DemoArgs;
pub use self::doctor::DoctorArgs;
pub use self::front::{FrontArgs, NginxArgs};
pub use self::runs::{ListRunsArgs, RunsCommand, ShowRunArgs};
pub use self::secrets::{SecretsArgs, SecretsCommand};
pub use self::sql_login::{NewSqlLoginArgs, SqlLoginCommand};
pub use self::tail::TailArgs;
pub use self::validate::ValidateArgs;

use crate::ports::PORT;

/// Runwatch watches AI agents in production: it stores their runs, shows them, and tells people
/// about the bad ones.
#[derive(Debug, Parser)]
#[command(name = "runwatch", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start everything on this machine: PostgreSQL, the services and nginx; Ctrl-C stops it
    Up(UpArgs),
    /// List runs, and show one with its steps
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Follow runs, and with --steps their steps, as they are stored
    Tail(TailArgs),
    /// Send the runs of six made-up agents, with good and bad days, so that there is something to see
    Demo(DemoArgs),
    /// Say what would become of a file of traces or runs, without storing anything
    Validate(ValidateArgs),
    /// Check settings, database, machine and services, and say what to do about what is wrong
    Doctor(DoctorArgs),
    /// Bring the database's schema up to date, or take migrations back
    Migrate(MigrateArgs),
    /// Create and list projects; everything belongs to exactly one
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Create, list and revoke API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// List people, and make links by which they set a password: the way back in for an admin
    #[command(subcommand)]
    User(UserCommand),
    /// Write nginx's configuration for services that run elsewhere, several of each, to standard output
    Nginx(NginxArgs),
    /// Let analysts ask the database themselves, in SQL: each sees one project, and changes nothing
    #[command(subcommand)]
    SqlLogin(SqlLoginCommand),
    /// Prove that nobody changed the audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Say which keys the secrets of projects are sealed under, and put other keys in their place
    #[command(subcommand)]
    Secrets(SecretsCommand),
}

/// Arguments of `runwatch up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Public port P. The services take P+1 (ingest-api), P+2 (query-api), P+3 (control-api), P+4
    /// (alert-worker) and P+6 (PostgreSQL) on 127.0.0.1, ingest-api P+5 for gRPC as well; with TLS, nginx
    /// P+8 in clear text for this machine. Leave 10 ports between two installations
    #[arg(long, value_name = "P", default_value_t = PORT)]
    pub port: u16,
    /// How it is reached.
    #[command(flatten)]
    pub front: FrontArgs,
    /// Folder of the database, the secrets and nginx's files [default: .runwatch, for root
    /// /var/lib/runwatch]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Write `RUNWATCH_URL` and `RUNWATCH_API_KEY` (a key with all scopes) to this file, for its owner
    /// alone
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
    /// Use this database instead of a private PostgreSQL server; its user must be allowed to
    /// create roles, and a server on another machine must prove its name by TLS (.env.example). The passwords of the services' roles are set, so that only one installation
    /// can use it in this way
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Have six made-up agents send to the first project, the last 24 hours first; their runs have
    /// the tag demo. Use a data folder of its own: what they sent stays among your runs
    #[arg(long)]
    pub demo: bool,
}

/// Arguments of `runwatch migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Take back the last N migrations; what only they hold is lost
    #[arg(long, value_name = "N")]
    pub down: Option<u32>,
    /// The database.
    #[command(flatten)]
    pub admin: AdminArgs,
}
