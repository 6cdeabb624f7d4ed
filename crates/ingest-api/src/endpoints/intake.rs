//! What all native endpoints do: read the body, divide it into items, prepare those that can be
//! read, wait for the commit, and say what became of each.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use tokio::time::Instant;
use uuid::Uuid;

use runwatch_core::hash::ContentHasher;
use runwatch_core::ids::RunId;
use runwatch_core::limits::{
    IDEMPOTENCY_KEY_BYTES_MAX, ITEMS_PER_REQUEST_MAX, QUARANTINE_ITEM_BYTES_MAX,
    QUARANTINE_ITEMS_PER_REQUEST_MAX,
};
use runwatch_core::redact::Redactor;
use runwatch_core::run::RunPart;
use runwatch_core::text::cut;
use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;
use runwatch_store::ingest::{Arrival, ArrivingRun, Idempotency, Quarantined, Reply, RunVerdict};

use crate::App;
use crate::body;
use crate::endpoints::answer::{Rejection, Verdicts};
use crate::endpoints::{admit, compute, key_reused, media_type, not_stored};
use crate::native::{ItemError, Text, items, member};
use crate::prepare::{Context, by_code, prepare};
use crate::queue::Answer;
use crate::tenants::Tenant;

/// How the items of an endpoint are read.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    /// What an item is called in quarantine.
    pub item: &'static str,
    /// Whether an item is a run itself.
    pub is_run: bool,
    /// Reads one item; `fallback` is the id for a run that came without one.
    pub read: fn(Context<'_>, &Text<'_>, fallback: RunId) -> Result<RunPart, ItemError>,
    /// The member of the body that is the list of items, unless the body is the list itself.
    pub list: Option<&'static str>,
}

/// Takes in a request whose items are read like that. `run` is the run that its path names.
pub(super) async fn take_in(
    app: Data<App>,
    who: Ingester,
    request: HttpRequest,
    payload: Payload,
    run: Option<RunId>,
    reading: Reading,
) -> Result<HttpResponse, Problem> {
    let is_lines = is_lines(&request)?;
    let key = idempotency_key(&request)?;
    let tenant = admit(&app, &who)?;
    let body = body::read(&request, payload, &app, who.project)
        .await
        .inspect_err(|problem| app.metrics.refused(problem))?;
    let started = Instant::now();
    let bytes = body.bytes.len();
    let (decoding, held) = (
        Decoding {
            app: app.clone(),
            who,
            tenant,
            key,
            run,
            reading,
            is_lines,
        },
        body.held,
    );
    let decode = move || decoding.decode(&body.bytes);
    let (decoded, arrival) = compute(&app, bytes, decode).await??;
    let answer = app
        .queue
        .store(arrival, held, started)
        .await
        .map_err(not_stored)?;
    let verdicts = decoded.verdicts(answer)?;
    app.metrics
        .answered(started.elapsed(), verdicts.rejected.len());
    Ok(verdicts.into_response())
}

pub(super) fn is_lines(request: &HttpRequest) -> Result<bool, Problem> {
    match media_type(request).as_str() {
        "application/json" | "" => Ok(false),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(true),
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send application/json or application/x-ndjson.",
        )),
    }
}

/// A body as text.
pub(super) fn text(body: &Bytes) -> Result<&str, Problem> {
    std::str::from_utf8(body).map_err(|_not_utf8| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_utf8",
            "The body is not UTF-8.",
        )
    })
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get("Idempotency-Key") else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| !key.is_empty() && key.len() <= IDEMPOTENCY_KEY_BYTES_MAX);
    let detail = "An Idempotency-Key is 1 to 255 visible ASCII characters.";
    key.map(|key| Some(key.to_owned()))
        .ok_or_else(|| Problem::bad_request(detail).with_field("Idempotency-Key"))
}

struct Decoding {
    app: Data<App>,
    who: Ingester,
    tenant: Arc<Tenant>,
    key: Option<String>,
    run: Option<RunId>,
    reading: Reading,
    is_lines: bool,
}

/// What was read of a request, for the answer.
struct Decoded {
    rejected: Vec<Rejection>,
    /// Position in the request, and id, of each run that was read.
    positions: Vec<(usize, RunId)>,
    run_ids: Vec<String>,
}

