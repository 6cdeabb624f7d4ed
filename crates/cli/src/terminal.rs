//! What makes text readable in a terminal: its width, colours, columns and units.

mod bar;
mod paint;
mod table;
mod text;
mod units;

pub(crate) use bar::bar;
pub(crate) use paint::{Colour, Paint};
pub(crate) use table::{Column, Table};
pub(crate) use text::{fitted, padded, printable, shown_width};
pub(crate) use units::{count, dollars, duration, moment};

use std::io;

use rustix::termios::tcgetwinsize;

/// Columns where there is no terminal to ask, as in a file or a pipe.
const WIDTH_ELSEWHERE: usize = 120;
/// Columns below which nothing can be laid out.
const WIDTH_MIN: usize = 60;

/// Columns of the terminal that the output goes to.
pub(crate) fn width() -> usize {
    let columns = tcgetwinsize(io::stdout()).map(|size| usize::from(size.ws_col));
    let columns = columns.ok().filter(|columns| *columns > 0);
    columns.unwrap_or(WIDTH_ELSEWHERE).max(WIDTH_MIN)
}
