//! The rows of a page in the form in which Postgres copies them out: a header of 19 bytes, and for
//! each row the number of its fields (2 bytes) and each field after its length (4 bytes, -1 for
//! null); -1 in the place of a number of fields is the end (PostgreSQL manual, COPY, Binary Format).

use std::collections::HashMap;

use uuid::Uuid;

use runwatch_core::ids::RunId;

use crate::error::Result;
use crate::export::column::{broken, take_i32};
use crate::export::{Column, Kind, Value};

const HEADER_BYTES: usize = 19;

/// Rows that were read at a time.
#[derive(Debug)]
pub struct Rows {
    bytes: Vec<u8>,
    kinds: Vec<Kind>,
    /// Where the fields of each row begin, in the order of the rows.
    starts: Vec<usize>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its run.
    pub run: RunId,
    /// Its id within the run; empty for the run itself.
    pub id: &'a [u8],
    fields: &'a [u8],
    kinds: &'a [Kind],
}

impl Rows {
    /// Finds the rows in what was copied out, and puts them in the order of the runs and of the ids
    /// within each.
    pub(super) fn new(bytes: Vec<u8>, columns: &[Column], runs: &[RunId]) -> Result<Self> {
        let places: HashMap<RunId, usize> = runs.iter().copied().zip(0..).collect();
        let mut found: Vec<(usize, &[u8], usize)> = Vec::new();
        let mut rest = bytes.get(HEADER_BYTES..).ok_or_else(broken)?;
        loop {
            let (count, fields) = rest.split_first_chunk().ok_or_else(broken)?;
            let count = i16::from_be_bytes(*count);
            if count < 0 {
                break;
            }
            let (run, id, _) = head(fields)?;
            let place = places.get(&run).copied().ok_or_else(broken)?;
            found.push((place, id, bytes.len() - fields.len()));
            rest = fields;
            for _ in 0..count {
                take_field(&mut rest)?;
            }
        }
        found.sort_unstable();
        let starts = found.into_iter().map(|(_, _, start)| start).collect();
        let kinds = columns.iter().map(|column| column.kind).collect();
        Ok(Self {
            bytes,
            kinds,
            starts,
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Forgets all rows but the first ones.
    pub fn truncate(&mut self, rows: usize) {
        self.starts.truncate(rows);
    }

    /// The row at a position.
    pub fn get(&self, at: usize) -> Result<Row<'_>> {
        let start = self.starts.get(at).copied().ok_or_else(broken)?;
        let (run, id, fields) = head(self.bytes.get(start..).ok_or_else(broken)?)?;
        Ok(Row {
            run,
            id,
            fields,
            kinds: &self.kinds,
        })
    }
}

impl<'a> Row<'a> {
    /// Adds its values to a list, in the order of the columns.
    pub fn read(&self, values: &mut Vec<Value<'a>>) -> Result<()> {
        let mut rest = self.fields;
        for kind in self.kinds {
            let value = match take_field(&mut rest)? {
                Some(bytes) => kind.read(bytes)?,
                None => Value::Null,
            };
            values.push(value);
        }
        Ok(())
    }
}

impl Row<'_> {
    /// The value of the last column, which has to be a number.
    pub fn last_integer(&self) -> Result<i64> {
        let mut rest = self.fields;
        let mut last = None;
        for _ in self.kinds {
            last = take_field(&mut rest)?;
        }
        match Kind::Integer.read(last.ok_or_else(broken)?)? {
            Value::Integer(number) => Ok(number),
            _ => Err(broken()),
        }
    }
}

/// The run, the id within it, and the fields that follow.
fn head(mut fields: &[u8]) -> Result<(RunId, &[u8], &[u8])> {
    let run = take_field(&mut fields)?.ok_or_else(broken)?;
    let run = Uuid::from_slice(run).map_err(|_length| broken())?;
    let id = take_field(&mut fields)?.ok_or_else(broken)?;
    Ok((RunId(run), id, fields))
}

/// Takes a field from the front; none if it is null.
fn take_field<'a>(bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>> {
    let Ok(length) = usize::try_from(take_i32(bytes)?) else {
        return Ok(None);
    };
    let (field, rest) = bytes.split_at_checked(length).ok_or_else(broken)?;
    *bytes = rest;
    Ok(Some(field))
}
