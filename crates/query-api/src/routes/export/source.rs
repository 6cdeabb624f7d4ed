//! Where rows come from: batches of them, each read in a transaction of its own.

use std::collections::{HashSet, VecDeque};
use std::str::FromStr;

use runwatch_core::failures::FailureId;
use runwatch_core::ids::{ProjectId, RunId, StepId};
use runwatch_core::limits::{EXPORT_BATCH_ROWS, EXPORT_PAYLOAD_BYTES};
use runwatch_core::time::{DAY_US, Timestamp};
use runwatch_service::problem::Problem;
use runwatch_store::error::{Result as StoreResult, StoreError};
use runwatch_store::export::{CONTENT_HASH, Column, Page, Rows, Table};
use runwatch_store::payload_parts::{self, InputsAndOutputs};
use runwatch_store::payloads::{ListedStep, short_hash};
use runwatch_store::runs::{self, RunFilter, RunKey, RunPlace};

use crate::app::App;
use crate::routes::export::usage::{Usage, UsageRows};

/// Runs that are looked up at a time.
const KEYS: u32 = 2_000;
/// Over how much time they are looked for at a time, so that no filter, however narrow, makes one
/// statement look through a whole range.
const WINDOW_US: i64 = DAY_US;
/// Steps that are read at a time with their payloads.
const ROWS_WITH_PAYLOADS: u32 = 200;
/// Failures that a run is taken to have when runs are gathered.
const FAILURES_OF_RUN: i64 = 20;

/// Where rows come from.
pub(super) enum Source {
    /// Runs, or what runs have.
    Runs(Box<Runs>),
    /// The rollups.
    Usage(Box<Usage>),
}

/// Rows that were read at a time.
pub(super) enum Batch {
    Rows {
        table: Table,
        rows: Rows,
        payloads: Payloads,
    },
    Usage(UsageRows),
}

/// Inputs and outputs of the rows of a batch, and the copy of a step that each row is.
#[derive(Default)]
pub(super) struct Payloads {
    pub(super) copies: Vec<ListedStep>,
    pub(super) parts: InputsAndOutputs,
}

impl Source {
    /// The next rows; none if there are no more.
    pub(super) async fn next(&mut self, app: &App) -> StoreResult<Option<Batch>> {
        match self {
            Self::Runs(runs) => runs.next(app).await,
            Self::Usage(usage) => Ok(usage.next(app).await?.map(Batch::Usage)),
        }
    }
}

/// What some runs have, run by run in the order of their starts.
pub(super) struct Runs {
    project: ProjectId,
    table: Table,
    columns: Vec<Column>,
    has_payloads: bool,
    filter: RunFilter,
    rows_max: u32,
    /// The last run that was looked up.
    last: Option<(Timestamp, RunId)>,
    /// From where on, and until when, runs are still to be looked up.
    window: (Timestamp, Timestamp),
    /// Runs whose rows come next.
    runs: VecDeque<RunKey>,
    /// The id of the last row that was read of the first of them, if there may be more.
    after: Option<Vec<u8>>,
}

impl Runs {
    /// All of what the runs that pass a filter have; the filter has to have both ends of time.
    pub(super) fn new(
        project: ProjectId,
        table: Table,
        columns: Vec<Column>,
        filter: RunFilter,
        rows_max: u32,
    ) -> Self {
        let window = (
            filter.started_after.unwrap_or_default(),
            filter.started_before.unwrap_or_default(),
        );
        Self {
            project,
            table,
            columns,
            has_payloads: false,
            filter,
            rows_max: rows_max.min(EXPORT_BATCH_ROWS),
            last: None,
            window,
            runs: VecDeque::new(),
            after: None,
        }
    }

    /// Reads inputs and outputs too.
    pub(super) fn add_payloads(&mut self) {
        self.has_payloads = true;
        self.columns.push(CONTENT_HASH);
        self.rows_max = self.rows_max.min(ROWS_WITH_PAYLOADS);
    }

    /// Goes on behind a row: `run`, or `run/id` within it.
    pub(super) async fn resume(&mut self, app: &App, cursor: &str) -> Result<(), Problem> {
        let wrong = || {
            let detail = match self.table {
                Table::Runs => "It must be the `run_id` of a row.",
                Table::Steps => "It must be the `run_id/step_id` of a row.",
                Table::Failures => "It must be the `run_id/failure_id` of a row.",
            };
            Problem::invalid_parameter("cursor", detail)
        };
        let (run, id) = match cursor.split_once('/') {
            Some((run, id)) => (run, Some(row_id(self.table, id).ok_or_else(wrong)?)),
            None => (cursor, None),
        };
        let run = RunId::from_str(run).map_err(|_bad_id| wrong())?;
        let project = self.project;
        let found = app.read(project, async |conn| runs::key(conn, project, run).await);
        let key = found.await.map_err(|error| match error {
            StoreError::NotFound => Problem::invalid_parameter(
                "cursor",
                "Its run is not there any more: begin anew with a later `from`.",
            ),
            error => error.into(),
        })?;
        self.last = Some((key.started_at, run));
        self.window.0 = self.window.0.max(key.started_at);
        if id.is_some() {
            self.runs.push_back(key);
            self.after = id;
        }
        Ok(())
    }

