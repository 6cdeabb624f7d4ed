//! `GET /v1/runs/{run}/steps`

use std::time::Duration;

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpResponse, get, rt};
use futures_util::StreamExt;
use futures_util::stream::{self, Stream};
use runwatch_core::ids::{ProjectId, RunId, StepId};
use runwatch_core::limits::SKELETON_STEPS_MAX;
use runwatch_core::time::Timestamp;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::error::{Result as StoreResult, StoreError};
use runwatch_store::steps::{StepPosition, list_skeletons};
use runwatch_store::{pool::Conn, runs};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::timeout;
use utoipa::IntoParams;

use crate::app::App;
use crate::cursor::{decode, encode, limit_within};
use crate::routes::steps::skeleton::{Skeleton, SkeletonWriter};

/// The only order of steps.
const ORDER: &str = "started_at";
/// Chunks that wait to be sent: one is written while the other is on its way.
const CHUNKS_WAITING_MAX: usize = 1;
/// How long a client may take to receive a chunk before the connection to the database is wanted
/// back.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// Which steps.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListRunSteps {
    /// Steps of a page: 100,000 unless said otherwise, which is the most.
    #[param(minimum = 1, maximum = 100_000)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    cursor: Option<String>,
}

/// Lists the steps of a run in columns, without their details.
#[utoipa::path(
    tag = "runs",
    params(("run" = String, Path, description = "The run's id: a UUID or 32 hex digits"), ListRunSteps),
    responses((status = 200, body = Skeleton))
)]
#[get("/v1/runs/{run}/steps")]
pub(crate) async fn list_run_steps(
    reader: Reader,
    run: Path<RunId>,
    query: Query<ListRunSteps>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = query.0;
    let limit = limit_within(
        query.limit.unwrap_or(SKELETON_STEPS_MAX),
        SKELETON_STEPS_MAX,
    )?;
    let after = query
        .cursor
        .as_deref()
        .map(|cursor| decode(cursor, ORDER))
        .transpose()?;
    let after = after.map(|(at, step): (i64, StepId)| StepPosition {
        started_at: Timestamp(at),
        step,
    });
    let page = Page {
        project: reader.project,
        run: run.into_inner(),
        after,
        limit,
    };
    let (sender, mut chunks) = mpsc::channel(CHUNKS_WAITING_MAX);
    rt::spawn(write(app, page, sender));
    // What goes wrong before the first chunk can still be answered.
    let first = chunks.recv().await.unwrap_or(Err(StoreError::NotFound))?;
    let body = stream::once(async { Ok(first) }).chain(rest(chunks));
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .streaming(body))
}

type Chunk = StoreResult<Bytes>;

struct Page {
    project: ProjectId,
    run: RunId,
    after: Option<StepPosition>,
    limit: u32,
}

/// What is sent on; an error ends the connection, so that a cut answer is not taken for a whole.
fn rest(chunks: mpsc::Receiver<Chunk>) -> impl Stream<Item = Chunk> {
    stream::unfold(chunks, async |mut chunks| {
        Some((chunks.recv().await?, chunks))
    })
}

/// Reads and writes in a task of its own, so that the transaction does not depend on how fast the
/// answer is polled.
async fn write(app: Data<App>, page: Page, chunks: mpsc::Sender<Chunk>) {
    let written = app
        .read(page.project, async |conn| {
            write_chunks(conn, &page, &chunks).await
        })
        .await;
    if let Err(error) = written
        && let Err(unsent) = chunks.send(Err(error)).await
    {
        tracing::debug!("The client of a skeleton went away: {:?}", unsent.0);
    }
}

async fn write_chunks(
    conn: &mut Conn,
    page: &Page,
    chunks: &mpsc::Sender<Chunk>,
) -> StoreResult<()> {
    let (place, started_at) = runs::place(conn, page.project, page.run).await?;
    let mut writer = SkeletonWriter::new(page.run, started_at);
    let (mut count, mut last) = (0_u32, None);
    // One more than asked for would tell whether there is a next page, but would have to be taken
    // back from a chunk that is sent: a page that is full has a next one, which may be empty.
    list_skeletons(
        conn,
        page.project,
        place,
        page.after,
        page.limit,
        async |steps| {
            count = count.saturating_add(u32::try_from(steps.len()).unwrap_or(u32::MAX));
            last = steps.last().map(|step| (step.started_at.0, step.id));
            send(chunks, writer.chunk(steps)).await
        },
    )
    .await?;
    let next = last
        .filter(|_| count >= page.limit)
        .map(|last| encode(&last, ORDER));
    send(chunks, writer.finish(next.as_deref())).await
}

async fn send(chunks: &mpsc::Sender<Chunk>, text: String) -> StoreResult<()> {
    let sent = timeout(SEND_TIMEOUT, chunks.send(Ok(Bytes::from(text)))).await;
    match sent {
        Ok(Ok(())) => Ok(()),
        _ => Err(StoreError::Unavailable(
            "the client went away or is too slow".into(),
        )),
    }
}
