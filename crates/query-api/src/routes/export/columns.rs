//! Which columns an export has.

use runwatch_core::payload::Part;
use runwatch_service::problem::Problem;
use runwatch_store::export::{Column, Kind, Table};

/// A column as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    /// Its name.
    pub(super) name: &'static str,
    /// What its values are.
    pub(super) shape: Shape,
    /// Where they come from.
    pub(super) origin: Origin,
}

/// What the values of a column are, for those who write them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Bool,
    Integer,
    Number,
    Time,
    Text,
    Json,
    Texts,
}

/// Where the values of a column come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The row, at this position among what is read.
    Row(usize),
    /// What the step was given or gave.
    Payload(Part),
    /// The place of the row in the export.
    Cursor,
}

const CURSOR: Output = Output {
    name: "cursor",
    shape: Shape::Text,
    origin: Origin::Cursor,
};

/// The columns that are to be written, and those of the table that are read for them.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) outputs: Vec<Output>,
    pub(super) read: Vec<Column>,
}

impl Columns {
    /// Those of a table, which have these names if any are given.
    pub(super) fn of_table(
        table: Table,
        has_payloads: bool,
        names: Option<&str>,
    ) -> Result<Self, Problem> {
        let mut known: Vec<Output> = (table.columns().iter().enumerate())
            .map(|(at, column)| Output {
                name: column.name,
                shape: column.kind.into(),
                origin: Origin::Row(at),
            })
            .collect();
        if has_payloads {
            let parts = [("input", Part::Input), ("output", Part::Output)];
            known.extend(parts.map(|(name, part)| Output {
                name,
                shape: Shape::Json,
                origin: Origin::Payload(part),
            }));
        }
        let mut outputs = chosen(known, names)?;
        let mut read = Vec::new();
        for output in &mut outputs {
            if let Origin::Row(at) = &mut output.origin {
                read.push(table.columns()[*at]);
                *at = read.len() - 1;
            }
        }
        Ok(Self { outputs, read })
    }
}

/// The columns with these names, in their order; all but the cursor if none are given.
pub(super) fn chosen(known: Vec<Output>, names: Option<&str>) -> Result<Vec<Output>, Problem> {
    let Some(names) = names else {
        return Ok(known);
    };
    let mut chosen: Vec<Output> = Vec::new();
    for name in names.split(',').map(str::trim) {
        let all = || known.iter().chain([&CURSOR]);
        let Some(output) = all().find(|output| output.name == name) else {
            let there_are: Vec<&str> = all().map(|output| output.name).collect();
            let detail = format!("There are: {}.", there_are.join(", "));
            return Err(Problem::invalid_parameter("columns", detail));
        };
        if chosen.iter().any(|other| other.name == name) {
            let detail = format!("`{name}` is there twice.");
            return Err(Problem::invalid_parameter("columns", detail));
        }
        chosen.push(*output);
    }
    Ok(chosen)
}

impl From<Kind> for Shape {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool,
            Kind::Integer => Self::Integer,
            Kind::Number | Kind::Dollars => Self::Number,
            Kind::Time => Self::Time,
            Kind::Json => Self::Json,
            Kind::Text | Kind::Uuid | Kind::StepId | Kind::Name(_) => Self::Text,
            Kind::Texts | Kind::Names(_) | Kind::Bits(_) => Self::Texts,
        }
    }
}
