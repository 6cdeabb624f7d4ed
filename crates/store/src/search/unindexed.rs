//! What the search index was not made of yet.

use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use runwatch_core::ids::ProjectId;
use runwatch_core::limits::SEARCH_UNINDEXED_MAX;

use crate::changes;
use crate::error::Result;
use crate::pool::Conn;
use crate::search::{Document, Window};

/// Changes of which the documents are listed, the latest: several times what the index leaves waiting.
const CHANGES_MAX: i64 = 200;
/// Bytes of such changes after which no further ones are listed.
const CHANGES_BYTES: i64 = 1 << 20;

#[derive(QueryableByName)]
struct Gaps {
    #[diesel(sql_type = Bool)]
    has_gaps: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// The documents in the window that no segment has, in their order, and how many are left out because
/// they are too many.
pub(super) async fn list(
    conn: &mut Conn,
    project: ProjectId,
    window: &Window,
) -> Result<(Vec<Document>, usize)> {
    let rows: Vec<Row> = sql_query(
        "WITH waiting AS NOT MATERIALIZED (
             SELECT transaction_id, body FROM run_changes
             WHERE project_id = $1 AND transaction_id >= (
                 SELECT transaction_id FROM change_readers WHERE reader = 'search')),
         latest AS (SELECT * FROM waiting ORDER BY transaction_id DESC LIMIT $2),
         counted AS (
             SELECT body, sum(octet_length(body)) OVER (ORDER BY transaction_id DESC)
                 - octet_length(body) AS before
             FROM latest)
         SELECT body, (SELECT count(*) FROM waiting) AS count FROM counted WHERE before < $3",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<BigInt, _>(CHANGES_MAX)
    .bind::<BigInt, _>(CHANGES_BYTES)
    .load(conn)
    .await?;
    let mut documents = Vec::new();
    for row in &rows {
        for change in changes::read(&row.body)? {
            documents.extend(Document::all_of(&change));
        }
    }
    documents.retain(|document| window.has(document.place().rank()));
    documents.sort_by_cached_key(Document::place);
    let too_many = documents.len().saturating_sub(SEARCH_UNINDEXED_MAX);
    documents.truncate(SEARCH_UNINDEXED_MAX);
    // A change that is not listed counts as one.
    let changes = rows.as_slice().first().map_or(0, |row| row.count);
    let not_listed = usize::try_from(changes).unwrap_or(0) - rows.len();
    Ok((documents, too_many + not_listed))
}

/// Whether something was forgotten before the index was made of it.
pub(super) async fn has_gaps(conn: &mut Conn) -> Result<bool> {
    let gaps: Gaps = sql_query(
        "SELECT EXISTS (SELECT FROM change_readers
             WHERE reader = 'search_gap' AND transaction_id > 0
                 OR reader = 'forget' AND transaction_id > (SELECT transaction_id
                     FROM change_readers WHERE reader = 'search')) AS has_gaps",
    )
    .get_result(conn)
    .await?;
    Ok(gaps.has_gaps)
}
