//! When keys were used last. Services only tell that one was, since query-api cannot write; the worker
//! listens and writes it down. What nobody hears is told again with a later use.
//!
//! Whoever is connected to the database can listen and tell, analysts too (`crate::sql_logins`): so a key is told by a
//! hash of its id, of which they learn nothing, and which they cannot make up.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use diesel::sql_query;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use runwatch_core::ids::KeyId;

use crate::error::{Result, StoreError};
use crate::pool::{Conn, connect};

/// What the uses are told on.
const CHANNEL: &str = "runwatch_key_used";
/// Keys whose uses are written down at a time.
const KEYS_MAX: usize = 1_000;

/// Tells that a key was used. It works in transactions that only read, too.
pub async fn tell(conn: &mut Conn, key: KeyId) -> Result<()> {
    sql_query("SELECT pg_notify($1, encode(sha256(uuid_send($2)), 'hex'))")
        .bind::<Text, _>(CHANNEL)
        .bind::<SqlUuid, _>(key.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Hears which keys are used.
pub struct Listener {
    conn: Conn,
}

impl Listener {
    /// Listens from now on, over a connection of its own.
    pub async fn open(url: &str) -> Result<Self> {
        let mut conn = connect(url).await?;
        sql_query(format!("LISTEN {CHANNEL}"))
            .execute(&mut conn)
            .await?;
        Ok(Self { conn })
    }

    /// Writes down what is heard for so long, and says how many keys it was about.
    pub async fn note(&mut self, wait: Duration) -> Result<usize> {
        let keys = self.hear(Instant::now() + wait).await?;
        if keys.is_empty() {
            return Ok(0);
        }
        let keys: Vec<String> = keys.into_iter().collect();
        let noted = sql_query(
            "UPDATE api_keys SET last_used_at = rw_now() WHERE (project_id, key_id) IN (
                 SELECT project_id, key_id FROM api_keys
                 WHERE encode(sha256(uuid_send(key_id)), 'hex') = ANY ($1)
                 ORDER BY project_id, key_id FOR NO KEY UPDATE)",
        )
        .bind::<Array<Text>, _>(keys)
        .execute(&mut self.conn)
        .await?;
        Ok(noted)
    }

    /// The hashes of keys that are told, and whatever else others tell.
    async fn hear(&mut self, until: Instant) -> Result<BTreeSet<String>> {
        let mut heard = BTreeSet::new();
        let mut told = pin!(self.conn.notifications_stream());
        while heard.len() < KEYS_MAX {
            match timeout_at(until, told.next()).await {
                Ok(Some(told)) => heard.extend([told?.payload]),
                Ok(None) => {
                    let gone = "the connection that listens is gone".into();
                    return Err(StoreError::Unavailable(gone));
                }
                Err(_elapsed) => break,
            }
        }
        Ok(heard)
    }
}
