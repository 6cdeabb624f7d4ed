//! Card numbers: ISO/IEC 7812 with the issuers' prefixes and lengths, as
//! <https://en.wikipedia.org/wiki/Payment_card_number> lists them.

use super::borders::{begins_word, ends_escape, ends_word, is_word};

/// Digits of a card number, at least.
const DIGITS_MIN: usize = 13;
/// Digits of a card number, at most.
const DIGITS_MAX: usize = 19;

/// Bytes of a card number with what stands between its groups, at most.
const LEN_MAX: usize = 23;

/// Where the card number ends that begins at this byte, if one does.
pub(super) fn end(bytes: &[u8], start: usize) -> Option<usize> {
    if !begins_word(bytes, start) || !may_stand_after(bytes.get(..start)?) {
        return None;
    }
    let text = bytes.get(start..)?;
    let text = text.get(..text.len().min(LEN_MAX + 1))?;
    let separator = match text.get(4)? {
        b' ' => Some(b' '),
        b'-' => Some(b'-'),
        _ => None,
    };
    let (digits, len) = match separator {
        Some(separator) => grouped(text, separator)?,
        None => together(text)?,
    };
    let end = start + len;
    let rest = bytes.get(end..).unwrap_or_default();
    let is_one = ends_word(bytes, end)
        && may_stand_before(rest)
        && !(separator == Some(b' ') && is_in_table(bytes.get(..start)?, rest));
    (is_one && is_issued(digits) && passes_luhn(digits)).then_some(end)
}

/// The digits, first to last, and how many there are.
#[derive(Clone, Copy)]
struct Digits([u8; DIGITS_MAX], usize);

impl Digits {
    fn push(&mut self, byte: u8) -> Option<()> {
        *self.0.get_mut(self.1)? = byte - b'0';
        self.1 += 1;
        Some(())
    }

    fn all(&self) -> &[u8] {
        self.0.get(..self.1).unwrap_or_default()
    }
}

/// Digits without anything between them, and the length of the text.
fn together(text: &[u8]) -> Option<(Digits, usize)> {
    let mut digits = Digits([0; DIGITS_MAX], 0);
    for byte in text.iter().take_while(|byte| byte.is_ascii_digit()) {
        digits.push(*byte)?;
    }
    (digits.1 >= DIGITS_MIN).then_some((digits, digits.1))
}

/// Digits in groups, as they stand on cards: 4-4-4-4, 4-4-4-4-3, 4-6-5, 4-6-4 and 4-4-4-1. A group that
/// would be one too many is left to what follows.
fn grouped(text: &[u8], separator: u8) -> Option<(Digits, usize)> {
    let mut digits = Digits([0; DIGITS_MAX], 0);
    let (mut len, mut best) = (0, None);
    for group in text.split(|byte| *byte == separator) {
        let size = group
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let fits = match digits.1 {
            0 => size == 4,
            4 => matches!(size, 4 | 6),
            8 => size == 4,
            10 => matches!(size, 4 | 5),
            12 => (1..=4).contains(&size),
            16 => (1..=3).contains(&size),
            _ => false,
        };
        if !fits || group.get(size).copied().is_some_and(is_word) {
            break;
        }
        for byte in group.iter().take(size) {
            digits.push(*byte)?;
        }
        len += size;
        if digits.1 >= DIGITS_MIN && is_issued(digits) && passes_luhn(digits) {
            best = Some((digits, len));
        }
        if size < group.len() {
            break;
        }
        len += 1;
    }
    best
}

/// Whether a card number may follow: no longer number, no telephone number, no decimal fraction.
fn may_stand_after(head: &[u8]) -> bool {
    match head {
        [.., b'+'] => false,
        [number @ .., b'.' | b'-'] => {
            !number.last().is_some_and(u8::is_ascii_digit) || ends_escape(number)
        }
        _ => true,
    }
}

/// Whether a card number may stand before: no longer group of numbers, no decimal fraction but zeros,
/// which whole numbers get that were kept as floating point.
fn may_stand_before(rest: &[u8]) -> bool {
    match rest {
        [b'-', b'0'..=b'9', ..] => false,
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit());
            digits.copied().all(|digit| digit == b'0')
        }
        _ => true,
    }
}

/// Whether groups of four digits stand before, or two of them behind: then it is a table of numbers.
fn is_in_table(head: &[u8], rest: &[u8]) -> bool {
    let is_group = |group: &[u8]| group.iter().all(u8::is_ascii_digit);
    let stands_before = match head {
        [.., before, a, b, c, d, b' '] => !is_word(*before) && is_group(&[*a, *b, *c, *d]),
        [a, b, c, d, b' '] => is_group(&[*a, *b, *c, *d]),
        _ => false,
    };
    let stands_behind = match rest {
        [b' ', a, b, c, d, b' ', e, f, g, h, ..] => is_group(&[*a, *b, *c, *d, *e, *f, *g, *h]),
        _ => false,
    };
    stands_before || stands_behind
}

/// Whether there is an issuer with such numbers of that length.
fn is_issued(digits: Digits) -> bool {
    let digits = digits.all();
    let prefix = digits
        .iter()
        .take(4)
        .fold(0_u16, |sum, digit| sum * 10 + u16::from(*digit));
    let len = digits.len();
    match prefix {
        // Visa
        4000..=4999 => matches!(len, 13 | 16 | 19),
        // Mastercard, and Mir between its two series
        5100..=5599 | 2221..=2720 | 2200..=2204 => len == 16,
        // American Express
        3400..=3499 | 3700..=3799 => len == 15,
        // Diners Club
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => len == 14 || len >= 16,
        // JCB, Discover, UnionPay
        3528..=3589 | 6011 | 6440..=6599 | 6200..=6299 => len >= 16,
        // Maestro
        5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 => true,
        _ => false,
    }
}

fn passes_luhn(digits: Digits) -> bool {
    let sum: u16 = digits
        .all()
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, u16::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit < 5 => digit * 2,
            (_, digit) => digit * 2 - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}
