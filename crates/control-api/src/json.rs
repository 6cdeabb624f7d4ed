//! Values as they stand in answers.

use runwatch_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A moment in RFC 3339.
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub(crate) struct Time(String);

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at.to_rfc3339())
    }
}
