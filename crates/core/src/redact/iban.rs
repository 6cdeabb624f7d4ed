//! IBANs: ISO 13616, with the countries and lengths of SWIFT's IBAN registry
//! (<https://www.swift.com/standards/data-standards/iban-international-bank-account-number>).

use super::borders::{begins_word, ends_word};

/// Where the IBAN ends that begins at this byte, if one does: in capitals, in one piece or in groups of
/// four with blanks between them.
pub(super) fn end(bytes: &[u8], start: usize) -> Option<usize> {
    let text = bytes.get(start..)?;
    let wanted = length(text.first_chunk()?)?;
    let has_blanks = text.get(4) == Some(&b' ');
    let (mut count, mut len, mut remainder) = (0, 0_usize, 0);
    // The country and the check digits come last in what is divided by 97.
    let (mut first_four, mut first_factor) = (0, 1);
    for byte in text {
        if count == wanted {
            break;
        }
        len += 1;
        if has_blanks
            && *byte == b' '
            && count % 4 == 0
            && text.get(len.wrapping_sub(2)) != Some(&b' ')
        {
            continue;
        }
        let (value, factor) = value(*byte)?;
        count += 1;
        if count <= 4 {
            first_four = (first_four * factor + value) % 97;
            first_factor *= factor;
        } else {
            remainder = (remainder * factor + value) % 97;
        }
    }
    let end = start + len;
    let has_blank_missing = has_blanks && len != wanted + (wanted - 1) / 4;
    let remainder = (remainder * (first_factor % 97) + first_four) % 97;
    let is_one = count == wanted && !has_blank_missing && remainder == 1;
    (is_one && begins_word(bytes, start) && ends_word(bytes, end)).then_some(end)
}

/// What a character counts, and by what the characters before it are multiplied.
fn value(byte: u8) -> Option<(u32, u32)> {
    match byte {
        b'0'..=b'9' => Some((u32::from(byte - b'0'), 10)),
        b'A'..=b'Z' => Some((u32::from(byte - b'A') + 10, 100)),
        _ => None,
    }
}

/// Characters of a country's IBANs.
fn length(country: &[u8; 2]) -> Option<usize> {
    LENGTHS
        .iter()
        .find(|(_, countries)| {
            countries
                .as_bytes()
                .chunks(3)
                .any(|code| code.starts_with(country))
        })
        .map(|(length, _)| *length)
}

/// Every country of the registry by the length of its IBANs.
pub(super) const LENGTHS: [(usize, &str); 18] = [
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FK FO GL NL SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU MN XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "BI DJ FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HN HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];
