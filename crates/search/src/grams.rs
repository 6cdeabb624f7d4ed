//! Grams: the short sequences of chars that the index knows a text by.
//!
//! Of ordinary chars, each three adjacent ones are a gram; of wide ones ([`Class`]), each alone and
//! each two adjacent ones. Documents and queries get theirs from the same function, [`walk`].

mod class;
mod collect;
mod seen;

pub use collect::Grams;
pub(crate) use collect::bits;

use crate::fold::each_lower;
use class::{Class, class};

/// Bits of a gram's number. They trade the grams that meet in one number, which costs a look at text
/// in vain, for the size of the bitmap that a document's grams are collected in.
pub(crate) const BITS: u32 = 24;
/// Numbers below stand for three ASCII chars, exactly; above lie the hashes of all others.
const ASCII_END: u32 = 1 << 21;

/// A short sequence of folded chars: three, or one or two wide ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gram(u32);

impl Gram {
    /// Stands where there is no gram: it would be of NUL, which separates words.
    const NONE: Self = Self(0);

    /// Its number, below 2 to the power of [`BITS`].
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// The gram of up to three chars; 0 stands for a char that it does not have.
    fn of(a: u32, b: u32, c: u32) -> Self {
        if (a | b | c) < 0x80 {
            return Self(a << 14 | b << 7 | c);
        }
        let chars = u64::from(a) | u64::from(b) << 21 | u64::from(c) << 42;
        // Fibonacci hashing, of which the top bits are good.
        let hash = chars.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let room = u64::from((1 << BITS) - ASCII_END);
        let number = u32::try_from((hash * room) >> 32).expect("a share of the room");
        Self(ASCII_END + number)
    }
}

/// Gives the grams of a text, which is folded on the way, with the number of chars of each. The grams
/// of a part of the text are among them.
pub(crate) fn each(text: &str, mut take: impl FnMut(Gram, u8)) {
    walk(text, |gram, chars| {
        if gram != Gram::NONE {
            take(gram, chars);
        }
    });
}

/// Gives the grams of a text, and [`Gram::NONE`] at the ends of words, where a branch would be
/// guessed wrong each time.
#[inline]
fn walk(text: &str, mut take: impl FnMut(Gram, u8)) {
    let mut window = Window::default();
    let mut rest = text;
    while !rest.is_empty() {
        rest = window.ascii(rest, &mut take);
        rest = window.others(rest, &mut take);
    }
}

/// The last chars of a text that is walked through.
#[derive(Default)]
struct Window {
    /// The last but one char and the last, if they are narrow; otherwise 0.
    narrow: (u32, u32),
    /// The last char, if it is wide; otherwise 0.
    wide: u32,
}

impl Window {
    /// Takes the ASCII that the text begins with; gives the rest.
    #[inline]
    fn ascii<'a>(&mut self, text: &'a str, take: &mut impl FnMut(Gram, u8)) -> &'a str {
        let bytes = text.as_bytes();
        let mut at = 0;
        while self.narrow.0 | self.narrow.1 >= 0x80 {
            let Some(byte) = bytes.get(at).filter(|byte| byte.is_ascii()) else {
                break;
            };
            self.push(char::from(*byte).to_ascii_lowercase(), take);
            at += 1;
        }
        let mut chars = self.narrow.0 << 7 | self.narrow.1;
        let mut any = false;
        for byte in bytes.get(at..).unwrap_or_default() {
            let folded = FOLDED[usize::from(*byte)];
            if folded == NOT_ASCII {
                break;
            }
            chars = (chars << 7 | u32::from(folded)) & (ASCII_END - 1);
            let gram = if has_blank(chars) { 0 } else { chars };
            take(Gram(gram), 3);
            any = true;
            at += 1;
        }
        if any {
            self.narrow = (chars >> 7 & 0x7F, chars & 0x7F);
            self.wide = 0;
        }
        text.get(at..).unwrap_or_default()
    }

    /// Takes the chars beyond ASCII that the text begins with; gives the rest.
    #[inline]
    fn others<'a>(&mut self, text: &'a str, take: &mut impl FnMut(Gram, u8)) -> &'a str {
        let mut chars = text.chars();
        let mut rest = text;
        while let Some(char) = chars.next().filter(|char| !char.is_ascii()) {
            each_lower(char, |lower| self.push(lower, take));
            rest = chars.as_str();
        }
        rest
    }

    /// Takes one folded char.
    #[inline]
    fn push(&mut self, char: char, take: &mut impl FnMut(Gram, u8)) {
        let code = u32::from(char);
        match class(char) {
            Class::Blank => *self = Self::default(),
            Class::Wide => {
                take(Gram::of(0, 0, code), 1);
                if self.wide != 0 {
                    take(Gram::of(0, self.wide, code), 2);
                }
                let (wide, narrow) = (code, (0, 0));
                *self = Self { wide, narrow };
            }
            Class::Narrow => {
                let (a, b) = self.narrow;
                if a != 0 && b != 0 {
                    take(Gram::of(a, b, code), 3);
                }
                let (wide, narrow) = (0, (b, code));
                *self = Self { wide, narrow };
            }
        }
    }
}

/// What [`FOLDED`] has for bytes beyond ASCII.
const NOT_ASCII: u8 = 0xFF;

/// The lower case of each ASCII byte; 0 for those that separate words.
const FOLDED: [u8; 256] = {
    let mut folded = [NOT_ASCII; 256];
    let mut byte: u8 = 0;
    while byte < 0x80 {
        folded[byte as usize] = match byte {
            b'!'..=b'~' => byte.to_ascii_lowercase(),
            _ => 0,
        };
        byte += 1;
    }
    folded
};

/// Whether one of three packed chars is 0.
#[inline]
fn has_blank(chars: u32) -> bool {
    const LOW: u32 = 1 << 14 | 1 << 7 | 1;
    chars.wrapping_sub(LOW) & !chars & LOW << 6 != 0
}

#[cfg(test)]
mod tests;
