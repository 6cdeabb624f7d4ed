//! Arguments of the commands for whoever runs the installation.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use runwatch_core::api_key::Scope;
use runwatch_core::ids::KeyId;
use runwatch_core::time::Timestamp;

use crate::clock::now;
use crate::time_span::TimeSpan;

/// Which installation a command works on.
#[derive(Clone, Debug, Args)]
pub struct AdminArgs {
    /// The database, as postgres://user:password@host:port/database [default: that of the data folder].
    /// What changes something needs `AUDIT_KEY` too, and making a key `API_KEY_PEPPER`, as control-api has
    /// them; both are in the data folder
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The folder of `runwatch up` [default: .runwatch, for root /var/lib/runwatch]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// What the audit log is hashed under; better by the variable, which no list of processes shows
    #[arg(long, env = "AUDIT_KEY", hide_env_values = true, hide = true)]
    pub audit_key: Option<String>,
    /// What the secrets of keys are hashed under; better by the variable
    #[arg(long, env = "API_KEY_PEPPER", hide_env_values = true, hide = true)]
    pub api_key_pepper: Option<String>,
}

/// What can be done with projects.
#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Create a project
    Create {
        /// Its name, unique in the installation
        name: String,
        /// The address of somebody who is to be its admin
        #[arg(long, value_name = "EMAIL")]
        admin: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The installation.
        #[command(flatten)]
        installation: AdminArgs,
    },
    /// List all projects
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The installation.
        #[command(flatten)]
        installation: AdminArgs,
    },
}

/// What can be done with API keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Create a key and print it; it cannot be shown again
    Create {
        /// The project that it belongs to
        #[arg(long, value_name = "NAME")]
        project: String,
        /// What you call it
        #[arg(long, default_value = "unnamed")]
        name: String,
        /// What it may do: ingest, read, alerts, admin, separated by commas
        #[arg(long, value_delimiter = ',', default_value = "ingest", value_parser = scope)]
        scope: Vec<Scope>,
        /// From when on it works no longer: a time such as 2027-11-21T08:00:00Z, or a span such as 90d
        #[arg(long, value_name = "WHEN", value_parser = to_come)]
        expires: Option<Timestamp>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The installation.
        #[command(flatten)]
        installation: AdminArgs,
    },
    /// Print a new key that nobody knows yet, for the setting `BOOTSTRAP_API_KEY`
    Generate,
    /// List the keys of a project, revoked ones too
    List {
        /// The project
        #[arg(long, value_name = "NAME")]
        project: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The installation.
        #[command(flatten)]
        installation: AdminArgs,
    },
    /// Revoke a key at once and for good
    Revoke {
        /// Its id, as `runwatch key list` shows it
        id: KeyId,
        /// The installation.
        #[command(flatten)]
        installation: AdminArgs,
    },
}

/// What can be done about people.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List everybody who was added
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The installation.
        #[command(flatten)]
        installation: AdminArgs,
    },
    /// Print a link by which somebody sets a new password, once and within a day
    PasswordLink {
        /// Their address
        email: String,
        /// Make them an admin of the installation, who makes projects and users
        #[arg(long)]
        instance_admin: bool,
        /// The URL under which people reach the installation [default: http://localhost:PORT]
        #[arg(long, env = "RUNWATCH_PUBLIC_URL", value_name = "URL")]
        public_url: Option<String>,
        /// The installation.
        #[command(flatten)]
        installation: AdminArgs,
    },
}

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Go through all entries, and say whether any was changed, left out, added or put elsewhere
    Verify {
        /// Only those of this project
        #[arg(long, value_name = "NAME")]
        project: Option<String>,
        /// What `audit heads` printed earlier and you kept elsewhere: proves too that no last entries were
        /// cut off, and that the whole was not written anew
        #[arg(long, value_name = "PATH")]
        heads: Option<PathBuf>,
        /// The installation.
        #[command(flatten)]
        installation: AdminArgs,
    },
    /// Print the last entry of each project as a line: project, number, hash. Keep them elsewhere
    Heads {
        /// The installation.
        #[command(flatten)]
        installation: AdminArgs,
    },
}

fn scope(name: &str) -> Result<Scope, String> {
    Scope::from_name(name)
        .ok_or_else(|| "a scope is one of ingest, read, alerts and admin".to_owned())
}

/// A moment to come, written as one or as a span of time from now.
pub(super) fn to_come(text: &str) -> Result<Timestamp, String> {
    let now = now();
    let span = text.parse::<TimeSpan>().ok();
    let at = span.map(|span| Timestamp(now.0.saturating_add(span.0)));
    let at = at.or_else(|| Timestamp::parse_rfc3339(text));
    at.filter(|at| *at > now).ok_or_else(|| {
        "write a time to come, such as 2027-11-21T08:00:00Z, or a span such as 90d".to_owned()
    })
}
