//! Folding of failure groups.

use std::collections::BTreeMap;

use diesel::sql_types::{BigInt, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use runwatch_core::failures::{FailureType, Fingerprint};
use runwatch_core::ids::ProjectId;
use runwatch_core::rollup::{GroupChange, GroupText};
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::pool::Conn;

/// Adds the changes of one project.
pub(super) async fn fold(
    conn: &mut Conn,
    project: ProjectId,
    groups: &BTreeMap<Fingerprint, GroupChange>,
) -> Result<()> {
    for (fingerprint, change) in groups {
        add(conn, project, *fingerprint, change).await?;
        if change.takes_back {
            look_up_again(conn, project, *fingerprint).await?;
        }
    }
    if groups.values().any(|change| change.takes_back) {
        diesel::sql_query("DELETE FROM failure_groups WHERE project_id = $1 AND failures = 0")
            .bind::<SqlUuid, _>(project.0)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Adds to the count, and takes the earlier of the firsts and the later of the lasts. A group whose
/// taking back is folded before its addition has no texts yet and a negative count, and is not shown.
async fn add(
    conn: &mut Conn,
    project: ProjectId,
    fingerprint: Fingerprint,
    change: &GroupChange,
) -> Result<()> {
    let unknown = || GroupText {
        kind: FailureType::Unknown,
        agent: String::new(),
        step: String::new(),
        template: String::new(),
    };
    let group = change.group.clone().unwrap_or_else(unknown);
    let (first_at, first_run, first_release) = match &change.first {
        Some((at, run, release)) => (at.to_utc(), Some(run.0), release.clone()),
        None => (None, None, None),
    };
    diesel::sql_query(
        "INSERT INTO failure_groups AS t (project_id, fingerprint, kind, agent, step_name, title,
             failures, first_seen_at, first_run_id, first_release, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, 'infinity'),
             coalesce($9, '00000000-0000-0000-0000-000000000000'), $10, coalesce($11, '-infinity'))
         ON CONFLICT (project_id, fingerprint) DO UPDATE SET
             failures = t.failures + EXCLUDED.failures,
             kind = CASE WHEN $12 THEN EXCLUDED.kind ELSE t.kind END,
             agent = CASE WHEN $12 THEN EXCLUDED.agent ELSE t.agent END,
             step_name = CASE WHEN $12 THEN EXCLUDED.step_name ELSE t.step_name END,
             title = CASE WHEN $12 THEN EXCLUDED.title ELSE t.title END,
             first_run_id = CASE WHEN (EXCLUDED.first_seen_at, EXCLUDED.first_run_id)
                 < (t.first_seen_at, t.first_run_id) THEN EXCLUDED.first_run_id ELSE t.first_run_id END,
             first_release = CASE WHEN (EXCLUDED.first_seen_at, EXCLUDED.first_run_id)
                 < (t.first_seen_at, t.first_run_id) THEN EXCLUDED.first_release ELSE t.first_release END,
             first_seen_at = least(t.first_seen_at, EXCLUDED.first_seen_at),
             last_seen_at = greatest(t.last_seen_at, EXCLUDED.last_seen_at)",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<SqlUuid, _>(fingerprint.0)
    .bind::<SmallInt, _>(group.kind.code())
    .bind::<Text, _>(group.agent)
    .bind::<Text, _>(group.step)
    .bind::<Text, _>(group.template)
    .bind::<BigInt, _>(change.count)
    .bind::<Nullable<Timestamptz>, _>(first_at)
    .bind::<Nullable<SqlUuid>, _>(first_run)
    .bind::<Nullable<Text>, _>(first_release)
    .bind::<Nullable<Timestamptz>, _>(change.last.and_then(Timestamp::to_utc))
    .bind::<diesel::sql_types::Bool, _>(change.group.is_some())
    .execute(conn)
    .await?;
    Ok(())
}

/// Finds first and last anew among the failures that are left.
pub(crate) async fn look_up_again(
    conn: &mut Conn,
    project: ProjectId,
    fingerprint: Fingerprint,
) -> Result<()> {
    diesel::sql_query(
        "UPDATE failure_groups SET first_seen_at = first.occurred_at, first_run_id = first.run_id,
             first_release = first.release, last_seen_at = first.last_at
         FROM (SELECT occurred_at, run_id, release, max(occurred_at) OVER () AS last_at
               FROM agent_failures WHERE project_id = $1 AND fingerprint = $2
               ORDER BY occurred_at, run_id LIMIT 1) AS first
         WHERE project_id = $1 AND fingerprint = $2",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<SqlUuid, _>(fingerprint.0)
    .execute(conn)
    .await?;
    Ok(())
}
