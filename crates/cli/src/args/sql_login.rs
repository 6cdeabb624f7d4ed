//! Arguments of `runwatch sql-login`.

use clap::{Args, Subcommand};
use runwatch_core::limits::{SQL_CONNECTIONS_MAX, SQL_STATEMENT_SECONDS_MAX};
use runwatch_core::time::Timestamp;
use runwatch_store::sql_logins::LoginName;

use super::AdminArgs;
use super::admin::to_come;

/// What can be done with SQL logins.
#[derive(Debug, Subcommand)]
pub enum SqlLoginCommand {
    /// Make a login that reads one project, and print how to connect; it cannot be shown again
    Create(NewSqlLoginArgs),
    /// List all logins
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The installation.
        #[command(flatten)]
        installation: AdminArgs,
    },
    /// Take logins away for good, and end their connections
    Revoke {
        /// The login
        #[arg(required_unless_present = "expired")]
        name: Option<LoginName>,
        /// All that have expired, which let nobody in any more
        #[arg(long, conflicts_with = "name")]
        expired: bool,
        /// The installation.
        #[command(flatten)]
        installation: AdminArgs,
    },
}

/// Arguments of `runwatch sql-login create`.
#[derive(Debug, Args)]
pub struct NewSqlLoginArgs {
    /// What it is called: the role in the database is `runwatch_sql_NAME`. Best one for each person or program
    pub name: LoginName,
    /// The project that it reads
    #[arg(long, value_name = "NAME")]
    pub project: String,
    /// From when on it works no longer: a time such as 2027-11-21T08:00:00Z, or a span such as 90d
    #[arg(long, value_name = "WHEN", default_value = "90d", value_parser = to_come)]
    pub expires: Timestamp,
    /// Connections that it may have at a time
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = clap::value_parser!(i32).range(1..=i64::from(SQL_CONNECTIONS_MAX)))]
    pub connections: i32,
    /// Seconds that one of its statements may take
    #[arg(long, value_name = "S", default_value_t = 60,
        value_parser = clap::value_parser!(i32).range(1..=i64::from(SQL_STATEMENT_SECONDS_MAX)))]
    pub timeout: i32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The installation.
    #[command(flatten)]
    pub installation: AdminArgs,
}
