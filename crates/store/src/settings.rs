//! Whether the database is set up so that what it acknowledges is safe.

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use crate::error::Result;
use crate::pool::Conn;

/// The settings without which a commit may be lost, and must be on.
const DURABILITY: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];

/// Why a service must not say that it is ready.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFit {
    /// A commit could be lost.
    #[error(
        "{0} is {1} in this database, so that an acknowledged commit could be lost: turn it on"
    )]
    NotDurable(String, String),
    /// The database takes no writes.
    #[error("this database is read-only, because it is a standby or was set so")]
    ReadOnly,
    /// The schema is older than this program.
    #[error("the database's schema is older than this program: run `runwatch migrate`")]
    OldSchema,
}

#[derive(diesel::QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    value: String,
}

/// Checks that commits are durable and that writes are taken: the first thing that is wrong.
pub async fn check_writable(conn: &mut Conn) -> Result<Option<NotFit>> {
    Ok(check_settings(conn).await?.into_iter().next())
}

/// Everything that is wrong with the settings of the database.
pub async fn check_settings(conn: &mut Conn) -> Result<Vec<NotFit>> {
    let settings: Vec<Setting> = diesel::sql_query(
        "SELECT name, current_setting(name) AS value FROM unnest(ARRAY['fsync', 'full_page_writes', \
         'synchronous_commit', 'transaction_read_only']) AS name",
    )
    .load(conn)
    .await?;
    // synchronous_commit may also be local, remote_write or remote_apply: all of them flush.
    let wrong = |Setting { name, value }| match name.as_str() {
        "transaction_read_only" if value == "on" => Some(NotFit::ReadOnly),
        durable if DURABILITY.contains(&durable) && value == "off" => {
            Some(NotFit::NotDurable(name, value))
        }
        _ => None,
    };
    Ok(settings.into_iter().filter_map(wrong).collect())
}
