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
    let (mut padded, mut after) = ([0; SPAN], (0, 0));
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
            let cards = if cards && count >= CARD_DIGITS_MIN {
                card_starts(span, &digits)
            } else {
                None
            };
            let ibans = if ibans {
                iban_starts(span, &digits)
            } else {
                None
            };
            look_closer(bytes, at, (cards, ibans), &mut after, finds);
        }
    }
}

/// Which positions are marked.
type Marks = [u8; STARTS];

/// Adds what begins at the marks and not before `after`, which is where the last finds ended.
fn look_closer(
    bytes: &[u8],
    at: usize,
    (cards, ibans): (Option<Marks>, Option<Marks>),
    after: &mut (usize, usize),
    finds: &mut Vec<Find>,
) {
    for mark in cards.iter().flat_map(|marks| memchr_iter(1, marks)) {
        let start = at + mark;
        if start >= after.0
            && let Some(end) = card::end(bytes, start)
        {
            after.0 = end;
            finds.push(Find::new(start..end, Detector::CardNumbers));
        }
    }
    for mark in ibans.iter().flat_map(|marks| memchr_iter(1, marks)) {
        let start = at + mark;
        if start >= after.1
            && let Some(end) = iban::end(bytes, start)
        {
            after.1 = end;
            finds.push(Find::new(start..end, Detector::Ibans));
        }
    }
}

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
/// groups have them; none if there is nothing to mark.
fn card_starts(span: &[u8; SPAN], digits: &[u8; SPAN]) -> Option<Marks> {
    let is_of_groups = |byte| is_digit(byte) | (byte == b' ') | (byte == b'-');
    let groups = span.map(|byte| u8::from(is_of_groups(byte)));
    let (mut marks, mut any) = ([0; STARTS], 0);
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
    (any != 0).then_some(marks)
}

/// Marks where two capitals and two digits stand, as at the beginning of every IBAN.
fn iban_starts(span: &[u8; SPAN], digits: &[u8; SPAN]) -> Option<Marks> {
    let (mut marks, mut any) = ([0; STARTS], 0);
    for (at, mark) in marks.iter_mut().enumerate() {
        let start = at + LEAD;
        let is_country = is_upper(span[start]) & is_upper(span[start + 1]);
        *mark = u8::from(is_country) & digits[start + 2] & digits[start + 3];
        any |= *mark;
    }
    (any != 0).then_some(marks)
}
