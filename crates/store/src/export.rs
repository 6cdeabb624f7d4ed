//! Reading very many rows: those of some runs at a time, as Postgres copies them out.
//!
//! `COPY (SELECT …) TO STDOUT` in binary form costs the least of all ways to read: the rows of a page
//! come as one piece of memory ([`Rows`]) out of which values are borrowed. It takes no parameters,
//! so only ids and dates are ever written into its text; which runs a filter means is asked before
//! ([`crate::runs::keys`]), with parameters. Each page is a transaction of its own: no connection is
//! held while somebody reads slowly.

mod column;
mod pool;
mod rows;
mod tables;

pub use column::{Column, Kind, Value};
pub use pool::ExportPool;
pub use rows::{Row, Rows};
pub use tables::{CONTENT_HASH, Table};

use std::fmt::Write;
use std::time::Duration;

use runwatch_core::ids::{ProjectId, RunId};

use crate::error::Result;
use crate::runs::RunPlace;

/// Which rows are read at a time.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// The table that they are of.
    pub table: Table,
    /// The columns, in their order.
    pub columns: &'a [Column],
    /// The runs that they are of, in the order that the rows are to have.
    pub runs: &'a [RunPlace],
    /// Of the first run, only rows whose id within it is greater.
    pub after: Option<&'a [u8]>,
    /// How many rows at most.
    pub rows_max: u32,
}

/// Reads the rows of some runs, in the order of the runs and of the ids within each.
///
/// Of several runs there must not be more rows than the limit, which then is only a guard: if as many
/// come, they are not the first ones. Of a single run they are.
pub async fn read(
    pool: &ExportPool,
    project: ProjectId,
    limit: Duration,
    page: &Page<'_>,
) -> Result<Rows> {
    let bytes = pool
        .copy_out(project, limit, &statement(project, page))
        .await?;
    let places: Vec<RunId> = page.runs.iter().map(|place| place.run).collect();
    Rows::new(bytes, page.columns, &places)
}

/// The statement of a page. Everything that is written into it is a number, a date, a UUID or hex.
fn statement(project: ProjectId, page: &Page<'_>) -> String {
    let mut sql = "COPY (SELECT run_id, ".to_owned();
    let table = page.table;
    sql.push_str(table.id());
    for column in page.columns {
        sql.push_str(", ");
        sql.push_str(column.sql);
    }
    write(
        &mut sql,
        format_args!(" FROM {} WHERE project_id = '{project}'", table.name()),
    );
    if table.is_partitioned() {
        let mut days: Vec<_> = page.runs.iter().map(|place| place.day).collect();
        days.sort_unstable();
        days.dedup();
        list(&mut sql, "run_day", "date", &days);
    }
    let runs: Vec<_> = page.runs.iter().map(|place| place.run).collect();
    match runs.as_slice() {
        // Of one run the ids have an index, which is read in its order.
        [run] => {
            write(&mut sql, format_args!(" AND run_id = '{run}'"));
            if let Some(after) = page.after {
                write(&mut sql, format_args!(" AND {}", table.is_after(after)));
            }
            write(&mut sql, format_args!(" ORDER BY {}", table.id()));
        }
        runs => list(&mut sql, "run_id", "uuid", runs),
    }
    write(
        &mut sql,
        format_args!(" LIMIT {}) TO STDOUT (FORMAT binary)", page.rows_max),
    );
    sql
}

fn list(sql: &mut String, column: &str, kind: &str, values: &[impl std::fmt::Display]) {
    write(sql, format_args!(" AND {column} = ANY ('{{"));
    for (at, value) in values.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write(sql, format_args!("{comma}{value}"));
    }
    write(sql, format_args!("}}'::{kind}[])"));
}

fn write(sql: &mut String, what: std::fmt::Arguments<'_>) {
    sql.write_fmt(what).expect("text takes text");
}
