//! Rows become bytes: in one of the forms, and compressed if that was asked for.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use runwatch_core::failures::FailureId;
use runwatch_core::ids::StepId;
use runwatch_core::payload::Part;
use runwatch_store::export::{Row, Table, Value};
use serde_json::value::RawValue;

use crate::json;
use crate::routes::export::Format;
use crate::routes::export::columns::{Origin, Output};
use crate::routes::export::csv::Csv;
use crate::routes::export::jsonl::Jsonl;
use crate::routes::export::parquet::Parquet;
use crate::routes::export::plan::Plan;
use crate::routes::export::source::{Batch, Payloads};
use crate::routes::export::usage;

/// Writes an export.
pub(super) struct Writer {
    outputs: Vec<Output>,
    /// Whether a row is written as it is read.
    is_plain: bool,
    form: Form,
    /// What is written and not taken yet.
    bytes: Vec<u8>,
    gzip: Option<GzEncoder<Vec<u8>>>,
}

enum Form {
    Csv(Csv),
    Jsonl(Jsonl),
    Parquet(Box<Parquet>),
}

impl Writer {
    pub(super) fn new(plan: &Plan) -> io::Result<Self> {
        let outputs = plan.columns.outputs.clone();
        let mut bytes = Vec::new();
        let form = match plan.format {
            Format::Csv => Form::Csv(Csv::new(&outputs, &mut bytes)),
            Format::Jsonl => Form::Jsonl(Jsonl::new(&outputs)),
            Format::Parquet => {
                Form::Parquet(Box::new(Parquet::new(&outputs).map_err(io::Error::other)?))
            }
        };
        let gzip = plan
            .is_gzip
            .then(|| GzEncoder::new(Vec::new(), Compression::fast()));
        let as_read = |(at, output): (usize, &Output)| output.origin == Origin::Row(at);
        Ok(Self {
            is_plain: outputs.iter().enumerate().all(as_read),
            outputs,
            form,
            bytes,
            gzip,
        })
    }

    /// Writes rows of a batch from the first on, until there are so many or so many bytes. Says how
    /// many it has written, and where the next begins.
    pub(super) fn write(
        &mut self,
        batch: &Batch,
        rows_max: usize,
        bytes_max: usize,
    ) -> io::Result<(usize, Option<String>)> {
        let rows = batch.len().min(rows_max);
        let needs_cursor = |output: &Output| output.origin == Origin::Cursor;
        let needs_cursor = self.outputs.iter().any(needs_cursor);
        let (mut written, mut cursor) = (0, None);
        let mut values = Vec::with_capacity(self.outputs.len());
        while written < rows && (written == 0 || self.bytes.len() < bytes_max) {
            let is_last = written + 1 == rows || rows_max != usize::MAX;
            cursor = (needs_cursor || is_last)
                .then(|| batch.cursor(written))
                .transpose()?;
            values.clear();
            batch.read(written, &mut values)?;
            if self.is_plain && values.len() == self.outputs.len() {
                self.form.row(&values, &mut self.bytes)?;
            } else {
                let documents = batch.documents(written);
                let chosen: Vec<Value<'_>> = (self.outputs.iter())
                    .map(|output| match output.origin {
                        Origin::Row(at) => values[at].clone(),
                        Origin::Payload(part) => documents.get(part),
                        Origin::Cursor => Value::Text(cursor.as_deref().unwrap_or_default()),
                    })
                    .collect();
                self.form.row(&chosen, &mut self.bytes)?;
            }
            written += 1;
        }
        Ok((written, cursor))
    }

    /// Takes what is written so far, for it to be sent.
    pub(super) fn take(&mut self) -> io::Result<Vec<u8>> {
        if let Form::Parquet(parquet) = &mut self.form {
            return Ok(parquet.take());
        }
        let Some(gzip) = &mut self.gzip else {
            return Ok(std::mem::take(&mut self.bytes));
        };
        gzip.write_all(&self.bytes)?;
        gzip.flush()?;
        self.bytes.clear();
        Ok(std::mem::take(gzip.get_mut()))
    }

    /// Takes the rest.
    pub(super) fn finish(mut self) -> io::Result<Vec<u8>> {
        if let Form::Parquet(parquet) = self.form {
            return parquet.finish().map_err(io::Error::other);
        }
        let mut rest = self.take()?;
        if let Some(gzip) = self.gzip {
            rest.extend(gzip.finish()?);
        }
        Ok(rest)
    }
}

impl Form {
    fn row(&mut self, values: &[Value<'_>], into: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Csv(csv) => csv.row(values, into),
            Self::Jsonl(jsonl) => jsonl.row(values, into),
            Self::Parquet(parquet) => parquet.row(values).map_err(io::Error::other)?,
        }
        Ok(())
    }
}

impl Batch {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Rows { rows, .. } => rows.len(),
            Self::Usage(rows) => rows.len(),
        }
    }

    /// Adds all values of a row that were read.
    fn read<'a>(&'a self, at: usize, values: &mut Vec<Value<'a>>) -> io::Result<()> {
        match self {
            Self::Rows { rows, .. } => {
                let row = rows.get(at).map_err(io::Error::other)?;
                row.read(values).map_err(io::Error::other)
            }
            Self::Usage(rows) => {
                values.extend(usage::values(&rows[at]));
                Ok(())
            }
        }
    }

    /// Where an export begins that goes on behind a row.
    fn cursor(&self, at: usize) -> io::Result<String> {
        match self {
            Self::Rows { table, rows, .. } => {
                let row = rows.get(at).map_err(io::Error::other)?;
                Ok(cursor(*table, row))
            }
            Self::Usage(rows) => Ok(usage::cursor_of(&rows[at])),
        }
    }

    fn documents(&self, at: usize) -> Documents {
        match self {
            Self::Rows { payloads, .. } => Documents::new(payloads, at),
            Self::Usage(_) => Documents::default(),
        }
    }
}

fn cursor(table: Table, row: Row<'_>) -> String {
    let run = row.run;
    match table {
        Table::Runs => run.to_string(),
        Table::Steps => match StepId::from_bytes(row.id) {
            Ok(step) => format!("{run}/{step}"),
            Err(_bad_id) => run.to_string(),
        },
        Table::Failures => match uuid::Uuid::from_slice(row.id) {
            Ok(id) => format!("{run}/{}", FailureId(id).0),
            Err(_bad_id) => run.to_string(),
        },
    }
}

/// The input and output of a step, as JSON.
#[derive(Default)]
struct Documents {
    parts: Vec<(Part, Box<RawValue>)>,
}

impl Documents {
    fn new(payloads: &Payloads, at: usize) -> Self {
        let copy = payloads.copies.get(at);
        let stored = copy.and_then(|copy| payloads.parts.get(copy));
        let document = |stored: &std::sync::Arc<runwatch_store::payloads::StoredPart>| {
            (
                stored.part,
                json::value(stored.encoding, stored.body.clone()),
            )
        };
        Self {
            parts: stored.into_iter().flatten().map(document).collect(),
        }
    }

    fn get(&self, part: Part) -> Value<'_> {
        let found = self.parts.iter().find(|(of, _)| *of == part);
        found.map_or(Value::Null, |(_, document)| Value::Json(document.get()))
    }
}
