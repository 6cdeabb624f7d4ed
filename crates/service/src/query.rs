//! Parameters of a query string, read strictly: one that is unknown, given twice or not of its type
//! is refused by its name, so that a typing error never widens a filter.

mod pairs;
#[cfg(test)]
mod tests;

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use runwatch_core::text::cut;
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::query::pairs::Pairs;

/// Bytes of a parameter's name that are given back.
const NAME_BYTES_MAX: usize = 100;

/// The parameters of a request as a struct, which should `deny_unknown_fields`. A list takes its
/// parameter several times, and a map takes parameters such as `attribute.channel=chat`.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> Query<T> {
    /// Reads a query string.
    pub fn parse(query: &str) -> Result<Self, Problem> {
        let read = T::deserialize(Pairs::parse(query));
        read.map(Self).map_err(|wrong| {
            Problem::invalid_parameter(cut(&wrong.name, NAME_BYTES_MAX), wrong.what)
        })
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::parse(request.query_string()))
    }
}
