//! What a project takes on the disk, about: rows are counted and sampled, since reading all of them would take
//! longer than it is worth.
//!
//! A day that is over is measured once and remembered, until something is deleted of it; today and
//! yesterday are measured each time. What comes later for a run of an earlier day is not noticed. Measured
//! against the tables of a filled database it is right to within a fifth; rollups, feedback and what vacuum
//! has not freed yet are left out.

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Date, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use runwatch_core::ids::ProjectId;

use crate::deletion;
use crate::error::{Result, StoreError};
use crate::pool::Conn;
use crate::project_settings;

/// Bytes of a run beside its claims, contribution and findings: its columns and what nine indexes have of it.
const RUN_BYTES: i64 = 1_200;
/// Bytes that the index has of a step.
const STEP_INDEX_BYTES: i64 = 80;
/// Bytes of a payload chunk beside its contents.
const CHUNK_BYTES: i64 = 250;
/// Bytes of a failure beside its texts, in its row and three indexes.
const FAILURE_BYTES: i64 = 400;
/// Bytes of a refused item beside its contents.
const QUARANTINED_BYTES: i64 = 250;
/// Namespace of the advisory locks by which days are not measured while they are deleted from: "rwst".
const LOCKS: i32 = i32::from_be_bytes(*b"rwst");

#[derive(QueryableByName)]
struct Settings {
    #[diesel(sql_type = SqlUuid)]
    project_id: Uuid,
    #[diesel(sql_type = Text)]
    settings: String,
}

#[derive(QueryableByName)]
struct Day {
    #[diesel(sql_type = Date)]
    day: NaiveDate,
}

