//! `GET /v1/export`

mod answer;
mod columns;
mod csv;
mod jsonl;
mod parquet;
mod plan;
mod source;
mod usage;
mod writer;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use runwatch_core::failures::FailureType;
use runwatch_core::findings::FindingKind;
use runwatch_core::run::RunStatus;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::runs::RunFilter;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::json::Time;
use crate::routes::export::plan::Plan;
use crate::routes::runs::filter::{self, run_filters};
use crate::schema::{FailureTypeName, FindingKindName, RunStatusName};

run_filters! {
    /// What is exported, of which runs, and in which form.
    struct GetExport {
        /// What the rows are.
        #[param(inline, required = true)]
        what: Option<What>,
        /// In which form, `jsonl` unless said otherwise.
        #[param(inline)]
        format: Format,
        /// Which columns, separated by commas, in this order; all unless said otherwise. One more may
        /// be asked for: `cursor`, which is where an export begins that goes on behind the row.
        columns: Option<String>,
        /// Whether steps come with their `input` and `output`; not as CSV.
        payloads: bool,
        /// From when: of runs that started then or later, of usage that ended then or later. A day
        /// before `to` unless said otherwise, and 90 days at most.
        #[param(inline)]
        from: Option<Time>,
        /// Until when; now unless said otherwise.
        #[param(inline)]
        to: Option<Time>,
        /// Buckets of time, of usage: `hour` unless said otherwise.
        #[param(inline)]
        bucket: Bucket,
        /// Rows of a page, 10,000 at most; all rows unless said otherwise. A page is answered with
        /// the header `X-Next-Cursor` if there are more, and may end early if its rows are large.
        #[param(minimum = 1, maximum = 10_000)]
        limit: Option<u32>,
        /// Behind which row it begins: the `X-Next-Cursor` of the page before, the column `cursor` of
        /// the last row that was received, or, which is the same, that row's `run_id` (runs),
        /// `run_id/step_id` (steps) or `run_id/failure_id` (failures).
        cursor: Option<String>,
    }
}

/// What the rows of an export are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum What {
    Runs,
    Steps,
    Failures,
    Usage,
}

/// In which form rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    Csv,
    #[default]
    Jsonl,
    Parquet,
}

/// Buckets of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Bucket {
    Minute,
    #[default]
    Hour,
}

/// Gets runs, their steps or failures, or usage as a file: CSV, JSON lines or Parquet.
///
/// The rows come in the order of time (runs by their start, steps and failures by their run and then
/// by their id), as they are read, however many there are. An answer that is cut off has no end of its
/// chunked encoding, and clients report it; to go on behind the last row that was received, send its
/// ids as `cursor`, with the same `from`, `to` and filters. Of what does not change meanwhile, no row
/// is there twice and none is missing; a run that is still being told may move, and `status` leaves it
/// out.
///
/// CSV is that of RFC 4180, with a heading and lists as JSON; a text that a spreadsheet would take for
/// a formula has an apostrophe before it. `Accept-Encoding: gzip` compresses CSV and JSON lines;
/// Parquet is compressed by itself.
#[utoipa::path(
    tag = "export",
    params(GetExport),
    responses((
        status = 200,
        description = "The rows",
        headers(
            ("X-Next-Cursor" = Option<String>, description = "Where the next page begins, if a page was asked for and there is one"),
            ("Link" = Option<String>, description = "The address of that page, as `rel=\"next\"`"),
        ),
        content(
            (String = "application/x-ndjson"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.parquet"),
        ),
    ))
)]
#[get("/v1/export")]
pub(crate) async fn get_export(
    reader: Reader,
    query: Query<GetExport>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let plan = Plan::read(&query.0, &request, app.now())?;
    let turn = app.exports.turn()?;
    let source = plan.source(&app, reader.project).await?;
    match plan.limit {
        Some(limit) => answer::page(app, plan, source, limit).await,
        None => answer::stream(app, plan, source, turn).await,
    }
}
