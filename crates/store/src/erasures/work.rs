//! What the worker does about erasures, one step after the other.

use chrono::{DateTime, Utc};
use diesel::OptionalExtension;
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::erasure::ErasureKind;
use runwatch_core::hash::ContentKey;
use runwatch_core::ids::ProjectId;
use runwatch_core::redact::pseudonym;

use crate::deletion;
use crate::erasures::{batch, finish};
use crate::error::{Result, StoreError};
use crate::pool::Conn;

#[derive(QueryableByName)]
struct Pending {
    #[diesel(sql_type = SqlUuid)]
    project_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    erasure_id: Uuid,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SmallInt)]
    kind: i16,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Timestamptz)]
    requested_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<BigInt>)]
    barrier: Option<i64>,
    #[diesel(sql_type = Bool)]
    is_past_barrier: bool,
    #[diesel(sql_type = SqlUuid)]
    content_key: Uuid,
}

/// An erasure that is being done.
pub(super) struct Job {
    pub(super) project: ProjectId,
    pub(super) id: Uuid,
    pub(super) kind: ErasureKind,
    /// The id that was asked for, and what may stand in its place.
    pub(super) ids: [String; 2],
    pub(super) requested_at: DateTime<Utc>,
    barrier: Option<i64>,
    is_past_barrier: bool,
}

/// What a step came to.
enum Step {
    /// Something was deleted, or begun: there is more to do at once.
    Went,
    /// Others have to end first.
    Waits,
    /// Nothing is left that it is about, and nobody writes any more who did not know.
    Ends(Box<Job>),
}

/// Takes every erasure that is not done a step further, and says for how many the next can follow at once.
/// Several processes may do it: each takes those that no other holds.
pub async fn turn(conn: &mut Conn) -> Result<usize> {
    let pending: Vec<Pending> = sql_query(
        "SELECT project_id, erasure_id FROM erasures WHERE done_at IS NULL ORDER BY requested_at",
    )
    .load(conn)
    .await?;
    let (mut went, mut failed) = (0, None);
    for Pending {
        project_id,
        erasure_id,
    } in pending
    {
        // One that fails holds up no other.
        match go_on(conn, ProjectId(project_id), erasure_id).await {
            Ok(true) => went += 1,
            Ok(false) => {}
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(went), Err)
}

/// Takes an erasure a step further; false if others have to end first.
async fn go_on(conn: &mut Conn, project: ProjectId, id: Uuid) -> Result<bool> {
    match step(conn, project, id).await? {
        Step::Went => Ok(true),
        Step::Waits => Ok(false),
        Step::Ends(job) => finish::finish(conn, &job).await,
    }
}

async fn step(conn: &mut Conn, project: ProjectId, id: Uuid) -> Result<Step> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        deletion::by_keys_only(conn).await?;
        let Some(job) = lock(conn, project, id).await? else {
            return Ok(Step::Waits);
        };
        if batch::erase_runs(conn, &job).await? || batch::erase_feedback(conn, &job).await? {
            return Ok(Step::Went);
        }
        // A flush may hold a run.
        if batch::is_any_left(conn, &job).await? {
            return Ok(Step::Waits);
        }
        if job.barrier.is_none() {
            wait_for_others(conn, &job).await?;
            return Ok(Step::Went);
        }
        Ok(if job.is_past_barrier {
            Step::Ends(Box::new(job))
        } else {
            Step::Waits
        })
    })
    .await
}

/// Locks an erasure that is not done, unless another process has it.
async fn lock(conn: &mut Conn, project: ProjectId, id: Uuid) -> Result<Option<Job>> {
    let row: Option<Row> = sql_query(
        "SELECT e.kind, coalesce(e.subject, '') AS subject, e.requested_at, e.barrier, p.content_key,
             coalesce(pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= e.barrier, false)
                 AS is_past_barrier
         FROM erasures e JOIN projects p USING (project_id)
         WHERE project_id = $1 AND erasure_id = $2 AND done_at IS NULL FOR UPDATE OF e SKIP LOCKED",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<SqlUuid, _>(id)
    .get_result(conn)
    .await
    .optional()?;
    Ok(row.map(|row| {
        let pseudonym = pseudonym(ContentKey::new(row.content_key), &row.subject);
        Job {
            project,
            id,
            kind: ErasureKind::from_code(row.kind),
            ids: [row.subject, pseudonym],
            requested_at: row.requested_at,
            barrier: row.barrier,
            is_past_barrier: row.is_past_barrier,
        }
    }))
}

/// Notes that every transaction under way has to be over. One that wrote before a tombstone was there may
/// commit afterwards; one that begins to write from now on sees it.
async fn wait_for_others(conn: &mut Conn, job: &Job) -> Result<()> {
    sql_query(
        "UPDATE erasures SET barrier = pg_snapshot_xmax(pg_current_snapshot())::text::bigint
         WHERE project_id = $1 AND erasure_id = $2",
    )
    .bind::<SqlUuid, _>(job.project.0)
    .bind::<SqlUuid, _>(job.id)
    .execute(conn)
    .await?;
    Ok(())
}
