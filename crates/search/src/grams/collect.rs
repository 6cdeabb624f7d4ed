//! The distinct grams of one document.

use super::seen::Seen;
use super::{BITS, Gram, walk};
use crate::json::{Unescaped, scan};

/// Words of the bitmap of all grams.
const WORDS: usize = 1 << (BITS - 6);

/// Collects the distinct grams of one document after the other, and keeps its memory for the next:
/// 2 MB, of which documents in ASCII touch an eighth.
pub struct Grams {
    /// One bit for each gram.
    marks: Box<[u64; WORDS]>,
    /// One bit for each word of `marks` that is not 0.
    touched: Box<[u64; WORDS / 64]>,
    seen: Seen,
    unescaped: Unescaped,
}

impl Grams {
    /// Starts the first document.
    pub fn new() -> Self {
        Self {
            marks: zeros(),
            touched: zeros(),
            seen: Seen::default(),
            unescaped: Unescaped::default(),
        }
    }

    /// Adds the grams of a text.
    pub fn add_text(&mut self, text: &str) {
        if !self.seen.was(text, false) {
            self.walk(text);
        }
    }

    /// Adds the grams of all texts of a JSON document ([`crate::json::texts`]).
    pub fn add_json(&mut self, json: &str) {
        let mut unescaped = std::mem::take(&mut self.unescaped);
        for raw in scan(json) {
            if !self.seen.was(raw.written, raw.escaped) {
                self.walk(raw.text(&mut unescaped));
            }
        }
        self.unescaped = unescaped;
    }

    /// Appends the grams of the document in ascending order, and starts the next one.
    pub fn take(&mut self, into: &mut Vec<Gram>) {
        self.marks[0] &= !(1 << Gram::NONE.number());
        for (high, touched) in self.touched.iter_mut().enumerate() {
            for low in bits(std::mem::take(touched)) {
                let word = high << 6 | low;
                let marks = std::mem::take(&mut self.marks[word]);
                into.extend(bits(marks).map(|bit| {
                    let number = u32::try_from(word << 6 | bit);
                    Gram(number.expect("a gram has fewer bits"))
                }));
            }
        }
        self.seen.clear();
    }

    #[inline]
    fn walk(&mut self, text: &str) {
        walk(text, |gram, _| {
            let number = gram.number() as usize % (WORDS << 6);
            let (word, bit) = (number >> 6, 1 << (number & 63));
            // Without asking whether it is set: what is new cannot be guessed.
            self.marks[word] |= bit;
            self.touched[word >> 6] |= 1 << (word & 63);
        });
    }
}

impl Default for Grams {
    fn default() -> Self {
        Self::new()
    }
}

/// The numbers of the bits that are set, in ascending order.
pub(crate) fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros() as usize;
        (word != 0).then(|| {
            word &= word - 1;
            bit
        })
    })
}

/// Words that the system gives zeroed, and as memory only when they are touched.
fn zeros<const N: usize>() -> Box<[u64; N]> {
    let words = vec![0; N].into_boxed_slice();
    words.try_into().expect("it has that length")
}