impl Decoding {
    fn decode(self, body: &Bytes) -> Result<(Decoded, Arrival), Problem> {
        let text = text(body)?;
        let text = self
            .reading
            .list
            .map_or(Ok(text), |name| member(text, name))?;
        let items = items(text, self.is_lines, ITEMS_PER_REQUEST_MAX)?;
        let received_at = self.app.clock.now();
        let context = Context {
            key: self.who.content_key,
            received_at,
            prices: &self.app.prices,
            redactor: &self.tenant.redactor,
        };
        let mut decoded = Decoded {
            rejected: Vec::new(),
            positions: Vec::new(),
            run_ids: Vec::new(),
        };
        let (mut runs, mut quarantine): (Vec<ArrivingRun>, Vec<Quarantined>) =
            (Vec::new(), Vec::new());
        let mut steps = 0;
        for (index, item) in items.0.iter().enumerate() {
            let fallback = self.run.unwrap_or_else(|| self.fallback(index));
            let read =
                Text::new(item).and_then(|text| (self.reading.read)(context, &text, fallback));
            match read {
                Ok(part) => {
                    steps += part.steps.len() + part.failures.len() + part.feedback.len();
                    if part.run_id == fallback && self.run.is_none() {
                        decoded.run_ids.push(part.run_id.to_string());
                    }
                    decoded.positions.push((index, part.run_id));
                    let is_item = self.reading.is_run || part.is_only_of_run();
                    runs.push(prepare(context, part, is_item));
                }
                Err(error) => {
                    if quarantine.len() < QUARANTINE_ITEMS_PER_REQUEST_MAX {
                        let redactor = context.redactor;
                        quarantine.push(quarantined(self.reading.item, &error, item, redactor));
                    }
                    decoded.rejected.push(Rejection::unreadable(index, &error));
                }
            }
        }
        if steps > ITEMS_PER_REQUEST_MAX {
            return Err(Problem::too_many_items(ITEMS_PER_REQUEST_MAX));
        }
        self.tenant.spend(steps, body.len());
        let rejected = by_code(
            decoded
                .rejected
                .iter()
                .map(|rejection| rejection.code.as_str()),
        );
        let body_hash = ContentHasher::new(context.key).bytes(body).finish128();
        let arrival = Arrival {
            project: self.who.project,
            content_key: context.key,
            idempotency: self.key.map(|key| Idempotency { key, body_hash }),
            runs,
            quarantine,
            rejected,
            duplicates: 0,
        };
        Ok((decoded, arrival))
    }

    /// The id of a run that came without one: made from the idempotency key and the position if
    /// there is a key, so that sending again makes the same, else random.
    fn fallback(&self, index: usize) -> RunId {
        let Some(key) = &self.key else {
            return RunId(Uuid::now_v7());
        };
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        let mut hasher = ContentHasher::new(self.who.content_key);
        RunId(hasher.text(key).number(index).finish128())
    }
}

fn quarantined(
    item: &'static str,
    error: &ItemError,
    text: &str,
    redactor: &Redactor,
) -> Quarantined {
    let message = match error.field.as_str() {
        "" => error.message.clone(),
        field => format!("{field}: {}", error.message),
    };
    let message = redactor.text(&message).unwrap_or(message);
    let body = cut(text, QUARANTINE_ITEM_BYTES_MAX).as_bytes().to_vec();
    Quarantined {
        item,
        code: error.code.to_owned(),
        message: runwatch_core::text::without_nul(&message).into_owned(),
        body: redactor.item(body),
    }
}

impl Decoded {
    fn verdicts(self, answer: Answer) -> Result<Verdicts, Problem> {
        let Reply::Stored(runs) = answer.reply else {
            return Err(key_reused());
        };
        let mut verdicts = Verdicts {
            rejected: self.rejected,
            run_ids: self.run_ids,
            ..Verdicts::default()
        };
        for ((index, run), verdict) in self.positions.iter().zip(&runs) {
            let RunVerdict {
                stored,
                duplicates,
                conflicts,
                erased,
            } = verdict;
            if *erased > 0 {
                verdicts.rejected.push(Rejection::erased(*index, *run));
            } else if *stored > 0 {
                verdicts.accepted += 1;
            } else if *duplicates > 0 || conflicts.is_empty() {
                verdicts.duplicates += 1;
            }
            let conflicts = conflicts
                .iter()
                .map(|conflict| Rejection::conflict(*index, *run, conflict));
            verdicts.rejected.extend(conflicts);
        }
        for refused in &answer.refused {
            let Some((index, run)) = self.positions.get(refused.run).copied() else {
                continue;
            };
            verdicts.rejected.push(Rejection {
                index,
                id: Some(
                    refused
                        .step
                        .map_or(run.to_string(), |step| step.to_string()),
                ),
                code: crate::queue::NOT_STORABLE.to_owned(),
                field: None,
                message: "The database cannot store it.".to_owned(),
            });
        }
        Ok(verdicts)
    }
}