    async fn next(&mut self, app: &App) -> StoreResult<Option<Batch>> {
        loop {
            if self.runs.is_empty() && !self.look_up(app).await? {
                return Ok(None);
            }
            let (place, rows) = self.read(app).await?;
            if rows.is_empty() {
                continue;
            }
            let payloads = match self.has_payloads {
                true => self.payloads(app, place, rows).await?,
                false => (rows, Payloads::default()),
            };
            let (rows, payloads) = payloads;
            return Ok(Some(Batch::Rows {
                table: self.table,
                rows,
                payloads,
            }));
        }
    }

    /// Finds the runs that come next; false if there are none.
    async fn look_up(&mut self, app: &App) -> StoreResult<bool> {
        let project = self.project;
        while self.window.0 < self.window.1 {
            let (from, to) = self.window;
            let to = Timestamp(from.0.saturating_add(WINDOW_US)).min(to);
            self.filter.started_after = Some(from);
            self.filter.started_before = Some(to);
            let keys = app
                .read(project, async |conn| {
                    runs::keys(conn, project, &self.filter, self.last, KEYS).await
                })
                .await?;
            if keys.len() < KEYS as usize {
                self.window.0 = to;
            }
            if let Some(last) = keys.last() {
                self.last = Some((last.started_at, last.place.run));
                self.runs.extend(keys);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads what as many runs have as fit, or as much as fits of the first. Says which run is first.
    async fn read(&mut self, app: &App) -> StoreResult<(RunPlace, Rows)> {
        let gathered = self.gathered();
        let rows = self.read_of(app, gathered).await?;
        let is_full = rows.len() >= self.rows_max as usize;
        if gathered > 1 && is_full {
            // More rows than the runs were taken to have: some have grown meanwhile.
            let rows = self.read_of(app, 1).await?;
            let is_full = rows.len() >= self.rows_max as usize;
            return Ok((self.advance(1, is_full, &rows)?, rows));
        }
        Ok((self.advance(gathered, is_full, &rows)?, rows))
    }

    /// How many of the runs have fewer rows together than are read at a time: one at least.
    fn gathered(&self) -> usize {
        if self.has_payloads || self.after.is_some() {
            return 1;
        }
        let mut sum = 0;
        let fitting = self.runs.iter().take_while(|run| {
            sum += match self.table {
                Table::Runs => 1,
                Table::Steps => run.steps,
                Table::Failures => FAILURES_OF_RUN,
            };
            sum < i64::from(self.rows_max)
        });
        fitting.count().max(1)
    }

    async fn read_of(&self, app: &App, runs: usize) -> StoreResult<Rows> {
        let runs: Vec<RunPlace> = self.runs.iter().take(runs).map(|run| run.place).collect();
        let page = Page {
            table: self.table,
            columns: &self.columns,
            runs: &runs,
            after: self.after.as_deref(),
            rows_max: self.rows_max,
        };
        app.exports.read(self.project, &page).await
    }

    /// Goes behind the rows that were read, and says of which run the first were.
    fn advance(&mut self, runs: usize, is_full: bool, rows: &Rows) -> StoreResult<RunPlace> {
        let first = self
            .runs
            .front()
            .map(|run| run.place)
            .ok_or(StoreError::NotFound)?;
        if runs == 1 && is_full {
            self.after = Some(rows.get(rows.len() - 1)?.id.to_vec());
        } else {
            self.runs.drain(..runs);
            self.after = None;
        }
        Ok(first)
    }

    /// Reads the payloads of steps of one run: of fewer steps if those of all are too many bytes.
    async fn payloads(
        &mut self,
        app: &App,
        place: RunPlace,
        mut rows: Rows,
    ) -> StoreResult<(Rows, Payloads)> {
        let mut copies = copies(&rows)?;
        let project = self.project;
        loop {
            let wanted: HashSet<ListedStep> = copies.iter().copied().collect();
            let bytes_max = if copies.len() == 1 {
                usize::MAX
            } else {
                EXPORT_PAYLOAD_BYTES
            };
            let found = app
                .read(project, async |conn| {
                    payload_parts::inputs_and_outputs(conn, project, place, &wanted, bytes_max)
                        .await
                })
                .await?;
            if let Some(parts) = found {
                return Ok((rows, Payloads { copies, parts }));
            }
            copies.truncate(copies.len() / 2);
            rows.truncate(copies.len());
            self.stay_behind(app, place, &rows).await?;
        }
    }

    /// Takes a run back whose rows were not all taken.
    async fn stay_behind(&mut self, app: &App, place: RunPlace, rows: &Rows) -> StoreResult<()> {
        let project = self.project;
        if self.after.is_none() {
            let key = app
                .read(project, async |conn| {
                    runs::key(conn, project, place.run).await
                })
                .await?;
            self.runs.push_front(key);
        }
        self.after = Some(rows.get(rows.len() - 1)?.id.to_vec());
        Ok(())
    }
}

/// The copy of a step that each row is: the hash of its content is the last that is read.
fn copies(rows: &Rows) -> StoreResult<Vec<ListedStep>> {
    let copy = |at| {
        let row = rows.get(at)?;
        let id = StepId::from_bytes(row.id).map_err(|_bad_id| StoreError::NotFound)?;
        Ok((id, short_hash(row.last_integer()?)))
    };
    (0..rows.len()).map(copy).collect()
}

/// An id of a row within its run, as bytes.
fn row_id(table: Table, text: &str) -> Option<Vec<u8>> {
    match table {
        Table::Runs => None,
        Table::Steps => Some(StepId::from_str(text).ok()?.as_bytes().to_vec()),
        Table::Failures => {
            let uuid = uuid::Uuid::try_parse(text).ok()?;
            Some(FailureId(uuid).0.as_bytes().to_vec())
        }
    }
}
