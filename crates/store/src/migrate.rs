//! Migrations: the schema's way up and down, under a lock that lets one process do it at a time.

use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel_async::{AsyncMigrationHarness, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::error::StoreError;
use crate::pool::{Conn, connect};
use crate::{partitions, roles};

pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../db/migrations");

/// Key of the advisory lock: "runwatch" as bytes.
const LOCK: i64 = i64::from_be_bytes(*b"runwatch");

/// What a migration did.
#[derive(Debug, Default)]
pub struct Migrated {
    /// Names of the migrations that were run, in their order.
    pub applied: Vec<String>,
}

/// Why a migration failed.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database could not be reached or refused a statement around the migrations.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A migration itself failed; it was rolled back.
    #[error("a migration failed: {0}")]
    Migration(Box<dyn std::error::Error + Send + Sync>),
}

/// Makes the roles, runs all pending migrations as the owner, and makes the partitions ahead.
/// `admin_url` names somebody who may create roles. Needs a multi-threaded runtime.
pub async fn up(admin_url: &str) -> Result<Migrated, MigrateError> {
    let mut conn = locked(admin_url).await?;
    roles::ensure(&mut conn).await?;
    as_owner(&mut conn).await?;
    let (mut conn, applied) = run(conn, |harness| {
        let done = harness.run_pending_migrations(MIGRATIONS)?;
        Ok(done.iter().map(ToString::to_string).collect())
    })?;
    partitions::make_ahead(&mut conn).await?;
    Ok(Migrated { applied })
}

/// Takes back the last `steps` migrations.
pub async fn down(admin_url: &str, steps: u32) -> Result<Migrated, MigrateError> {
    let mut conn = locked(admin_url).await?;
    as_owner(&mut conn).await?;
    let (_, applied) = run(conn, |harness| {
        let count = harness.applied_migrations()?.len().min(steps as usize);
        let revert = |_| Ok(harness.revert_last_migration(MIGRATIONS)?.to_string());
        (0..count).map(revert).collect()
    })?;
    Ok(Migrated { applied })
}

/// How many migrations this version knows.
pub fn known() -> usize {
    MigrationSource::<Pg>::migrations(&MIGRATIONS).map_or(0, |all| all.len())
}

type Harness = AsyncMigrationHarness<Conn>;
type Done<T> = diesel::migration::Result<T>;

fn run(
    conn: Conn,
    work: impl FnOnce(&mut Harness) -> Done<Vec<String>>,
) -> Result<(Conn, Vec<String>), MigrateError> {
    let mut harness = AsyncMigrationHarness::new(conn);
    let applied = work(&mut harness).map_err(MigrateError::Migration)?;
    Ok((harness.into_inner(), applied))
}

async fn locked(admin_url: &str) -> Result<Conn, StoreError> {
    let mut conn = connect(admin_url).await?;
    let lock = format!("SELECT pg_advisory_lock({LOCK})");
    diesel::sql_query(lock).execute(&mut conn).await?;
    Ok(conn)
}

/// Everything is to belong to the owner, whoever runs the migration.
async fn as_owner(conn: &mut Conn) -> Result<(), StoreError> {
    diesel::sql_query("SET ROLE runwatch_owner")
        .execute(conn)
        .await?;
    Ok(())
}
