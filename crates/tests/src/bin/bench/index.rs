//! The search index as alert-worker makes it: how far it has come, and what it takes.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};
use tokio_postgres::Client as Database;
use uuid::Uuid;

use crate::http::Client;
use crate::stack::{INGEST, LOOK_PAUSE, Stack};

/// How long the worker may take to index, and to merge, two million steps.
const LIMIT: Duration = Duration::from_secs(900);
/// Runs that are worth a segment at once (`store::search::index`): fewer wait ten seconds for others.
const WORTH_A_SEGMENT: usize = 64;

/// The last transaction that changed runs.
const LAST_CHANGE: &str = "SELECT coalesce(max(transaction_id), 0) FROM run_changes";
/// Whether the index was made of all changes up to that one.
const IS_MADE: &str = "SELECT transaction_id > $1 FROM change_readers WHERE reader = 'search'";
/// Whether the index was made of everything and nothing is left to merge, by the conditions of
/// `store::search::merge`.
const IS_SETTLED: &str = "
    SELECT NOT EXISTS (SELECT FROM run_changes WHERE transaction_id >=
            (SELECT transaction_id FROM change_readers WHERE reader = 'search'))
        AND NOT EXISTS (SELECT FROM search_segments WHERE level < 5
            GROUP BY project_id, level
            HAVING count(*) >= 8 OR (count(*) >= 2 AND sum(documents) >= 8192))";
/// Bytes of the bodies leave out what merged segments left behind in the files.
const SIZE: &str = "
    SELECT (SELECT count(*) FROM search_segments WHERE project_id = $1),
        pg_total_relation_size('search_segments') + pg_total_relation_size('search_blocks'),
        (SELECT coalesce(sum(octet_length(ranks)), 0)::bigint FROM search_segments)
            + (SELECT coalesce(sum(octet_length(body)), 0)::bigint FROM search_blocks)";

/// What the index takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Segments of a project.
    pub(crate) segments: i64,
    /// Bytes on disk of the index of all projects, with everything.
    pub(crate) bytes: i64,
    /// Bytes of the blocks alone.
    pub(crate) bytes_of_blocks: i64,
}

/// Waits until the index was made of everything that was stored before. The last few runs would wait
/// for others to come, so some without steps are sent after them, to a project of their own.
pub(crate) async fn wait_until_made(stack: &Stack) -> Result<()> {
    let admin = stack.cluster.connect(&stack.cluster.admin_url()).await?;
    let last: i64 = admin.query_one(LAST_CHANGE, &[]).await?.try_get(0)?;
    let others = stack.project("others after").await?;
    let run = r#"{"agent_id":"other-bot","status":"succeeded"}"#;
    let body = format!("[{}]", vec![run; WORTH_A_SEGMENT].join(","));
    let mut ingest = Client::connect(stack.address(INGEST)?).await?;
    let sent = ingest
        .post("/v1/runs", &others.key, body.as_bytes())
        .await?;
    sent.ok()?;
    let is_made = async || Ok(admin.query_one(IS_MADE, &[&last]).await?.try_get(0)?);
    wait_until("made the search index", is_made).await
}

/// Waits until the index was made of everything and is merged.
pub(crate) async fn wait_until_settled(stack: &Stack) -> Result<()> {
    let admin = stack.cluster.connect(&stack.cluster.admin_url()).await?;
    let is_settled = async || Ok(admin.query_one(IS_SETTLED, &[]).await?.try_get(0)?);
    wait_until("merged the search index", is_settled).await
}

/// Whether there is any index.
pub(crate) async fn is_there(admin: &Database) -> Result<bool> {
    let row = admin.query_one("SELECT EXISTS (SELECT FROM search_segments)", &[]);
    Ok(row.await?.try_get(0)?)
}

/// Reads what the index takes.
pub(crate) async fn size(admin: &Database, project: Uuid) -> Result<Size> {
    let row = admin.query_one(SIZE, &[&project]).await?;
    Ok(Size {
        segments: row.try_get(0)?,
        bytes: row.try_get(1)?,
        bytes_of_blocks: row.try_get(2)?,
    })
}

async fn wait_until(what: &str, is_so: impl AsyncFn() -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    while !is_so().await? {
        if began.elapsed() > LIMIT {
            bail!("the worker has not {what} within {} s", LIMIT.as_secs());
        }
        sleep(LOOK_PAUSE).await;
    }
    Ok(())
}
