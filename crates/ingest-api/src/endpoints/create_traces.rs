//! `POST /v1/traces`: OTLP/HTTP.

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};
use tokio::time::Instant;

use runwatch_core::limits::{ITEMS_PER_REQUEST_MAX, QUARANTINE_ITEMS_PER_REQUEST_MAX};
use runwatch_otlp::{DecodeError, Format, Rejected, decode_traces, response};
use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;
use runwatch_store::ingest::{Arrival, Quarantined, Reply};

use crate::App;
use crate::body;
use crate::endpoints::otlp_form::{content_type, format, in_otlp_form};
use crate::endpoints::{compute, media_type, not_stored};
use crate::prepare::{Context, by_code, prepare};
use crate::queue::Answer;

/// Rejected spans that a message names.
const NAMED_MAX: usize = 5;

/// Stores an export of OpenTelemetry traces, as protobuf or JSON, plain or gzip.
///
/// The answer comes after the commit. Spans that cannot be stored are counted in `partial_success`
/// and kept in quarantine; the others are stored. Errors are a `google.rpc.Status`.
#[utoipa::path(
    tag = "opentelemetry",
    request_body(content = Vec<u8>, content_type = "application/x-protobuf",
        description = "An ExportTraceServiceRequest"),
    responses((status = 200, description = "An ExportTraceServiceResponse, in the request's format")),
)]
#[post("/v1/traces", wrap = "from_fn(in_otlp_form)")]
pub(crate) async fn create_traces(
    who: Ingester,
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let format = format(&request).ok_or_else(|| unsupported(&media_type(&request)))?;
    let body = body::read(&request, payload, &app.budget)
        .await
        .inspect_err(|problem| {
            if problem.code() == "overloaded" {
                app.metrics.shed()
            }
        })?;
    let started = Instant::now();
    let (bytes, held, decoding) = (body.bytes.len(), body.held, app.clone());
    let (rejected, arrival) =
        compute(bytes, move || decode(&decoding, who, format, &body.bytes)).await??;
    let answer = app.queue.store(arrival, held).await.map_err(not_stored)?;
    let (count, message) = refusals(&rejected, &answer);
    app.metrics.answered(started.elapsed(), count);
    let body = match count {
        0 => response::success(format),
        _ => response::partial(format, count as u64, &message),
    };
    Ok(HttpResponse::Ok()
        .content_type(content_type(format))
        .body(body))
}

fn decode(
    app: &App,
    who: Ingester,
    format: Format,
    body: &Bytes,
) -> Result<(Vec<Rejected>, Arrival), Problem> {
    let decoded = decode_traces(body, format, who.content_key).map_err(undecodable)?;
    let received_at = app.clock.now();
    let context = Context {
        key: who.content_key,
        received_at,
        prices: &app.prices,
    };
    let quarantined = |rejected: &Rejected| Quarantined {
        item: "span",
        code: rejected.code.to_owned(),
        message: format!("{}: {}", rejected.id, rejected.message),
        body: rejected.body.clone(),
    };
    let quarantine = decoded
        .rejected
        .iter()
        .take(QUARANTINE_ITEMS_PER_REQUEST_MAX)
        .map(quarantined);
    let arrival = Arrival {
        project: who.project,
        content_key: who.content_key,
        idempotency: None,
        quarantine: quarantine.collect(),
        rejected: by_code(decoded.rejected.iter().map(|rejected| rejected.code)),
        duplicates: i64::try_from(decoded.duplicates).unwrap_or(i64::MAX),
        runs: decoded
            .parts
            .into_iter()
            .map(|part| prepare(context, part, false))
            .collect(),
    };
    Ok((decoded.rejected, arrival))
}

/// How many spans were refused, and why the first of them were.
fn refusals(rejected: &[Rejected], answer: &Answer) -> (usize, String) {
    let decoded = rejected
        .iter()
        .map(|span| format!("span {} ({}): {}", span.id, span.code, span.message));
    let verdicts = match &answer.reply {
        Reply::Stored(verdicts) => verdicts.as_slice(),
        Reply::KeyReused => &[],
    };
    let conflicts = verdicts.iter().flat_map(|verdict| &verdict.conflicts);
    let conflicts =
        conflicts.map(|conflict| format!("{:?} (conflict): {}", conflict.what, conflict.message));
    let refused = answer
        .refused
        .iter()
        .map(|_| "a span that the database cannot store".to_owned());
    let reasons: Vec<String> = decoded.chain(conflicts).chain(refused).collect();
    let mut message = reasons
        .iter()
        .take(NAMED_MAX)
        .cloned()
        .collect::<Vec<_>>()
        .join("; ");
    if reasons.len() > NAMED_MAX {
        message.push_str(&format!("; and {} more", reasons.len() - NAMED_MAX));
    }
    (reasons.len(), message)
}

pub(super) fn undecodable(error: DecodeError) -> Problem {
    match error {
        DecodeError::TooManyItems => Problem::too_many_items(ITEMS_PER_REQUEST_MAX),
        error => Problem::new(StatusCode::BAD_REQUEST, "bad_otlp", error.to_string()),
    }
}

fn unsupported(media_type: &str) -> Problem {
    let detail = match media_type {
        "application/grpc" => "This is the HTTP endpoint; gRPC has a port of its own.",
        _ => "Send application/x-protobuf or application/json.",
    };
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        detail,
    )
}
