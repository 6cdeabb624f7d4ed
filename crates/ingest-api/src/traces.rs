//! Exports of traces, whichever way they came: decode, prepare, wait for the commit, and say what was
//! refused.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use tokio::time::Instant;

use runwatch_core::limits::{ITEMS_PER_REQUEST_MAX, QUARANTINE_ITEMS_PER_REQUEST_MAX};
use runwatch_otlp::{DecodeError, Format, Rejected, decode_traces, response};
use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;
use runwatch_store::ingest::{Arrival, Quarantined, Reply};

use crate::App;
use crate::body::Body;
use crate::endpoints::{compute, not_stored};
use crate::prepare::{Context, by_code, prepare};
use crate::queue::Answer;
use crate::tenants::Tenant;

/// Rejected spans that a message names.
const NAMED_MAX: usize = 5;

/// Stores an export, and gives the bytes of an `ExportTraceServiceResponse` in its format.
pub(crate) async fn store(
    app: Data<App>,
    (who, tenant): (Ingester, Arc<Tenant>),
    format: Format,
    body: Body,
) -> Result<Vec<u8>, Problem> {
    let started = Instant::now();
    let (bytes, held, decoding) = (body.bytes.len(), body.held, app.clone());
    let (rejected, arrival) = compute(&app, bytes, move || {
        decode(&decoding, &who, &tenant, format, &body.bytes)
    })
    .await??;
    let answer = app
        .queue
        .store(arrival, held, started)
        .await
        .map_err(not_stored)?;
    let (count, message) = refusals(&rejected, &answer);
    app.metrics.answered(started.elapsed(), count);
    Ok(match count {
        0 => response::success(format),
        _ => response::partial(format, count as u64, &message),
    })
}

fn decode(
    app: &App,
    who: &Ingester,
    tenant: &Tenant,
    format: Format,
    body: &Bytes,
) -> Result<(Vec<Rejected>, Arrival), Problem> {
    let decoded = decode_traces(body, format, who.content_key).map_err(undecodable)?;
    let steps = decoded.parts.iter().map(|part| part.steps.len()).sum();
    tenant.spend(steps, body.len());
    let received_at = app.clock.now();
    let context = Context {
        key: who.content_key,
        received_at,
        prices: &app.prices,
        redactor: &tenant.redactor,
    };
    let quarantined = |rejected: &Rejected| Quarantined {
        item: "span",
        code: rejected.code.to_owned(),
        message: format!("{}: {}", rejected.id, rejected.message),
        body: tenant.redactor.item(rejected.body.clone()),
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
    let erased = || verdicts.iter().map(|verdict| verdict.erased);
    let erased_runs = erased().filter(|items| *items > 0);
    let of_erased = erased_runs.map(|items| format!("{items} of a run (erased): it was erased"));
    let reasons: Vec<String> = (decoded.chain(conflicts).chain(refused))
        .chain(of_erased)
        .collect();
    let mut message = reasons
        .iter()
        .take(NAMED_MAX)
        .cloned()
        .collect::<Vec<_>>()
        .join("; ");
    if reasons.len() > NAMED_MAX {
        message.push_str(&format!("; and {} more", reasons.len() - NAMED_MAX));
    }
    // A run that was erased is one reason for all its spans.
    let further = erased().map(|items| usize::try_from(items).unwrap_or(0).saturating_sub(1));
    (reasons.len() + further.sum::<usize>(), message)
}

/// The answer to a body of which nothing could be taken.
pub(crate) fn undecodable(error: DecodeError) -> Problem {
    match error {
        DecodeError::TooManyItems => Problem::too_many_items(ITEMS_PER_REQUEST_MAX),
        error => Problem::new(StatusCode::BAD_REQUEST, "bad_otlp", error.to_string()),
    }
}
