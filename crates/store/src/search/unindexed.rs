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
use crate::runs::RunPlace;
use crate::search::{Document, Source, Window};

/// Changes of which the documents are listed, the latest: several times what the index leaves waiting.
const CHANGES_MAX: i64 = 200;

#[derive(QueryableByName)]
struct Gaps {
    #[diesel(sql_type = Bool)]
    has_gaps: bool,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

/// The documents in the window that no segment has, in their order, and how many are left out because
/// they are too many.
pub(super) async fn list(
    conn: &mut Conn,
    project: ProjectId,
    window: &Window,
) -> Result<(Vec<Document>, usize)> {
    let rows: Vec<Row> = sql_query(
        "SELECT body FROM run_changes WHERE project_id = $1
             AND transaction_id >= (SELECT transaction_id FROM change_readers WHERE reader = 'search')
         ORDER BY transaction_id DESC LIMIT $2",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<BigInt, _>(CHANGES_MAX)
    .load(conn)
    .await?;
    let mut documents = Vec::new();
    for row in rows {
        for change in changes::read(&row.body)? {
            let sources = change.chunks.iter().map(|chunk| Source::Chunk(*chunk));
            let has_steps = !change.steps.is_empty() || !change.texts.is_empty();
            let steps = has_steps.then(|| Source::Steps(change.steps.clone()));
            let document = |source| Document {
                at: change.started_at,
                run: RunPlace::from(&change),
                source,
            };
            documents.extend(sources.chain(steps).map(document));
        }
    }
    documents.retain(|document| window.has(document.at));
    documents.sort_by_key(Document::place);
    let too_many = documents.len().saturating_sub(SEARCH_UNINDEXED_MAX);
    documents.truncate(SEARCH_UNINDEXED_MAX);
    let left_out = too_many + changes_left_out(conn, project).await?;
    Ok((documents, left_out))
}

/// How many changes are too old to be listed: each has a document at least.
async fn changes_left_out(conn: &mut Conn, project: ProjectId) -> Result<usize> {
    let count: Count = sql_query(
        "SELECT greatest(count(*) - $2, 0) AS count FROM run_changes WHERE project_id = $1
             AND transaction_id >= (SELECT transaction_id FROM change_readers WHERE reader = 'search')",
    )
    .bind::<SqlUuid, _>(project.0)
    .bind::<BigInt, _>(CHANGES_MAX)
    .get_result(conn)
    .await?;
    Ok(usize::try_from(count.count).unwrap_or(0))
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
