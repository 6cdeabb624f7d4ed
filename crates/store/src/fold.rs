//! Folding: the single job that writes what several runs share.
//!
//! Ingest appends deltas, and one folder at a time (an advisory lock sees to it) deletes some of
//! them and adds them to the tables in the same transaction. There is no watermark: a delta that is
//! not folded is a row that is still there, and readers add those rows themselves.

pub(crate) mod groups;
mod outcomes;
mod usage;

use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Binary};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::ids::ProjectId;
use runwatch_core::rollup::Deltas;

use crate::error::{Result, StoreError};
use crate::pool::{Conn, try_lock};

/// Rows of deltas folded in one transaction.
const BATCH: i64 = 2_000;
/// Key of the advisory lock that lets one process fold at a time: its letters are "rw-fold".
pub(crate) const LOCK: i64 = i64::from_be_bytes(*b"\0rw-fold");

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    project_id: Uuid,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

/// Folds the next deltas in one transaction and says how many rows they were: 0 if there are none,
/// or if another process is folding.
pub async fn fold(conn: &mut Conn) -> Result<usize> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        if !try_lock(conn, LOCK).await? {
            return Ok(0);
        }
        next(conn).await
    })
    .await
}

/// Folds everything that is committed, in the transaction; false if another process is folding.
pub(crate) async fn all(conn: &mut Conn) -> Result<bool> {
    if !try_lock(conn, LOCK).await? {
        return Ok(false);
    }
    while i64::try_from(next(conn).await?) == Ok(BATCH) {}
    Ok(true)
}

/// Folds the next deltas; the transaction has the lock.
async fn next(conn: &mut Conn) -> Result<usize> {
    let rows: Vec<Row> = diesel::sql_query(
        "DELETE FROM usage_deltas WHERE (project_id, delta_id) IN (
                 SELECT project_id, delta_id FROM usage_deltas ORDER BY delta_id LIMIT $1)
             RETURNING project_id, body",
    )
    .bind::<BigInt, _>(BATCH)
    .load(conn)
    .await?;
    let folded = rows.len();
    for (project, deltas) in by_project(rows)? {
        usage::fold(conn, project, &deltas.usage).await?;
        groups::fold(conn, project, &deltas.groups).await?;
        outcomes::fold(conn, project, &deltas.outcomes).await?;
    }
    Ok(folded)
}

fn by_project(rows: Vec<Row>) -> Result<BTreeMap<ProjectId, Deltas>> {
    let mut projects: BTreeMap<ProjectId, Deltas> = BTreeMap::new();
    for row in rows {
        let deltas = Deltas::from_bytes(&row.body)?;
        projects
            .entry(ProjectId(row.project_id))
            .or_default()
            .merge(deltas);
    }
    projects.values_mut().for_each(Deltas::compact);
    Ok(projects)
}
