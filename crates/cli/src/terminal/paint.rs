//! Colours, where somebody sees them.

use std::env;
use std::io::{self, IsTerminal};

/// The colours that are used, all from the sixteen that every terminal has in its own palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// Good.
    Green,
    /// Bad.
    Red,
    /// Worth a look.
    Yellow,
    /// In progress.
    Blue,
    /// Beside the point.
    Grey,
    /// A heading.
    Bold,
}

impl Colour {
    /// Its "Select Graphic Rendition" parameter (ECMA-48).
    fn code(self) -> u8 {
        match self {
            Self::Green => 32,
            Self::Red => 31,
            Self::Yellow => 33,
            Self::Blue => 34,
            Self::Grey => 90,
            Self::Bold => 1,
        }
    }
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// It is.
    On,
    /// It is not.
    Off,
}

impl Paint {
    /// Colours on a terminal only, and not if `NO_COLOR` is set (no-color.org).
    pub(crate) fn for_output() -> Self {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        match io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb {
            true => Self::On,
            false => Self::Off,
        }
    }

    /// The text in the colour.
    pub(crate) fn paint(self, colour: Colour, text: &str) -> String {
        match self {
            Self::On => format!("\u{1b}[{}m{text}\u{1b}[0m", colour.code()),
            Self::Off => text.to_owned(),
        }
    }
}
