//! What the admins of a project decide about it.

use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use chrono::{DateTime, Utc};
use runwatch_core::ids::ProjectId;
use runwatch_core::project_settings::ProjectSettings;
use runwatch_core::time::Timestamp;

use crate::error::{Result, StoreError};
use crate::pool::Conn;

/// The settings of a project, and what is known beside them.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The settings.
    pub settings: ProjectSettings,
    /// What the project takes on the disk; 0 before it was measured.
    pub stored_bytes: i64,
    /// When that was measured.
    pub measured_at: Option<Timestamp>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    settings: String,
    #[diesel(sql_type = BigInt)]
    stored_bytes: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    measured_at: Option<DateTime<Utc>>,
}

/// The settings of a project; those of one that never had any are the default.
pub async fn find(conn: &mut Conn, project: ProjectId) -> Result<Known> {
    let rows: Vec<Row> = sql_query(
        "SELECT settings, stored_bytes, measured_at FROM project_settings WHERE project_id = $1",
    )
    .bind::<SqlUuid, _>(project.0)
    .load(conn)
    .await?;
    let Some(row) = rows.into_iter().next() else {
        return Ok(Known::default());
    };
    Ok(Known {
        settings: read(&row.settings)?,
        stored_bytes: row.stored_bytes,
        measured_at: row.measured_at.map(|at| Timestamp(at.timestamp_micros())),
    })
}

/// Replaces the settings of a project.
pub async fn put(conn: &mut Conn, project: ProjectId, settings: &ProjectSettings) -> Result<()> {
    let json = serde_json::to_string(settings);
    let json = json.map_err(|error| StoreError::Unreadable(error.to_string()))?;
    sql_query(
        "INSERT INTO project_settings (project_id, settings, changed_at) VALUES ($1, $2, rw_now())
         ON CONFLICT (project_id) DO UPDATE SET
             settings = excluded.settings, changed_at = excluded.changed_at",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<Text, _>(json)
    .execute(conn)
    .await?;
    Ok(())
}

/// Reads settings as they are stored.
pub fn read(json: &str) -> Result<ProjectSettings> {
    serde_json::from_str(json).map_err(|_newer_than_we| {
        StoreError::Unreadable("the settings of a project, which a newer version wrote".to_owned())
    })
}
