//! Cursors and pages: a cursor says after which row of which order the next page begins. Clients
//! send it back as it is; what is inside is ours to change.

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runwatch_core::limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use runwatch_service::problem::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of a cursor: far more than ours have.
const CURSOR_BYTES_MAX: usize = 512;

/// Which rows of a list are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page<P> {
    /// How many at most.
    pub(crate) limit: u32,
    /// After which position.
    pub(crate) after: Option<P>,
}

impl<P: Serialize + DeserializeOwned> Page<P> {
    /// Reads the parameters `limit` and `cursor`. A cursor is valid only for the order that it was
    /// made for, which has a name.
    pub(crate) fn read(
        limit: Option<u32>,
        cursor: Option<&str>,
        order: &str,
    ) -> Result<Self, Problem> {
        let limit = limit_within(limit.unwrap_or(PAGE_ROWS_DEFAULT), PAGE_ROWS_MAX)?;
        let after = cursor.map(|cursor| decode(cursor, order)).transpose()?;
        Ok(Self { limit, after })
    }

    /// How many rows to ask the database for: one more tells whether there is a next page.
    pub(crate) fn rows(&self) -> u32 {
        self.limit + 1
    }

    /// Cuts the rows to the page, and makes the cursor of the next one if there is more.
    pub(crate) fn cut<T>(
        &self,
        rows: &mut Vec<T>,
        order: &str,
        position: impl Fn(&T) -> P,
    ) -> Option<String> {
        let limit = self.limit as usize;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| has_more)?;
        Some(encode(&position(last), order))
    }
}

/// Refuses a limit of zero, or one above the largest.
pub(crate) fn limit_within(limit: u32, limit_max: u32) -> Result<u32, Problem> {
    if (1..=limit_max).contains(&limit) {
        return Ok(limit);
    }
    let detail = format!("It must be a number from 1 to {limit_max}.");
    Err(Problem::invalid_parameter("limit", detail))
}

/// The cursor of a position in an order.
pub(crate) fn encode(position: &impl Serialize, order: &str) -> String {
    let json = serde_json::to_vec(&(order, position)).expect("positions are numbers and ids");
    URL_SAFE_NO_PAD.encode(json)
}

/// The position of a cursor, if it is one of this order.
pub(crate) fn decode<P: DeserializeOwned>(cursor: &str, order: &str) -> Result<P, Problem> {
    let read = || {
        let json = URL_SAFE_NO_PAD.decode(Some(cursor).filter(|it| it.len() <= CURSOR_BYTES_MAX)?);
        let (made_for, position): (String, P) = serde_json::from_slice(&json.ok()?).ok()?;
        (made_for == order).then_some(position)
    };
    read().ok_or_else(|| {
        Problem::invalid_parameter("cursor", "It must be the `next_cursor` of the same list.")
    })
}
