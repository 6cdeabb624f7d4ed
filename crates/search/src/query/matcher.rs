//! Which terms of a query occur in a text.

use memchr::memmem::{self, Finder};

use super::Query;
use crate::fold::fold_into;
use crate::json::{Unescaped, scan};

/// Some of a query's terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms(u16);

impl Terms {
    /// Those that are in one of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether these are all terms of the query.
    pub fn is_all(self, query: &Query) -> bool {
        self.0.count_ones() as usize == query.terms.len()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the term of this index is among them.
    pub fn has(self, index: usize) -> bool {
        self.0 >> index & 1 != 0
    }
}

/// Tells which terms of a query occur in texts.
pub struct Matcher {
    terms: Vec<Term>,
    folded: String,
    unescaped: Unescaped,
}

struct Term {
    finder: Finder<'static>,
    /// Whether it stands in a JSON string as it is, unless the string has escapes by number.
    plain: bool,
}

impl Matcher {
    /// Makes ready to look for the terms of a query.
    pub fn new(query: &Query) -> Self {
        let term = |term: &String| Term {
            finder: Finder::new(term).into_owned(),
            plain: !term
                .contains(|char: char| matches!(char, '"' | '\\' | '/') || char.is_control()),
        };
        Self {
            terms: query.terms.iter().map(term).collect(),
            folded: String::new(),
            unescaped: Unescaped::default(),
        }
    }

    /// The terms that occur in a text.
    pub fn matches_text(&mut self, text: &str) -> Terms {
        self.folded.clear();
        fold_into(text, &mut self.folded);
        self.find(|_| true)
    }

    /// The terms that occur in any of the texts of a JSON document ([`crate::json::texts`]), each
    /// wholly in one of them.
    pub fn matches_json(&mut self, json: &str) -> Terms {
        let possible = self.possible(json);
        if possible.is_empty() {
            return possible;
        }
        self.folded.clear();
        for raw in scan(json) {
            fold_into(raw.text(&mut self.unescaped), &mut self.folded);
            // No term has a NUL, so none is found across two texts.
            self.folded.push('\0');
        }
        self.find(|index| possible.has(index))
    }

    /// The terms that may occur in a JSON document, told by its bytes as they are.
    fn possible(&mut self, json: &str) -> Terms {
        if memmem::find(json.as_bytes(), b"\\u").is_some() {
            return self.such(|_, _| true);
        }
        self.folded.clear();
        fold_into(json, &mut self.folded);
        self.such(|_, term| !term.plain || term.finder.find(self.folded.as_bytes()).is_some())
    }

    /// The terms of these indices that occur in the folded text.
    fn find(&self, wanted: impl Fn(usize) -> bool) -> Terms {
        self.such(|index, term| wanted(index) && term.finder.find(self.folded.as_bytes()).is_some())
    }

    /// The terms of which it is true.
    fn such(&self, is: impl Fn(usize, &Term) -> bool) -> Terms {
        let terms = self.terms.iter().enumerate();
        let bits = terms.map(|(index, term)| u16::from(is(index, term)) << index);
        Terms(bits.fold(0, |all, bit| all | bit))
    }
}