#[derive(QueryableByName)]
struct Bytes {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// The days of a project that have runs and are to be measured.
const DAYS: &str = "
    WITH today AS (SELECT (rw_now() AT TIME ZONE 'UTC')::date AS today),
    days AS (
        SELECT right(c.relname, 8)::date AS day FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.agent_steps'::regclass)
    SELECT day FROM days, today
    WHERE day <= today
        AND (day >= today - 1 OR NOT EXISTS (
            SELECT FROM project_storage s WHERE s.project_id = $1 AND s.run_day = day))
        AND EXISTS (SELECT FROM agent_runs r WHERE r.project_id = $1
            AND r.received_at >= day::timestamp AT TIME ZONE 'UTC'
            AND r.received_at < (day + 1)::timestamp AT TIME ZONE 'UTC')
    ORDER BY day";

/// What the runs of one day take: of steps, whose number the runs know, some tell the size of all.
const DAY: &str = "
    WITH runs AS (
        SELECT coalesce(sum($3 + pg_column_size(claims) + pg_column_size(contribution)
            + coalesce(pg_column_size(findings), 0)), 0) AS bytes, coalesce(sum(steps), 0) AS steps
        FROM agent_runs WHERE project_id = $1
            AND received_at >= $2::timestamp AT TIME ZONE 'UTC'
            AND received_at < ($2 + 1)::timestamp AT TIME ZONE 'UTC'),
    chunks AS (
        SELECT coalesce(sum($5 + pg_column_size(steps) + pg_column_size(body) * 21 / 20), 0) AS bytes
        FROM agent_payloads WHERE project_id = $1 AND run_day = $2),
    failures AS (
        SELECT coalesce(sum($6 + pg_column_size(message) + pg_column_size(step_name)), 0) AS bytes
        FROM agent_failures WHERE project_id = $1 AND run_day = $2),
    step AS (
        SELECT coalesce(avg($4 + pg_column_size(sampled.*)), 0) AS bytes FROM (
            SELECT * FROM agent_steps WHERE project_id = $1 AND run_day = $2 LIMIT 1000) sampled)
    SELECT (runs.bytes + chunks.bytes + failures.bytes + runs.steps * step.bytes)::bigint AS bytes
    FROM runs, chunks, failures, step";

/// What the project takes altogether.
const TOTAL: &str = "
    SELECT ((SELECT coalesce(sum(bytes), 0) FROM project_storage WHERE project_id = $1)
        + (SELECT coalesce(sum(bytes * 11 / 10 + octet_length(ranks)), 0) FROM search_segments
            WHERE project_id = $1)
        + (SELECT coalesce(sum($2 + pg_column_size(body) + pg_column_size(message)), 0) FROM quarantine
            WHERE project_id = $1))::bigint AS bytes";

/// The projects that have a quota of stored bytes.
pub async fn projects(conn: &mut Conn) -> Result<Vec<ProjectId>> {
    let rows: Vec<Settings> =
        sql_query("SELECT project_id, settings FROM project_settings ORDER BY project_id")
            .load(conn)
            .await?;
    let has_quota = |row: &Settings| {
        let settings = project_settings::read(&row.settings);
        settings.is_ok_and(|settings| settings.quotas.stored_bytes.is_some())
    };
    let with_quota = rows.into_iter().filter(has_quota);
    Ok(with_quota.map(|row| ProjectId(row.project_id)).collect())
}

/// Measures what a project takes, writes it down and gives it back.
pub async fn measure(conn: &mut Conn, project: ProjectId) -> Result<i64> {
    let days: Vec<Day> = sql_query(DAYS)
        .bind::<SqlUuid, _>(project.0)
        .load(conn)
        .await?;
    for Day { day } in days {
        measure_day(conn, project, day).await?;
    }
    conn.transaction::<_, StoreError, _>(async |conn| {
        let Bytes { bytes } = sql_query(TOTAL)
            .bind::<SqlUuid, _>(project.0)
            .bind::<BigInt, _>(QUARANTINED_BYTES)
            .get_result(conn)
            .await?;
        sql_query(
            "UPDATE project_settings SET stored_bytes = $2, measured_at = rw_now() WHERE project_id = $1",
        )
        .bind::<SqlUuid, _>(project.0)
        .bind::<BigInt, _>(bytes)
        .execute(conn)
        .await?;
        Ok(bytes)
    })
    .await
}

async fn measure_day(conn: &mut Conn, project: ProjectId, day: NaiveDate) -> Result<()> {
    conn.transaction::<_, StoreError, _>(async |conn| {
        lock(conn, project).await?;
        deletion::by_keys_only(conn).await?;
        let Bytes { bytes } = sql_query(DAY)
            .bind::<SqlUuid, _>(project.0)
            .bind::<Date, _>(day)
            .bind::<BigInt, _>(RUN_BYTES)
            .bind::<BigInt, _>(STEP_INDEX_BYTES)
            .bind::<BigInt, _>(CHUNK_BYTES)
            .bind::<BigInt, _>(FAILURE_BYTES)
            .get_result(conn)
            .await?;
        sql_query(
            "INSERT INTO project_storage (project_id, run_day, bytes, measured_at)
             VALUES ($1, $2, $3, rw_now())
             ON CONFLICT (project_id, run_day) DO UPDATE SET
                 bytes = EXCLUDED.bytes, measured_at = EXCLUDED.measured_at",
        )
        .bind::<SqlUuid, _>(project.0)
        .bind::<Date, _>(day)
        .bind::<BigInt, _>(bytes)
        .execute(conn)
        .await?;
        Ok(())
    })
    .await
}

/// Has days measured again of which the transaction deletes something.
pub(crate) async fn forget_days(
    conn: &mut Conn,
    project: ProjectId,
    days: Vec<NaiveDate>,
) -> Result<()> {
    // Whoever measures them now does so without seeing that.
    lock(conn, project).await?;
    sql_query("DELETE FROM project_storage WHERE project_id = $1 AND run_day = ANY($2)")
        .bind::<SqlUuid, _>(project.0)
        .bind::<diesel::sql_types::Array<Date>, _>(days)
        .execute(conn)
        .await?;
    Ok(())
}

/// Waits for whoever measures a day of the project or deletes from one.
async fn lock(conn: &mut Conn, project: ProjectId) -> Result<()> {
    let last = i32::from_be_bytes(*project.0.as_bytes().last_chunk().expect("it has 16"));
    sql_query("SELECT pg_advisory_xact_lock($1, $2)")
        .bind::<diesel::sql_types::Integer, _>(LOCKS)
        .bind::<diesel::sql_types::Integer, _>(last)
        .execute(conn)
        .await?;
    Ok(())
}
