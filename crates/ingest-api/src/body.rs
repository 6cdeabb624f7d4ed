//! Reading request bodies: bounded on the wire, bounded when decompressed, and paid for from the
//! budget of bytes in flight before they are held.

use std::io::Read;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::{Bytes, BytesMut, Payload};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;

use runwatch_core::ids::ProjectId;
use runwatch_core::limits::{
    DECODED_BYTES_MAX, INFLATE_FREE_BYTES, INFLATE_RATIO_MAX, WIRE_BYTES_MAX,
};
use runwatch_service::problem::Problem;

use crate::App;
use crate::admission::{Budget, Held, NoRoom};
use crate::endpoints::compute;

/// How much is asked of the budget at a time for a body of unknown length.
const STEP: usize = 64 << 10;

/// How many times larger than its compressed form telemetry usually is.
const INFLATE_RATIO_USUAL: usize = 8;

/// The code of the answer to a request that the budget has no room for.
pub(crate) const OVERLOADED: &str = "overloaded";

/// A body that was read, and the part of the budget that it holds.
pub(crate) struct Body {
    /// The bytes, decompressed.
    pub bytes: Bytes,
    /// Its part of the budget.
    pub held: Held,
}

/// Reads a body that is plain or gzip, for a project that the budget has room for.
pub(crate) async fn read(
    request: &HttpRequest,
    payload: Payload,
    app: &App,
    project: ProjectId,
) -> Result<Body, Problem> {
    let is_gzip = match request
        .headers()
        .get(CONTENT_ENCODING)
        .map(|value| value.as_bytes())
    {
        None | Some(b"" | b"identity") => false,
        Some(b"gzip") => true,
        Some(_) => return Err(unsupported_encoding()),
    };
    let (bytes, held) = collect(request, payload, &app.budget, project).await?;
    if is_gzip {
        return inflate(app, bytes, held).await;
    }
    Ok(Body { bytes, held })
}

async fn collect(
    request: &HttpRequest,
    mut payload: Payload,
    budget: &Budget,
    project: ProjectId,
) -> Result<(Bytes, Held), Problem> {
    let told = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let told = told.and_then(|text| text.parse::<usize>().ok());
    if told.is_some_and(|length| length > WIRE_BYTES_MAX) {
        return Err(Problem::body_too_large(WIRE_BYTES_MAX));
    }
    let mut paid = told.unwrap_or(STEP);
    let mut held = budget.take(project, paid).map_err(no_room)?;
    let mut body = BytesMut::with_capacity(told.unwrap_or(0));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_cut_off| cut_off())?;
        if body.len() + chunk.len() > WIRE_BYTES_MAX {
            return Err(Problem::body_too_large(WIRE_BYTES_MAX));
        }
        if body.len() + chunk.len() > paid {
            let more = chunk.len().max(STEP);
            held.grow(more).map_err(no_room)?;
            paid += more;
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body.freeze(), held))
}

/// Inflates a body, on a thread of its own if it is large.
pub(crate) async fn inflate(app: &App, wire: Bytes, held: Held) -> Result<Body, Problem> {
    let expected = wire.len() * INFLATE_RATIO_USUAL;
    compute(app, expected, move || inflate_here(&wire, held)).await?
}

/// Inflates into a buffer that grows only as far as the limits and the budget allow.
fn inflate_here(wire: &[u8], mut held: Held) -> Result<Body, Problem> {
    let mut decoder = MultiGzDecoder::new(wire);
    let mut decoded = Vec::new();
    let limit = DECODED_BYTES_MAX.min(INFLATE_FREE_BYTES.max(wire.len() * INFLATE_RATIO_MAX));
    loop {
        let before = decoded.len();
        let room = before.max(STEP).min(limit + 1 - before);
        held.grow(room).map_err(no_room)?;
        let took = decoder.by_ref().take(room as u64).read_to_end(&mut decoded);
        took.map_err(|_broken| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "bad_gzip",
                "The body is not valid gzip.",
            )
        })?;
        if decoded.len() > limit {
            return Err(Problem::body_too_large(limit));
        }
        if decoded.len() - before < room {
            held.shrink_to(decoded.capacity());
            let bytes = decoded.into();
            return Ok(Body { bytes, held });
        }
    }
}

pub(crate) fn cut_off() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "body_cut_off",
        "The body ended before it was complete.",
    )
}

fn unsupported_encoding() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_encoding",
        "Send the body plain or with Content-Encoding: gzip.",
    )
}

/// The answer to a request that the budget has no room for.
pub(crate) fn no_room(refusal: NoRoom) -> Problem {
    match refusal {
        NoRoom::Ever(fits) => Problem::body_too_large(fits),
        NoRoom::Now => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            OVERLOADED,
            "Too much is being received at the moment. Send it again.",
        )
        .with_retry_after_a_moment(),
    }
}
