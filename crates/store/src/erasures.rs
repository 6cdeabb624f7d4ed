//! Erasures: what is stored of a user or a session is deleted because somebody asks for it, and is not
//! taken again.
//!
//! control-api writes down what is asked ([`create`]), the worker does it ([`turn`]): runs go whole, in batches, each
//! with a tombstone in the transaction that deletes it (`batch`). Then it waits until every transaction
//! that may not have seen the tombstones is over, and takes out what they and others left elsewhere
//! (`finish`). What was received after the erasure was asked for is not part of it.

mod batch;
mod finish;
mod work;

pub use work::turn;

use chrono::{DateTime, Utc};
use diesel::OptionalExtension;
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::erasure::ErasureKind;
use runwatch_core::ids::ProjectId;
use runwatch_core::limits::ERASURES_LISTED_MAX;
use runwatch_core::time::Timestamp;

use crate::error::{Result, StoreError};
use crate::pool::Conn;

/// An erasure, without whom it is about.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// Its id.
    pub id: Uuid,
    /// What it is about.
    pub kind: ErasureKind,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it was done; none if it is not yet.
    pub done_at: Option<Timestamp>,
    /// What was deleted so far.
    pub counts: Counts,
}

/// What an erasure deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Runs.
    pub runs: i64,
    /// Their steps.
    pub steps: i64,
    /// Pieces in which their inputs and outputs lay.
    pub payload_chunks: i64,
    /// Their failures.
    pub failures: i64,
    /// Judgements of these runs, and of others by the user.
    pub feedback: i64,
    /// Refused items.
    pub quarantined: i64,
    /// Failure groups that had failures of these runs.
    pub failure_groups: i64,
}

/// The columns of an erasure that may be shown.
const COLUMNS: &str =
    "erasure_id, kind, requested_at, done_at, runs, steps, payload_chunks, failures,
    feedback, quarantined, failure_groups";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    erasure_id: Uuid,
    #[diesel(sql_type = SmallInt)]
    kind: i16,
    #[diesel(sql_type = Timestamptz)]
    requested_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    done_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = BigInt)]
    runs: i64,
    #[diesel(sql_type = BigInt)]
    steps: i64,
    #[diesel(sql_type = BigInt)]
    payload_chunks: i64,
    #[diesel(sql_type = BigInt)]
    failures: i64,
    #[diesel(sql_type = BigInt)]
    feedback: i64,
    #[diesel(sql_type = BigInt)]
    quarantined: i64,
    #[diesel(sql_type = BigInt)]
    failure_groups: i64,
}

/// Asks for an erasure.
pub async fn create(
    conn: &mut Conn,
    project: ProjectId,
    kind: ErasureKind,
    subject: &str,
) -> Result<Erasure> {
    let row: Row = sql_query(format!(
        "INSERT INTO erasures (project_id, erasure_id, kind, subject, requested_at)
         VALUES ($1, $2, $3, $4, rw_now()) RETURNING {COLUMNS}"
    ))
    .bind::<SqlUuid, _>(project.0)
    .bind::<SqlUuid, _>(Uuid::now_v7())
    .bind::<SmallInt, _>(kind.code())
    .bind::<Text, _>(subject)
    .get_result(conn)
    .await?;
    Ok(row.into())
}

/// The latest erasures of a project, [`ERASURES_LISTED_MAX`] at most.
pub async fn list(conn: &mut Conn, project: ProjectId) -> Result<Vec<Erasure>> {
    let rows: Vec<Row> = sql_query(format!(
        "SELECT {COLUMNS} FROM erasures WHERE project_id = $1
         ORDER BY requested_at DESC, erasure_id DESC LIMIT $2"
    ))
    .bind::<SqlUuid, _>(project.0)
    .bind::<BigInt, _>(ERASURES_LISTED_MAX)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(Erasure::from).collect())
}

/// One erasure of a project.
pub async fn find(conn: &mut Conn, project: ProjectId, id: Uuid) -> Result<Erasure> {
    let row: Option<Row> = sql_query(format!(
        "SELECT {COLUMNS} FROM erasures WHERE project_id = $1 AND erasure_id = $2"
    ))
    .bind::<SqlUuid, _>(project.0)
    .bind::<SqlUuid, _>(id)
    .get_result(conn)
    .await
    .optional()?;
    row.map(Erasure::from).ok_or(StoreError::NotFound)
}

impl From<Row> for Erasure {
    fn from(row: Row) -> Self {
        let time = |at: DateTime<Utc>| Timestamp(at.timestamp_micros());
        Self {
            id: row.erasure_id,
            kind: ErasureKind::from_code(row.kind),
            requested_at: time(row.requested_at),
            done_at: row.done_at.map(time),
            counts: Counts {
                runs: row.runs,
                steps: row.steps,
                payload_chunks: row.payload_chunks,
                failures: row.failures,
                feedback: row.feedback,
                quarantined: row.quarantined,
                failure_groups: row.failure_groups,
            },
        }
    }
}
