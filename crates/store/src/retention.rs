//! Retention: what is older than a project keeps its data is deleted.
//!
//! Each step is a transaction of a bounded size, and finds anew what is due: one that is broken off is
//! rolled back, and the next does it. A run goes when nothing was received of it for that long, whole; the
//! rollups by the hour stay, as they are sums without content.

mod rest;

use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::ids::ProjectId;

pub use crate::deletion::Deleted;
use crate::deletion::{self, Doomed};
use crate::error::{Result, StoreError};
use crate::pool::{Conn, try_lock};
use crate::{project_settings, search};

/// Namespace of the advisory locks that let one process at a time delete of a project: "rwrt".
const LOCKS: i64 = i64::from_be_bytes(*b"rwrt\0\0\0\0");

/// A project that keeps its data for so many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// The project.
    pub project: ProjectId,
    /// For how many days.
    pub days: u32,
}

/// What one step deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Runs, and what was stored of them.
    pub of_runs: Deleted,
    /// Judgements of runs that never came.
    pub feedback: usize,
    /// Refused items.
    pub quarantined: usize,
    /// Failure groups of which no failure is left.
    pub failure_groups: usize,
    /// Rows of the rollups by the minute.
    pub usage_minutes: usize,
    /// Segments of the search index.
    pub search_segments: usize,
}

impl Forgotten {
    /// Whether it was nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    project_id: Uuid,
    #[diesel(sql_type = Text)]
    settings: String,
}

/// The projects that do not keep everything. One whose settings cannot be read keeps it.
pub async fn projects(conn: &mut Conn) -> Result<Vec<Keeping>> {
    let rows: Vec<Row> =
        sql_query("SELECT project_id, settings FROM project_settings ORDER BY project_id")
            .load(conn)
            .await?;
    let mut keeping = Vec::new();
    for row in rows {
        let project = ProjectId(row.project_id);
        match project_settings::read(&row.settings) {
            Ok(settings) => {
                let days = settings.retention_days;
                keeping.extend(days.map(|days| Keeping { project, days }));
            }
            Err(error) => tracing::error!(%project, %error, "Nothing is deleted of this project"),
        }
    }
    Ok(keeping)
}

/// Deletes the next of what is too old: nothing if nothing is, or if another process is at it.
pub async fn forget(conn: &mut Conn, keeping: Keeping) -> Result<Forgotten> {
    let mut forgotten = Forgotten {
        of_runs: forget_runs(conn, keeping).await?,
        ..Forgotten::default()
    };
    if forgotten.of_runs.runs == 0 {
        rest::forget(conn, keeping, &mut forgotten).await?;
        let (project, days) = (keeping.project, keeping.days);
        forgotten.search_segments = search::forget_before(conn, project, i64::from(days)).await?;
    }
    Ok(forgotten)
}

/// The oldest runs of which nothing was received since. Those that a flush holds are left for the next time.
async fn forget_runs(conn: &mut Conn, keeping: Keeping) -> Result<Deleted> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        if !lock(conn, keeping.project).await? {
            return Ok(Deleted::default());
        }
        deletion::by_keys_only(conn).await?;
        let runs: Vec<Doomed> = sql_query(
            "SELECT run_id, run_day, steps FROM agent_runs
             WHERE project_id = $1 AND received_at < rw_now() - $2 * interval '1 day'
                 AND last_received_at < rw_now() - $2 * interval '1 day'
             ORDER BY received_at LIMIT $3 FOR UPDATE SKIP LOCKED",
        )
        .bind::<SqlUuid, _>(keeping.project.0)
        .bind::<BigInt, _>(i64::from(keeping.days))
        .bind::<BigInt, _>(deletion::RUNS_PER_TRANSACTION)
        .load(conn)
        .await?;
        if runs.is_empty() {
            return Ok(Deleted::default());
        }
        let runs = deletion::bounded(runs);
        let (deleted, _) = deletion::delete(conn, keeping.project, &runs).await?;
        Ok(deleted)
    })
    .await
}

/// Lets one process at a time delete of a project.
async fn lock(conn: &mut Conn, project: ProjectId) -> Result<bool> {
    let last: [u8; 4] = *project.0.as_bytes().last_chunk().expect("it has 16");
    try_lock(conn, LOCKS | i64::from(u32::from_be_bytes(last))).await
}

#[derive(QueryableByName)]
struct Dropped {
    #[diesel(sql_type = Integer)]
    dropped: i32,
}

/// Drops a partition from before yesterday in which nothing is left, and says how many it were: one, or none.
pub async fn drop_empty_partition(conn: &mut Conn) -> Result<i32> {
    let dropped: Dropped = sql_query(
        "SELECT drop_empty_partitions((rw_now() AT TIME ZONE 'UTC')::date - 1) AS dropped",
    )
    .get_result(conn)
    .await?;
    Ok(dropped.dropped)
}
