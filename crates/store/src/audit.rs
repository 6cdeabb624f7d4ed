//! The audit log (`core::audit`).

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::audit::{Actor, AuditKey, BEGINNING, Entry, EntryHash, NO_PROJECT};
use runwatch_core::ids::ProjectId;
use runwatch_core::time::Timestamp;

use crate::error::{Result, StoreError};
use crate::pool::Conn;

/// Namespace of the advisory locks that keep the entries of one project apart: "rwal".
const LOCKS: i32 = i32::from_be_bytes(*b"rwal");

/// What is to be written down.
#[derive(Clone, Debug)]
pub struct Deed {
    /// The project that it is of, or `core::audit::NO_PROJECT`.
    pub project: ProjectId,
    /// Who did it.
    pub actor: Actor,
    /// What was done, as the operation of the API is called.
    pub action: &'static str,
    /// To what: an id or a name.
    pub subject: String,
    /// What else there is to say. Never a secret.
    pub details: serde_json::Value,
    /// The request that asked for it; empty if none did.
    pub request_id: String,
}

#[derive(QueryableByName)]
struct Last {
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    hash: Option<Vec<u8>>,
}

/// Writes an entry, in the transaction that does what it says. Deeds of one project wait for each other
/// from here until the end of their transactions.
pub async fn record(conn: &mut Conn, key: &AuditKey, deed: Deed) -> Result<()> {
    let lock = i32::from_be_bytes(*deed.project.0.as_bytes().last_chunk().expect("it has 16"));
    sql_query("SELECT pg_advisory_xact_lock($1, $2)")
        .bind::<diesel::sql_types::Integer, _>(LOCKS)
        .bind::<diesel::sql_types::Integer, _>(lock)
        .execute(conn)
        .await?;
    let last: Last = sql_query(
        "SELECT rw_now() AS now, coalesce(seq, 0) AS seq, hash FROM (SELECT) one
         LEFT JOIN LATERAL (SELECT seq, hash FROM audit_log
             WHERE project_id = $1 ORDER BY seq DESC LIMIT 1) last ON true",
    )
    .bind::<SqlUuid, _>(deed.project.0)
    .get_result(conn)
    .await?;
    let previous = last.hash.as_deref().map_or(Ok(BEGINNING), hash)?;
    let entry = Entry {
        project: deed.project,
        seq: last.seq + 1,
        at: Timestamp(last.now.timestamp_micros()),
        actor: deed.actor,
        action: deed.action.to_owned(),
        subject: deed.subject,
        details: deed.details.to_string(),
        request_id: deed.request_id,
    };
    let hash = key.hash(&previous, &entry);
    let (actor_kind, actor_id) = entry.actor.parts();
    sql_query(
        "INSERT INTO audit_log (project_id, seq, at, actor_kind, actor_id, action, subject, details,
             request_id, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind::<SqlUuid, _>(entry.project.0)
    .bind::<BigInt, _>(entry.seq)
    .bind::<Timestamptz, _>(last.now)
    .bind::<Text, _>(actor_kind)
    .bind::<Nullable<SqlUuid>, _>(actor_id)
    .bind::<Text, _>(&entry.action)
    .bind::<Text, _>(&entry.subject)
    .bind::<Text, _>(&entry.details)
    .bind::<Text, _>(&entry.request_id)
    .bind::<Binary, _>(hash.as_slice())
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    actor_kind: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    actor_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    action: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    details: String,
    #[diesel(sql_type = Text)]
    request_id: String,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

/// Entries behind a number, in their order, with their hashes.
pub async fn after(
    conn: &mut Conn,
    project: ProjectId,
    seq: i64,
    count: i64,
) -> Result<Vec<(Entry, EntryHash)>> {
    let rows: Vec<Row> = sql_query(
        "SELECT seq, at, actor_kind, actor_id, action, subject, details, request_id, hash
         FROM audit_log WHERE project_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<BigInt, _>(seq)
    .bind::<BigInt, _>(count)
    .load(conn)
    .await?;
    rows.into_iter().map(|row| entry(project, row)).collect()
}

/// Entries before a number, the latest first.
pub async fn before(
    conn: &mut Conn,
    project: ProjectId,
    seq: i64,
    count: i64,
) -> Result<Vec<Entry>> {
    let rows: Vec<Row> = sql_query(
        "SELECT seq, at, actor_kind, actor_id, action, subject, details, request_id, hash
         FROM audit_log WHERE project_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<BigInt, _>(seq)
    .bind::<BigInt, _>(count)
    .load(conn)
    .await?;
    let entries = rows.into_iter().map(|row| Ok(entry(project, row)?.0));
    entries.collect()
}

/// The last entry of a project's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The project, or `core::audit::NO_PROJECT`.
    pub project: ProjectId,
    /// Its number, which is how many there are.
    pub seq: i64,
    /// Its hash.
    pub hash: EntryHash,
}

#[derive(QueryableByName)]
struct HeadRow {
    #[diesel(sql_type = SqlUuid)]
    project_id: Uuid,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

/// The last entries of all logs. Noted elsewhere, they show when a log ends earlier or was written anew.
pub async fn heads(conn: &mut Conn) -> Result<Vec<Head>> {
    let rows: Vec<HeadRow> = sql_query(
        "SELECT project_id, seq, hash FROM (
             SELECT project_id FROM projects UNION SELECT $1) projects
         JOIN LATERAL (SELECT seq, hash FROM audit_log WHERE project_id = projects.project_id
             ORDER BY seq DESC LIMIT 1) last ON true
         ORDER BY project_id",
    )
    .bind::<SqlUuid, _>(NO_PROJECT.0)
    .load(conn)
    .await?;
    let head = |row: HeadRow| {
        let project = ProjectId(row.project_id);
        let (seq, hash) = (row.seq, hash(&row.hash)?);
        Ok(Head { project, seq, hash })
    };
    rows.into_iter().map(head).collect()
}

fn entry(project: ProjectId, row: Row) -> Result<(Entry, EntryHash)> {
    let unreadable = || StoreError::Unreadable(format!("entry {} of the audit log", row.seq));
    let hash = hash(&row.hash)?;
    let actor = Actor::from_parts(&row.actor_kind, row.actor_id).ok_or_else(unreadable)?;
    let entry = Entry {
        project,
        seq: row.seq,
        at: Timestamp(row.at.timestamp_micros()),
        actor,
        action: row.action,
        subject: row.subject,
        details: row.details,
        request_id: row.request_id,
    };
    Ok((entry, hash))
}

fn hash(bytes: &[u8]) -> Result<EntryHash> {
    let unreadable = |_| StoreError::Unreadable("a hash of the audit log".to_owned());
    bytes.try_into().map_err(unreadable)
}
