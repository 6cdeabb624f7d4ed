//! Sending an export: as a page, or as a stream that waits for its reader.

use std::io;
use std::time::Duration;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, HeaderName, HeaderValue, LINK, VARY,
};
use actix_web::web::{Bytes, Data, block};
use actix_web::{HttpResponse, HttpResponseBuilder, rt};
use futures_util::future::join;
use futures_util::stream::{self, Stream, StreamExt};
use runwatch_core::limits::EXPORT_PAGE_BYTES;
use runwatch_service::problem::Problem;
use runwatch_store::error::{Result as StoreResult, StoreError};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::app::{App, Turn};
use crate::routes::export::plan::Plan;
use crate::routes::export::source::{Batch, Source};
use crate::routes::export::writer::Writer;

const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");
/// Tells nginx not to collect the answer on its disk for a slow reader.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Bytes that are sent at a time.
const PIECE_BYTES: usize = 64 << 10;
/// Pieces that wait to be sent.
const PIECES_WAITING_MAX: usize = 4;
/// How long a client may take to receive a piece before the export is given up.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// Answers with a page, which is written whole so that its head can tell where the next begins.
pub(super) async fn page(
    app: Data<App>,
    plan: Plan,
    mut source: Source,
    limit: u32,
) -> Result<HttpResponse, Problem> {
    let mut writer = Writer::new(&plan).map_err(|error| Problem::internal(&error))?;
    let (mut missing, mut bytes) = (limit as usize, Vec::new());
    let mut next_cursor = None;
    let mut batch = source.next(&app).await?;
    while let Some(rows) = batch.take() {
        let room = EXPORT_PAGE_BYTES.saturating_sub(bytes.len());
        let written = block(move || {
            let (written, cursor) = writer.write(&rows, missing, room)?;
            let (is_all, more) = (written == rows.len(), writer.take()?);
            Ok::<_, io::Error>((writer, written, cursor, is_all, more))
        });
        let written = written
            .await
            .map_err(|_pool_is_gone| Problem::unavailable())?;
        let (kept, written, cursor, is_all, more) =
            written.map_err(|error| Problem::internal(&error))?;
        writer = kept;
        missing -= written;
        bytes.extend(more);
        let is_full = missing == 0 || bytes.len() >= EXPORT_PAGE_BYTES;
        batch = match is_all {
            true => source.next(&app).await?,
            false => None,
        };
        if !is_all || (is_full && batch.is_some()) {
            next_cursor = cursor;
            break;
        }
    }
    bytes.extend(writer.finish().map_err(|error| Problem::internal(&error))?);
    let mut response = head(&plan);
    if let Some(cursor) = next_cursor {
        let link = format!("<{}>; rel=\"next\"", plan.next_page(&cursor));
        let header = |text: &str| HeaderValue::from_str(text).ok();
        let headers = [(NEXT_CURSOR, header(&cursor)), (LINK, header(&link))];
        for (name, value) in headers {
            response.insert_header((name, value.unwrap_or(HeaderValue::from_static(""))));
        }
    }
    Ok(response.body(bytes))
}

/// Answers with all rows, as they are read.
pub(super) async fn stream(
    app: Data<App>,
    plan: Plan,
    source: Source,
    turn: Turn,
) -> Result<HttpResponse, Problem> {
    let writer = Writer::new(&plan).map_err(|error| Problem::internal(&error))?;
    let (sender, mut pieces) = mpsc::channel(PIECES_WAITING_MAX);
    rt::spawn(async move {
        let _until_it_ends = turn;
        let written = write(&app, source, writer, &sender).await;
        let told = match written {
            Ok(()) => timeout(SEND_TIMEOUT, sender.send(Piece::End)).await.is_ok(),
            // Nobody waits to tell it: where no end was said there is none.
            Err(error) => sender.try_send(Piece::Broken(error)).is_ok(),
        };
        if !told {
            tracing::debug!("The client of an export does not read");
        }
    });
    // What goes wrong before the first piece can still be answered.
    let first = match pieces.recv().await {
        Some(Piece::Broken(error)) => return Err(error.into()),
        Some(piece) => piece,
        None => return Err(Problem::unavailable()),
    };
    let rest = stream::unfold(pieces, async |mut pieces| {
        let piece = pieces
            .recv()
            .await
            .unwrap_or_else(|| Piece::Broken(given_up()));
        Some((piece, pieces))
    });
    let all = stream::once(async { first }).chain(rest);
    Ok(head(&plan).streaming(until_end(all)))
}

/// What is sent next.
enum Piece {
    Bytes(Bytes),
    /// Everything was sent.
    End,
    /// It ends before its end.
    Broken(StoreError),
}

/// The bytes; only an end that was said is one. An error ends the connection before the end of the
/// chunked encoding, so that a cut answer is not taken for a whole.
fn until_end(pieces: impl Stream<Item = Piece>) -> impl Stream<Item = StoreResult<Bytes>> {
    pieces
        .take_while(|piece| std::future::ready(!matches!(piece, Piece::End)))
        .map(|piece| match piece {
            Piece::Bytes(bytes) => Ok(bytes),
            Piece::End => Ok(Bytes::new()),
            Piece::Broken(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "An export was cut off"
                );
                Err(error)
            }
        })
}

/// Reads, writes and sends: while rows are written, the next ones are read.
async fn write(
    app: &App,
    mut source: Source,
    mut writer: Writer,
    pieces: &mpsc::Sender<Piece>,
) -> StoreResult<()> {
    let mut batch = source.next(app).await?;
    while let Some(rows) = batch {
        let writing = block(move || written(writer, &rows));
        let (done, next) = join(writing, source.next(app)).await;
        let (kept, bytes) = done
            .map_err(|_pool_is_gone| given_up())?
            .map_err(unwritten)?;
        writer = kept;
        send(pieces, bytes).await?;
        batch = next?;
    }
    send(pieces, writer.finish().map_err(unwritten)?).await
}

fn written(mut writer: Writer, rows: &Batch) -> io::Result<(Writer, Vec<u8>)> {
    writer.write(rows, usize::MAX, usize::MAX)?;
    let bytes = writer.take()?;
    Ok((writer, bytes))
}

async fn send(pieces: &mpsc::Sender<Piece>, bytes: Vec<u8>) -> StoreResult<()> {
    let mut bytes = Bytes::from(bytes);
    while !bytes.is_empty() {
        let piece = bytes.split_to(bytes.len().min(PIECE_BYTES));
        let sent = timeout(SEND_TIMEOUT, pieces.send(Piece::Bytes(piece))).await;
        if !matches!(sent, Ok(Ok(()))) {
            return Err(given_up());
        }
    }
    Ok(())
}

fn given_up() -> StoreError {
    StoreError::Unavailable("the client of an export went away or is too slow".into())
}

fn unwritten(error: io::Error) -> StoreError {
    StoreError::Unreadable(error.to_string())
}

fn head(plan: &Plan) -> HttpResponseBuilder {
    let file = format!("attachment; filename=\"{}\"", plan.file_name());
    let mut response = HttpResponse::Ok();
    response
        .content_type(plan.format.content_type())
        .insert_header((CONTENT_DISPOSITION, file))
        .insert_header((CACHE_CONTROL, "private, no-store"))
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((UNBUFFERED, "no"));
    if plan.is_gzip {
        response.insert_header((CONTENT_ENCODING, "gzip"));
    }
    response
}
