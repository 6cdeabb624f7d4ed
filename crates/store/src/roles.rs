//! The database roles of the services.

use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use crate::error::Result;
use crate::pool::Conn;

/// The role of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says whose it is")]
pub enum ServiceRole {
    Ingest,
    Query,
    Control,
    Worker,
}

impl ServiceRole {
    /// Its name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "runwatch_ingest",
            Self::Query => "runwatch_query",
            Self::Control => "runwatch_control",
            Self::Worker => "runwatch_worker",
        }
    }
}

/// The roles that services sign in as: one each.
pub const SERVICE_ROLES: [&str; 4] = [
    "runwatch_ingest",
    "runwatch_query",
    "runwatch_control",
    "runwatch_worker",
];

/// Makes the roles and the owner of the schema, as far as they are missing (db/roles.sql).
pub(crate) async fn ensure(conn: &mut Conn) -> Result<()> {
    Ok(conn
        .batch_execute(include_str!("../../../db/roles.sql"))
        .await?)
}

/// Sets the password of one of the [`SERVICE_ROLES`].
pub async fn set_password(conn: &mut Conn, role: &str, password: &str) -> Result<()> {
    // ALTER ROLE takes no parameters, so Postgres itself quotes the two values.
    #[derive(diesel::QueryableByName)]
    struct Statement {
        #[diesel(sql_type = diesel::sql_types::Text)]
        statement: String,
    }
    let quoted: Statement =
        diesel::sql_query("SELECT format('ALTER ROLE %I PASSWORD %L', $1, $2) AS statement")
            .bind::<diesel::sql_types::Text, _>(role)
            .bind::<diesel::sql_types::Text, _>(password)
            .get_result(conn)
            .await?;
    Ok(conn.batch_execute(&quoted.statement).await?)
}
