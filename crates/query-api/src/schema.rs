//! How values and words of the domain appear in the OpenAPI document.

use std::borrow::Cow;

use runwatch_core::failures::FailureType;
use runwatch_core::findings::FindingKind;
use runwatch_core::run::RunStatus;
use runwatch_core::step::StepKind;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::json::Time;

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        let time = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(format));
        RefOr::T(time.into())
    }
}

impl ToSchema for Time {}

/// The names of the statuses of runs.
pub(crate) enum RunStatusName {}

/// The names of the types of failures.
pub(crate) enum FailureTypeName {}

/// The names of the kinds of findings.
pub(crate) enum FindingKindName {}

/// The names of the kinds of steps.
pub(crate) enum StepKindName {}

macro_rules! one_of {
    ($type:ident, $schema:literal, $description:literal, $names:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                let name = ObjectBuilder::new()
                    .schema_type(Type::String)
                    .enum_values(Some($names))
                    .description(Some($description));
                RefOr::T(name.into())
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($schema)
            }
        }
    };
}

one_of!(
    RunStatusName,
    "RunStatus",
    "Where a run stands",
    RunStatus::ALL.map(RunStatus::name)
);
one_of!(
    FailureTypeName,
    "FailureType",
    "What kind of thing went wrong",
    FailureType::ALL.map(FailureType::name)
);
one_of!(
    FindingKindName,
    "FindingKind",
    "Which costly pattern of steps it is",
    FindingKind::ALL.map(FindingKind::name)
);
one_of!(
    StepKindName,
    "StepKind",
    "What kind of work a step did",
    StepKind::ALL.map(StepKind::name)
);
