//! How the words of the domain appear in the OpenAPI document.

use runwatch_core::failures::FailureType;
use runwatch_core::run::RunStatus;
use runwatch_core::step::StepKind;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::json::Time;

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        RefOr::T(time())
    }
}

impl ToSchema for Time {}

/// A moment.
pub(crate) fn time() -> Schema {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(format))
        .into()
}

/// Where a run stands.
pub(crate) fn run_status() -> Schema {
    one_of(RunStatus::ALL.map(RunStatus::name))
}

/// Several of them.
pub(crate) fn run_statuses() -> Schema {
    ArrayBuilder::new().items(RefOr::T(run_status())).into()
}

/// Type of a failure.
pub(crate) fn failure_type() -> Schema {
    one_of(FailureType::ALL.map(FailureType::name))
}

/// Several of them.
pub(crate) fn failure_types() -> Schema {
    ArrayBuilder::new().items(RefOr::T(failure_type())).into()
}

/// Kind of a step.
pub(crate) fn step_kind() -> Schema {
    one_of(StepKind::ALL.map(StepKind::name))
}

fn one_of<const N: usize>(names: [&'static str; N]) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .into()
}
