//! Reading the one message of a call (gRPC over HTTP/2, "Length-Prefixed-Message"): a byte that says
//! whether it is compressed, four with its length, and the message.

use std::pin::Pin;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use http_body::Body as _;
use tokio::time::timeout;
use tonic::body::Body as Incoming;

use runwatch_core::ids::ProjectId;
use runwatch_core::limits::WIRE_BYTES_MAX;
use runwatch_service::problem::Problem;

use crate::App;
use crate::admission::{Budget, Held};
use crate::body::{Body, cut_off, inflate, no_room};

/// Bytes before the message.
const PREFIX_BYTES: usize = 5;
/// How long a message may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

/// Reads the message of a call, plain or gzip.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Incoming,
    app: &App,
    project: ProjectId,
) -> Result<Body, Problem> {
    let is_gzip = is_gzip(headers)?;
    let reading = timeout(ARRIVAL, collect(body, &app.budget, project));
    let message = reading.await.map_err(|_elapsed| too_slow())??;
    let Message {
        is_compressed,
        bytes,
        held,
    } = message;
    if !is_compressed {
        return Ok(Body { bytes, held });
    }
    if !is_gzip {
        return Err(malformed(
            "The message is flagged as compressed, but no grpc-encoding was told.",
        ));
    }
    inflate(app, bytes, held).await
}

struct Message {
    is_compressed: bool,
    bytes: Bytes,
    held: Held,
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Problem> {
    match headers.get("grpc-encoding").map(HeaderValue::as_bytes) {
        None | Some(b"identity") => Ok(false),
        Some(b"gzip") => Ok(true),
        Some(_) => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_encoding",
            "Send messages plain or with grpc-encoding: gzip.",
        )),
    }
}

async fn collect(
    mut body: Incoming,
    budget: &Budget,
    project: ProjectId,
) -> Result<Message, Problem> {
    let mut read = BytesMut::new();
    while read.len() < PREFIX_BYTES {
        let chunk = next(&mut body).await?.ok_or_else(cut_off)?;
        read.extend_from_slice(&chunk);
    }
    let is_compressed = match read.get_u8() {
        0 => false,
        1 => true,
        _ => return Err(malformed("The first byte of a message is 0 or 1.")),
    };
    let length = usize::try_from(read.get_u32()).unwrap_or(usize::MAX);
    if length > WIRE_BYTES_MAX {
        return Err(Problem::body_too_large(WIRE_BYTES_MAX));
    }
    // Paid for at once; pages of it are taken only as it arrives.
    let held = budget.take(project, length).map_err(no_room)?;
    read.reserve(length.saturating_sub(read.len()));
    while let Some(chunk) = next(&mut body).await? {
        if read.len() + chunk.len() > length {
            return Err(malformed("A call of Export has one message."));
        }
        read.extend_from_slice(&chunk);
    }
    if read.len() != length {
        return Err(cut_off());
    }
    Ok(Message {
        is_compressed,
        bytes: read.freeze(),
        held,
    })
}

/// The next bytes of the body; none at its end.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Problem> {
    loop {
        let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        match frame {
            None => return Ok(None),
            Some(Err(_reset)) => return Err(cut_off()),
            Some(Ok(frame)) => {
                // Trailers of a request say nothing.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

fn malformed(detail: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_grpc", detail)
}

fn too_slow() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "request_timeout",
        "The message did not arrive in time.",
    )
}
