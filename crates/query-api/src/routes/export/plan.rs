//! What was asked for, read and checked.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_ENCODING;
use runwatch_core::ids::ProjectId;
use runwatch_core::limits::EXPORT_PAGE_ROWS_MAX;
use runwatch_core::time::Timestamp;
use runwatch_service::problem::Problem;
use runwatch_store::export::Table;
use runwatch_store::runs::RunFilter;

use crate::app::App;
use crate::cursor::limit_within;
use crate::range::Range;
use crate::routes::export::columns::Columns;
use crate::routes::export::source::{Runs, Source};
use crate::routes::export::usage::{self, Usage};
use crate::routes::export::{Format, GetExport, What};

/// An export to be made.
pub(super) struct Plan {
    what: What,
    pub(super) format: Format,
    pub(super) columns: Columns,
    has_payloads: bool,
    pub(super) range: Range,
    filter: RunFilter,
    usage: usage::Filter,
    pub(super) limit: Option<u32>,
    cursor: Option<String>,
    /// Whether what is written is compressed.
    pub(super) is_gzip: bool,
    /// The query, for the address of the next page.
    query: String,
}

impl Plan {
    /// Reads it from a request.
    pub(super) fn read(
        query: &GetExport,
        request: &HttpRequest,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let missing = || {
            Problem::invalid_parameter(
                "what",
                "It has to be given: runs, steps, failures or usage.",
            )
        };
        let what = query.what.ok_or_else(missing)?;
        check_payloads(query, what)?;
        let range = Range::read(query.from, query.to, now)?;
        let mut filter = query.filter()?;
        let names = query.columns.as_deref();
        let columns = match what.table() {
            Some(table) => Columns::of_table(table, query.payloads, names)?,
            None => usage::columns(names)?,
        };
        let usage = usage::Filter::read(query, &filter);
        let usage = if what == What::Usage {
            usage?
        } else {
            usage::Filter::default()
        };
        filter.started_after = filter.started_after.max(Some(range.from));
        let before = filter.started_before.unwrap_or(range.to);
        filter.started_before = Some(before.min(range.to));
        let limit = query
            .limit
            .map(|limit| limit_within(limit, EXPORT_PAGE_ROWS_MAX));
        Ok(Self {
            what,
            format: query.format,
            columns,
            has_payloads: query.payloads,
            range,
            filter,
            usage,
            limit: limit.transpose()?,
            cursor: query.cursor.clone(),
            is_gzip: query.format != Format::Parquet && takes_gzip(request),
            query: request.query_string().to_owned(),
        })
    }

    /// Where the rows come from, set to where they begin.
    pub(super) async fn source(&self, app: &App, project: ProjectId) -> Result<Source, Problem> {
        let cursor = self.cursor.as_deref();
        let Some(table) = self.what.table() else {
            let usage = Usage::begin(project, self.range, &self.usage, cursor)?;
            return Ok(Source::Usage(Box::new(usage)));
        };
        let rows_max = self.limit.unwrap_or(u32::MAX);
        let columns = self.columns.read.clone();
        let mut runs = Runs::new(project, table, columns, self.filter.clone(), rows_max);
        if self.has_payloads {
            runs.add_payloads();
        }
        if let Some(cursor) = cursor {
            runs.resume(app, cursor).await?;
        }
        Ok(Source::Runs(Box::new(runs)))
    }

    /// What the file is called: what is in it, and of which time.
    pub(super) fn file_name(&self) -> String {
        let compact = |at: Timestamp| {
            let text = at.to_rfc3339();
            let seconds = text.split('.').next().unwrap_or_default();
            seconds.replace(['-', ':'], "") + "Z"
        };
        let (from, to) = (compact(self.range.from), compact(self.range.to));
        format!(
            "runwatch-{}-{from}-{to}.{}",
            self.what.name(),
            self.format.extension()
        )
    }

    /// The address of the page that begins behind a row, with the same range of time.
    pub(super) fn next_page(&self, cursor: &str) -> String {
        let kept = self.query.split('&').filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !["cursor", "from", "to", ""].contains(&name)
        });
        let kept: Vec<&str> = kept.collect();
        let (from, to) = (self.range.from.to_rfc3339(), self.range.to.to_rfc3339());
        format!(
            "/v1/export?{}&from={from}&to={to}&cursor={cursor}",
            kept.join("&")
        )
    }
}

fn check_payloads(query: &GetExport, what: What) -> Result<(), Problem> {
    let wrong = |detail| Err(Problem::invalid_parameter("payloads", detail));
    match (query.payloads, what, query.format) {
        (false, ..) => Ok(()),
        (true, What::Steps, Format::Csv) => wrong("CSV has no payloads: ask for jsonl or parquet."),
        (true, What::Steps, _) => Ok(()),
        (true, ..) => wrong("Only steps have payloads: ask for `what=steps`."),
    }
}

/// Whether the client takes gzip: it is named, and not with the weight 0 (RFC 9110 §12.5.3).
fn takes_gzip(request: &HttpRequest) -> bool {
    let values = request.headers().get_all(ACCEPT_ENCODING);
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().trim_start_matches("q=");
        name.trim().eq_ignore_ascii_case("gzip") && weight.parse::<f32>() != Ok(0.0)
    })
}

impl What {
    /// The table that the rows are of; usage is none.
    fn table(self) -> Option<Table> {
        match self {
            Self::Runs => Some(Table::Runs),
            Self::Steps => Some(Table::Steps),
            Self::Failures => Some(Table::Failures),
            Self::Usage => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Steps => "steps",
            Self::Failures => "failures",
            Self::Usage => "usage",
        }
    }
}

impl Format {
    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}
