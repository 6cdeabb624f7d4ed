//! The list of the documents that have a gram, in the form that takes the fewest bytes.

use super::bytes::{Bytes, put};
use super::{Broken, DocumentSet};

/// How a list is written. The number is what blocks keep.
#[derive(Clone, Copy)]
enum Form {
    /// A single document, whose number stands in the head.
    One = 0,
    /// The distances between the documents.
    Distances = 1,
    /// The distances between the documents that do not have the gram.
    OthersDistances = 2,
    /// One bit for each document of the segment.
    Bits = 3,
}

/// A list's form and one number: the document, or the bytes that the list takes outside the head.
#[derive(Clone, Copy)]
pub(super) struct Head(u32);

impl Head {
    /// The head that was written as this number.
    pub(super) fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// What is written of it.
    pub(super) fn number(self) -> u32 {
        self.0
    }

    /// The list of one document, which has no bytes outside the head.
    pub(super) fn one(document: u32) -> Self {
        Self::of(Form::One, document)
    }

    fn of(form: Form, number: u32) -> Self {
        Self(number << 2 | form as u32)
    }

    fn form(self) -> (Form, u32) {
        let form = match self.0 & 3 {
            0 => Form::One,
            1 => Form::Distances,
            2 => Form::OthersDistances,
            _ => Form::Bits,
        };
        (form, self.0 >> 2)
    }

    /// Bytes of the list outside the head.
    pub(super) fn length(self) -> usize {
        match self.form() {
            (Form::One, _) => 0,
            (_, length) => length as usize,
        }
    }
}

/// Appends the list of these documents, of which there are some.
pub(super) fn write(set: &DocumentSet, into: &mut Vec<u8>) -> Head {
    let count = set.len();
    let start = into.len();
    let bitmap = set.documents().div_ceil(8) as usize;
    let form = if count < set.documents() / 8 {
        write_distances(set.iter(), into);
        Form::Distances
    } else if set.documents() - count < set.documents() / 8 {
        write_distances(set.others(), into);
        Form::OthersDistances
    } else {
        into.extend(set.bytes());
        Form::Bits
    };
    if into.len() - start <= bitmap {
        return Head::of(form, length(into, start));
    }
    into.truncate(start);
    into.extend(set.bytes());
    Head::of(Form::Bits, length(into, start))
}

fn length(bytes: &[u8], start: usize) -> u32 {
    u32::try_from(bytes.len() - start).expect("it is at most a bitmap")
}

fn write_distances(numbers: impl Iterator<Item = u32>, into: &mut Vec<u8>) {
    let mut next = 0;
    for number in numbers {
        put(u64::from(number - next), into);
        next = number + 1;
    }
}

/// A list as it was written, in a segment of so many documents.
#[derive(Clone, Copy)]
pub(super) struct List<'a> {
    pub(super) head: Head,
    pub(super) bytes: &'a [u8],
    pub(super) documents: u32,
}

impl List<'_> {
    /// The list's document, if its form says that it is a single one.
    pub(super) fn single(self) -> Option<u32> {
        match self.head.form() {
            (Form::One, document) => Some(document),
            _ => None,
        }
    }

    /// Adds the list's documents, their numbers raised by `start`, to a set that has room for all that
    /// the segment has.
    pub(super) fn mark(self, set: &mut DocumentSet, start: u32) -> Result<(), Broken> {
        match self.head.form() {
            (Form::One, document) => {
                if document >= self.documents {
                    return Err(BEYOND);
                }
                set.insert(start + document);
                Ok(())
            }
            (Form::Distances, _) => self.numbers(|number| set.insert(start + number)),
            (Form::OthersDistances, _) => {
                set.insert_range(start, start + self.documents);
                self.numbers(|number| set.remove(start + number))
            }
            (Form::Bits, _) => self.mark_bits(set, start),
        }
    }

    /// Gives the numbers whose distances were written.
    fn numbers(self, mut take: impl FnMut(u32)) -> Result<(), Broken> {
        let mut bytes = Bytes(self.bytes);
        let mut next = 0_u32;
        while !bytes.is_empty() {
            let number = next.saturating_add(bytes.small()?);
            if number >= self.documents {
                return Err(BEYOND);
            }
            take(number);
            next = number + 1;
        }
        Ok(())
    }

    fn mark_bits(self, set: &mut DocumentSet, start: u32) -> Result<(), Broken> {
        if self.bytes.len() != self.documents.div_ceil(8) as usize {
            return Err(Broken("a bitmap has another length"));
        }
        for (at, chunk) in (0_u32..).step_by(64).zip(self.bytes.chunks(8)) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let word = u64::from_le_bytes(word);
            let room = self.documents - at;
            if room < 64 && word >> room != 0 {
                return Err(BEYOND);
            }
            set.insert_word(start + at, word);
        }
        Ok(())
    }
}

const BEYOND: Broken = Broken("a list names a document that is not there");
