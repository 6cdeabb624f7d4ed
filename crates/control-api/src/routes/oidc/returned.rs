//! What somebody brings back from the provider, in the query of the callback.

use std::borrow::Cow;

/// The parameters that mean something to us; others may be there (RFC 6749 §4.1.2).
#[derive(Default)]
pub(super) struct Returned {
    pub(super) state: Option<String>,
    pub(super) code: Option<String>,
    /// Who sent them back.
    pub(super) issuer: Option<String>,
    /// Whether the provider says no. In which words does not matter: anybody can write them.
    pub(super) is_error: bool,
}

impl Returned {
    /// Reads a query; none if it says one thing twice, as no provider does.
    pub(super) fn parse(query: &str) -> Option<Self> {
        let mut returned = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let is_new = match name.as_ref() {
                "state" => put(&mut returned.state, value),
                "code" => put(&mut returned.code, value),
                "iss" => put(&mut returned.issuer, value),
                "error" => !std::mem::replace(&mut returned.is_error, true),
                _ => true,
            };
            if !is_new {
                return None;
            }
        }
        Some(returned)
    }
}

/// Takes a value; says whether it is the first.
fn put(place: &mut Option<String>, value: Cow<'_, str>) -> bool {
    place.replace(value.into_owned()).is_none()
}
