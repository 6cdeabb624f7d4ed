//! Where card numbers and IBANs could begin: found with vectors, since it is looked for in all texts.

use memchr::memchr_iter;

use super::find::Find;
use super::{Detector, card, iban};

/// Positions that are looked at together.
const STARTS: usize = 128;
/// Bytes before each that are looked at too: as many as an escape such as `\u0031` has.
const LEAD: usize = 6;
/// Bytes that are looked at together; a number that begins at the last position goes on for some.
const SPAN: usize = 160;
/// Digits without which no card number begins here.
const CARD_DIGITS_MIN: u8 = 10;
/// Digits without which no IBAN begins here.
const IBAN_DIGITS_MIN: u8 = 2;

/// Adds the card numbers and IBANs of a text, as far as they are wanted.
pub(super) fn find(bytes: &[u8], cards: bool, ibans: bool, finds: &mut Vec<Find>) {
    let (mut padded, mut marks, mut after) = ([0; SPAN], [0; STARTS], (0, 0));
    for at in (0..bytes.len()).step_by(STARTS) {
        let whole = at.checked_sub(LEAD).and_then(|from| bytes.get(from..));
        let span = match whole.and_then(<[u8]>::first_chunk) {
            Some(span) => span,
            None => {
                padded.fill(0);
                let lead = LEAD.min(at);
                let from = bytes.get(at - lead..).unwrap_or_default();
                let to = padded.iter_mut().skip(LEAD - lead);
                to.zip(from).for_each(|(to, from)| *to = *from);
                &padded
            }
        };
        let digits = span.map(|byte| u8::from(is_digit(byte)));
        let count = count(&digits);
        if count >= IBAN_DIGITS_MIN {
            let mut add = |end_of: EndOf, after: &mut usize, marks: &Marks, detector| {
                for start in memchr_iter(1, marks).map(|mark| at + mark) {
                    if start >= *after
                        && let Some(end) = end_of(bytes, start)
                    {
                        *after = end;
                        finds.push(Find::new(start..end, detector));
                    }
                }
            };
            if cards && count >= CARD_DIGITS_MIN && card_starts(span, &digits, &mut marks) {
                add(card::end, &mut after.0, &marks, Detector::CardNumbers);
            }
            if ibans && iban_starts(span, &digits, &mut marks) {
                add(iban::end, &mut after.1, &marks, Detector::Ibans);
            }
        }
    }
}

/// Which positions are marked.
type Marks = [u8; STARTS];
/// Where what begins at a position ends, if it is what it looks like.
type EndOf = fn(&[u8], usize) -> Option<usize>;

fn is_digit(byte: u8) -> bool {
    byte.wrapping_sub(b'0') < 10
}

fn is_upper(byte: u8) -> bool {
    byte.wrapping_sub(b'A') < 26
}

/// A sum that is checked for overflow cannot be made with vectors.
fn count(digits: &[u8; SPAN]) -> u8 {
    digits.iter().fold(0, |sum, digit| sum.wrapping_add(*digit))
}

/// Marks where a digit that cards begin with stands, none before it, and digits where all of the usual
/// groups have them; says whether it marked anything.
fn card_starts(span: &[u8; SPAN], digits: &[u8; SPAN], marks: &mut Marks) -> bool {
    let is_of_groups = |byte| is_digit(byte) | (byte == b' ') | (byte == b'-');
    let groups = span.map(|byte| u8::from(is_of_groups(byte)));
    let mut any = 0;
    for (at, mark) in marks.iter_mut().enumerate() {
        let start = at + LEAD;
        let starts =
            (span[start].wrapping_sub(b'2') < 5) & ((digits[start - 1] == 0) | (span[at] == b'\\'));
        *mark = u8::from(starts)
            & digits[start + 1]
            & digits[start + 3]
            & groups[start + 4]
            & digits[start + 5]
            & digits[start + 7]
            & digits[start + 8]
            & groups[start + 9]
            & digits[start + 10]
            & digits[start + 12];
        any |= *mark;
    }
    any != 0
}

/// Marks where two capitals and two digits stand, as at the beginning of every IBAN; says whether
/// it marked anything.
fn iban_starts(span: &[u8; SPAN], digits: &[u8; SPAN], marks: &mut Marks) -> bool {
    let mut any = 0;
    for (at, mark) in marks.iter_mut().enumerate() {
        let start = at + LEAD;
        let is_country = is_upper(span[start]) & is_upper(span[start + 1]);
        *mark = u8::from(is_country) & digits[start + 2] & digits[start + 3];
        any |= *mark;
    }
    any != 0
}
