//! What `runwatch doctor` asks the database about itself. Nothing here needs more than a login,
//! unless it says so: what the role that asks may not see is `None`.

mod rights;

pub use rights::{Right, roles_and_rights};

use chrono::{DateTime, Utc};
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

use runwatch_core::limits::PARTITION_DAYS_AHEAD;
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::migrate::MIGRATIONS;
use crate::pool::Conn;

/// The oldest version of PostgreSQL whose features the schema uses, as `server_version_num` has it.
pub const VERSION_MIN: i32 = 150_000;

/// The server and the database on it.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its version for people, such as `15.18`.
    pub version: String,
    /// The same as a number, such as 150018.
    pub version_number: i32,
    /// Where its data lie on its own machine; only those who may see all settings see it.
    pub data_directory: Option<String>,
    /// Whether the connection comes from the server's own machine.
    pub is_local: bool,
    /// Bytes of the database.
    pub database_bytes: i64,
    /// Its clock when it answered.
    pub now: Timestamp,
}

/// Migrations, compared with those that this program knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrations {
    /// Versions of those that are still to be run.
    pub pending: Vec<String>,
    /// Versions that were run and that this program does not know: a newer one was here.
    pub unknown: Vec<String>,
}

/// How far ahead a partitioned table has its daily partitions.
#[derive(Clone, Debug, PartialEq, Eq, diesel::QueryableByName)]
pub struct PartitionsAhead {
    /// The table.
    #[diesel(sql_type = Text)]
    pub table: String,
    /// Days from today on that have theirs without a gap, today counted.
    #[diesel(sql_type = BigInt)]
    pub days: i64,
}

/// Asks the server about itself.
pub async fn server(conn: &mut Conn) -> Result<Server> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        version: String,
        #[diesel(sql_type = Integer)]
        version_number: i32,
        #[diesel(sql_type = Nullable<Text>)]
        data_directory: Option<String>,
        #[diesel(sql_type = Bool)]
        is_local: bool,
        #[diesel(sql_type = BigInt)]
        database_bytes: i64,
        #[diesel(sql_type = Timestamptz)]
        now: DateTime<Utc>,
    }
    // pg_settings leaves out what the role may not see, where SHOW would fail.
    let row: Row = diesel::sql_query(
        "SELECT current_setting('server_version') AS version,
             current_setting('server_version_num')::integer AS version_number,
             (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS data_directory,
             coalesce(inet_client_addr() = inet_server_addr(), true) AS is_local,
             pg_database_size(current_database()) AS database_bytes,
             clock_timestamp() AS now",
    )
    .get_result(conn)
    .await?;
    let Row {
        version,
        version_number,
        data_directory,
        is_local,
        database_bytes,
        now,
    } = row;
    Ok(Server {
        version,
        version_number,
        data_directory,
        is_local,
        database_bytes,
        now: Timestamp(now.timestamp_micros()),
    })
}

/// Compares the migrations that were run with those that this program knows; none if the role may
/// not see them.
pub async fn migrations(conn: &mut Conn) -> Result<Option<Migrations>> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let known = known_versions();
    let run: Vec<String> = match may_see_migrations(conn).await? {
        None => {
            return Ok(Some(Migrations {
                pending: known,
                unknown: Vec::new(),
            }));
        }
        Some(false) => return Ok(None),
        Some(true) => {
            let rows: Vec<Row> = diesel::sql_query(
                "SELECT version::text FROM __diesel_schema_migrations ORDER BY 1",
            )
            .load(conn)
            .await?;
            rows.into_iter().map(|row| row.version).collect()
        }
    };
    let without = |some: &[String], others: &[String]| {
        let missing = some.iter().filter(|version| !others.contains(version));
        missing.cloned().collect()
    };
    Ok(Some(Migrations {
        pending: without(&known, &run),
        unknown: without(&run, &known),
    }))
}

/// Whether the role may see which migrations were run; none if none ever were.
async fn may_see_migrations(conn: &mut Conn) -> Result<Option<bool>> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Bool>)]
        may: Option<bool>,
    }
    let row: Row = diesel::sql_query(
        "SELECT has_table_privilege(to_regclass('public.__diesel_schema_migrations'), 'SELECT') AS may",
    )
    .get_result(conn)
    .await?;
    Ok(row.may)
}

fn known_versions() -> Vec<String> {
    let known = MigrationSource::<Pg>::migrations(&MIGRATIONS).unwrap_or_default();
    let mut versions: Vec<String> = known
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    versions.sort();
    versions
}

/// Tables of projects that do not force row-level security, so that their owner would see the rows
/// of every project.
pub async fn unguarded_tables(conn: &mut Conn) -> Result<Vec<String>> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT c.relname::text AS name
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'project_id'
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
             AND NOT c.relispartition AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
         ORDER BY 1",
    )
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// How far ahead each partitioned table has its daily partitions, those with the fewest first.
pub async fn partitions_ahead(conn: &mut Conn) -> Result<Vec<PartitionsAhead>> {
    Ok(diesel::sql_query(
        "SELECT p.relname::text AS \"table\",
             coalesce(min(n) FILTER (WHERE to_regclass(
                 'public.' || p.relname || '_' || to_char(today + n, 'YYYYMMDD')) IS NULL),
                 $1 + 1)::bigint AS days
         FROM pg_class p,
             (SELECT (rw_now() AT TIME ZONE 'UTC')::date AS today) t,
             generate_series(0, $1::integer) n
         WHERE p.relnamespace = 'public'::regnamespace AND p.relkind = 'p'
         GROUP BY p.relname ORDER BY days, p.relname",
    )
    .bind::<BigInt, _>(PARTITION_DAYS_AHEAD)
    .load(conn)
    .await?)
}
