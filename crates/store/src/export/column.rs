//! Columns of an export, and the values in them.

use std::str;

use uuid::Uuid;

use runwatch_core::ids::StepId;
use runwatch_core::money::NanoUsd;
use runwatch_core::time::Timestamp;

use crate::error::{Result, StoreError};

/// Microseconds from 1970, where we count from, to 2000, where Postgres does.
const POSTGRES_EPOCH_US: i64 = 946_684_800 * 1_000_000;

/// A column of an export.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name, as the API's answers have it.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    pub(super) sql: &'static str,
}

/// What the values of a column are; any may be null.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Yes or no.
    Bool,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// An amount that is kept in nano-dollars and shown in dollars: a number.
    Dollars,
    /// A moment.
    Time,
    /// Text.
    Text,
    /// JSON, as text.
    Json,
    /// A UUID: text.
    Uuid,
    /// A step's id: text.
    StepId,
    /// A name that is kept as a number: text.
    Name(fn(i16) -> &'static str),
    /// A list of texts.
    Texts,
    /// A list of names that are kept as numbers.
    Names(fn(i16) -> &'static str),
    /// A list of names that are kept as bits of a number.
    Bits(fn(i16) -> Vec<&'static str>),
}

/// A value, most of it borrowed from the page that it was read in.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// There is none.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A moment.
    Time(Timestamp),
    /// Text.
    Text(&'a str),
    /// A document, on one line.
    Json(&'a str),
    /// A UUID.
    Uuid(Uuid),
    /// A step's id.
    StepId(StepId),
    /// A list of texts.
    Texts(Vec<&'a str>),
}

impl Kind {
    /// Reads a value in Postgres' binary form.
    pub(super) fn read(self, bytes: &[u8]) -> Result<Value<'_>> {
        let value = match self {
            Self::Bool => Value::Bool(bytes.first().is_some_and(|byte| *byte != 0)),
            Self::Integer => Value::Integer(integer(bytes)?),
            Self::Number => {
                let number = bytes.try_into().map_err(|_length| broken())?;
                Value::Number(f64::from_be_bytes(number))
            }
            Self::Dollars => Value::Number(NanoUsd(integer(bytes)?).dollars()),
            Self::Time => Value::Time(Timestamp(integer(bytes)?.saturating_add(POSTGRES_EPOCH_US))),
            Self::Text => Value::Text(text(bytes)?),
            Self::Json => Value::Json(text(bytes)?),
            Self::Uuid => Value::Uuid(Uuid::from_slice(bytes).map_err(|_length| broken())?),
            Self::StepId => Value::StepId(StepId::from_bytes(bytes).map_err(|_bad_id| broken())?),
            Self::Name(name) => Value::Text(name(code(bytes)?)),
            Self::Texts => Value::Texts(elements(bytes, text)?),
            Self::Names(name) => Value::Texts(elements(bytes, |bytes| Ok(name(code(bytes)?)))?),
            Self::Bits(names) => Value::Texts(names(code(bytes)?)),
        };
        Ok(value)
    }
}

fn text(bytes: &[u8]) -> Result<&str> {
    str::from_utf8(bytes).map_err(|_not_utf8| broken())
}

fn code(bytes: &[u8]) -> Result<i16> {
    Ok(i16::from_be_bytes(
        bytes.try_into().map_err(|_length| broken())?,
    ))
}

/// A number of 2, 4 or 8 bytes.
fn integer(bytes: &[u8]) -> Result<i64> {
    match *bytes {
        [a, b] => Ok(i64::from(i16::from_be_bytes([a, b]))),
        [a, b, c, d] => Ok(i64::from(i32::from_be_bytes([a, b, c, d]))),
        _ => Ok(i64::from_be_bytes(
            bytes.try_into().map_err(|_length| broken())?,
        )),
    }
}

/// The elements of an array of one dimension, without nulls: the number of dimensions, a flag for
/// nulls, the type, then length and lower bound, and each element after its length (`array_send` in
/// PostgreSQL's arrayfuncs.c).
fn elements<'a, T>(bytes: &'a [u8], read: impl Fn(&'a [u8]) -> Result<T>) -> Result<Vec<T>> {
    let mut rest = bytes;
    let dimensions = take_i32(&mut rest)?;
    let _has_nulls = take_i32(&mut rest)?;
    let _kind = take_i32(&mut rest)?;
    if dimensions == 0 {
        return Ok(Vec::new());
    }
    let length = take_i32(&mut rest)?;
    let _lower_bound = take_i32(&mut rest)?;
    let mut elements = Vec::new();
    for _ in 0..length {
        let Ok(length) = usize::try_from(take_i32(&mut rest)?) else {
            continue;
        };
        let (element, behind) = rest.split_at_checked(length).ok_or_else(broken)?;
        elements.push(read(element)?);
        rest = behind;
    }
    Ok(elements)
}

/// Takes a number of four bytes from the front.
pub(super) fn take_i32(bytes: &mut &[u8]) -> Result<i32> {
    let (number, rest) = bytes.split_first_chunk().ok_or_else(broken)?;
    *bytes = rest;
    Ok(i32::from_be_bytes(*number))
}

/// What Postgres copied out is not in its own form.
pub(super) fn broken() -> StoreError {
    StoreError::Unreadable("rows that were copied out".to_owned())
}
