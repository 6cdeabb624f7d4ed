//! The command line.

mod admin;
mod demo;
mod doctor;
mod runs;
pub mod server;
mod sql_login;
mod tail;
mod validate;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;

pub use self::admin::{AdminArgs, AuditCommand, KeyCommand, ProjectCommand, UserCommand};
pub use self::demo::DemoArgs;
pub use self::doctor::DoctorArgs;
pub use self::runs::{ListRunsArgs, RunsCommand, ShowRunArgs};
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
    /// Let analysts ask the database themselves, in SQL: each sees one project, and changes nothing
    #[command(subcommand)]
    SqlLogin(SqlLoginCommand),
    /// Prove that nobody changed the audit log
    #[command(subcommand)]
    Audit(AuditCommand),
}

/// Arguments of `runwatch up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Public port P. The services take P+1 (ingest-api), P+2 (query-api), P+3 (control-api), P+4
    /// (alert-worker) and P+6 (PostgreSQL) on 127.0.0.1, ingest-api P+5 for gRPC as well; with TLS, nginx
    /// P+8 in clear text for this machine. Leave 10 ports between two installations
    #[arg(long, value_name = "P", default_value_t = PORT)]
    pub port: u16,
    /// Public port for OTLP over gRPC [default: 4317 if P is 8080, else P+7]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub grpc_port: Option<u16>,
    /// Public address. Anything but loopback needs TLS for people to sign in: name a certificate, or put
    /// a proxy before it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub listen: IpAddr,
    /// Speak TLS with this certificate, a PEM file that may hold those that lead to a known one
    #[arg(
        long,
        env = "RUNWATCH_TLS_CERT",
        value_name = "PATH",
        requires = "tls_key"
    )]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's key, a PEM file
    #[arg(
        long,
        env = "RUNWATCH_TLS_KEY",
        value_name = "PATH",
        requires = "tls_cert"
    )]
    pub tls_key: Option<PathBuf>,
    /// A proxy before this installation, which is believed about the client's address
    /// (X-Forwarded-For) and about TLS (X-Forwarded-Proto): a network such as 10.0.0.0/8, or an address;
    /// may be repeated [default: this machine]
    #[arg(long = "trusted-proxy", env = "RUNWATCH_TRUSTED_PROXIES", value_name = "NETWORK",
        value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,
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
    /// The URL under which people reach this installation [default: http://LISTEN:PORT, https with TLS]
    #[arg(long, env = "RUNWATCH_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Requests a second that one client address may send to ingest-api; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub ingest_rate_limit: u32,
    /// Requests a second that one client address may send to query-api; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub query_rate_limit: u32,
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

fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse().or_else(|_not_a_network| address());
    network.map_err(|_neither| "it must be a network such as 10.0.0.0/8, or an address".to_owned())
}
