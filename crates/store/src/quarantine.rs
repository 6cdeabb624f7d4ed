//! Reading items that were refused.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::ids::ProjectId;
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::pool::Conn;
use crate::schema::quarantine;

/// An item that was refused, and why.
#[derive(Clone, Debug)]
pub struct QuarantinedItem {
    /// Its id in quarantine.
    pub id: Uuid,
    /// When it was received.
    pub received_at: Timestamp,
    /// What it was sent as: span, run, step or failure.
    pub item: String,
    /// The reason in one stable word.
    pub code: String,
    /// The reason in a sentence.
    pub message: String,
    /// What was sent, cut at [`runwatch_core::limits::QUARANTINE_ITEM_BYTES_MAX`].
    pub body: Vec<u8>,
}

/// The place of an item in a list: the latest come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuarantinePosition {
    /// When it was received.
    pub received_at: Timestamp,
    /// The item.
    pub item: Uuid,
}

type Row = (DateTime<Utc>, Uuid, String, String, String, Vec<u8>);

/// The items that were refused, the latest first, after a position; all, or those of one reason.
pub async fn list(
    conn: &mut Conn,
    project: ProjectId,
    code: Option<&str>,
    after: Option<QuarantinePosition>,
    limit: u32,
) -> Result<Vec<QuarantinedItem>> {
    let mut query = quarantine::table.into_boxed::<Pg>();
    if let Some(code) = code {
        query = query.filter(quarantine::code.eq(code));
    }
    if let Some(after) = after {
        query = query.filter(
            sql::<Bool>("(received_at, item_id) < (")
                .bind::<Timestamptz, _>(after.received_at.to_utc().unwrap_or_default())
                .sql(", ")
                .bind::<SqlUuid, _>(after.item)
                .sql(")"),
        );
    }
    let rows: Vec<Row> = query
        .filter(quarantine::project_id.eq(project.0))
        .order((quarantine::received_at.desc(), quarantine::item_id.desc()))
        .limit(i64::from(limit))
        .select((
            quarantine::received_at,
            quarantine::item_id,
            quarantine::item,
            quarantine::code,
            quarantine::message,
            quarantine::body,
        ))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(QuarantinedItem::from).collect())
}

impl QuarantinedItem {
    /// Its place in a list.
    pub fn position(&self) -> QuarantinePosition {
        QuarantinePosition {
            received_at: self.received_at,
            item: self.id,
        }
    }
}

impl From<Row> for QuarantinedItem {
    fn from((received_at, id, item, code, message, body): Row) -> Self {
        let received_at = Timestamp(received_at.timestamp_micros());
        Self {
            id,
            received_at,
            item,
            code,
            message,
            body,
        }
    }
}
