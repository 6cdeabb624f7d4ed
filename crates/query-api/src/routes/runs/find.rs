//! `GET /v1/runs/{run}`

use std::collections::BTreeMap;

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use runwatch_core::claims::{Claims, Field};
use runwatch_core::ids::RunId;
use runwatch_core::limits::PAGE_ROWS_MAX;
use runwatch_core::payload::Part;
use runwatch_core::run::RunStatus;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_store::error::{Result as StoreResult, StoreError};
use runwatch_store::failures::FailureInfo;
use runwatch_store::pool::Conn;
use runwatch_store::runs::RunDetail;
use runwatch_store::{failures, payload_parts, runs, steps};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::App;
use crate::json::Parts;
use crate::routes::failures::FailureItem;
use crate::routes::runs::RunItem;
use crate::routes::runs::finding::FindingItem;

/// A run as it was told, with what was derived. Its steps and its feedback
/// are read by their own calls: `/v1/runs/{run}/steps` and `/v1/runs/{run}/feedback`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Run {
    #[serde(flatten)]
    run: RunItem,
    /// Whether it is a run, or a trace of something else.
    is_run: bool,
    /// What went in: as told, else of the step that stands for the run.
    #[schema(value_type = Option<serde_json::Value>)]
    input: Option<Box<RawValue>>,
    /// What came out: as told, else of the step that stands for the run.
    #[schema(value_type = Option<serde_json::Value>)]
    output: Option<Box<RawValue>>,
    /// Attributes of the run as a whole.
    #[schema(value_type = Object)]
    attributes: BTreeMap<String, Box<RawValue>>,
    /// What went wrong in it, the first 1,000.
    failures: Vec<FailureItem>,
    /// Costly patterns in its steps, the largest first, 20 at most.
    findings: Vec<FindingItem>,
}

/// Gets one run.
#[utoipa::path(
    tag = "runs",
    params(("run" = String, Path, description = "The run's id: a UUID or 32 hex digits")),
    responses((status = 200, body = Run), (status = 304, description = "It has not changed"))
)]
#[get("/v1/runs/{run}")]
pub(crate) async fn get_run(
    reader: Reader,
    run: Path<RunId>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (project, run) = (reader.project, run.into_inner());
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|tag| tag.to_str().ok());
    let (tag, answer) = app
        .answer(project, async |conn| {
            let detail = runs::find(conn, project, run).await?;
            let tag = entity_tag(&detail);
            if tag.is_some() && tag.as_deref() == known {
                return Ok((tag, None));
            }
            let parts = parts(conn, reader, &detail).await?;
            let place = detail.summary.place;
            let failures = failures::list_of_run(conn, project, place, PAGE_ROWS_MAX).await?;
            Ok((tag, Some(Run::new(detail, parts, failures))))
        })
        .await?;
    let mut response = match answer {
        Some(_) => HttpResponse::Ok(),
        None => HttpResponse::NotModified(),
    };
    if let Some(tag) = tag {
        response
            .insert_header((ETAG, tag))
            .insert_header((CACHE_CONTROL, "private, no-cache"));
    }
    Ok(match answer {
        Some(run) => response.json(run),
        None => response.finish(),
    })
}

/// What changes whenever anything of a run that has ended does; none while it runs.
fn entity_tag(run: &RunDetail) -> Option<String> {
    let summary = &run.summary;
    (summary.status != RunStatus::Running).then(|| {
        let (received, status) = (summary.last_received_at.0, summary.status.code());
        format!("W/\"{received:x}-{status}-{:x}\"", summary.totals.steps)
    })
}

/// The run's input and output: what was told, else those of the step that stands for it.
async fn parts(conn: &mut Conn, reader: Reader, run: &RunDetail) -> StoreResult<Parts> {
    let (project, place) = (reader.project, run.summary.place);
    let was_told =
        |claims: &Claims| claims.get(Field::Input).is_some() || claims.get(Field::Output).is_some();
    let mut parts = Vec::new();
    if was_told(&run.claims) {
        parts = payload_parts::of_run(conn, project, place).await?;
    }
    if let Some(main) = run.main_step {
        let of_step = match steps::find(conn, project, place, main).await {
            Ok(step) => {
                payload_parts::of_step(conn, project, place, main, step.content_hash).await?
            }
            // Steps may be deleted before their run.
            Err(StoreError::NotFound) => Vec::new(),
            Err(error) => return Err(error),
        };
        let told: Vec<Part> = parts.iter().map(|part| part.part).collect();
        parts.extend(
            of_step
                .into_iter()
                .filter(|part| !told.contains(&part.part)),
        );
    }
    Ok(Parts::new(parts))
}

impl Run {
    fn new(detail: RunDetail, mut parts: Parts, failures: Vec<FailureInfo>) -> Self {
        let attribute = |(key, json): (&str, &str)| {
            let value = RawValue::from_string(json.to_owned()).ok();
            (
                key.to_owned(),
                value.unwrap_or_else(|| crate::json::raw(&json)),
            )
        };
        Self {
            run: detail.summary.into(),
            is_run: detail.is_run,
            input: parts.take(Part::Input),
            output: parts.take(Part::Output),
            attributes: detail.claims.attributes().map(attribute).collect(),
            failures: failures.into_iter().map(FailureItem::from).collect(),
            findings: detail.findings.iter().map(FindingItem::from).collect(),
        }
    }
}
