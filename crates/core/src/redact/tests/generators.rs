//! Canaries made at random, with right check digits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::super::iban::LENGTHS;

/// What was made, and the label that it gets.
pub(super) type Canary = (String, &'static str);

pub(super) fn canary() -> impl Strategy<Value = Canary> {
    prop_oneof![
        mail().prop_map(|text| (text, "email_address")),
        card().prop_map(|text| (text, "card_number")),
        iban().prop_map(|text| (text, "iban")),
        key().prop_map(|text| (text, "provider_key")),
        jwt().prop_map(|text| (text, "jwt")),
    ]
}

fn mail() -> impl Strategy<Value = String> {
    (
        "[a-zA-Z0-9][a-zA-Z0-9._+-]{0,20}[a-zA-Z0-9]",
        "[a-z]([a-z0-9-]{0,10}[a-z])?",
        "[a-z]{2,8}",
    )
        .prop_filter("nobody", |(local, _, tld)| {
            let is_file = super::super::mail::NO_TLD.contains(&tld.as_str());
            !is_file && !super::super::mail::NOBODY.contains(&local.as_str())
        })
        .prop_map(|(local, domain, tld)| format!("{local}@{domain}.{tld}"))
        .prop_filter("code", |mail| {
            !mail.contains("@self.") && !mail.contains("@this.")
        })
}

pub(super) fn card() -> impl Strategy<Value = String> {
    let issuers = [
        ("4", 16),
        ("4", 13),
        ("4", 19),
        ("51", 16),
        ("55", 16),
        ("2221", 16),
        ("2720", 16),
        ("34", 15),
        ("37", 15),
        ("6011", 16),
        ("65", 16),
        ("644", 19),
        ("300", 14),
        ("36", 14),
        ("38", 16),
        ("3528", 16),
        ("3589", 16),
        ("62", 16),
        ("62", 19),
        ("5018", 16),
        ("6763", 18),
    ];
    let digits = proptest::collection::vec(0..10_u8, 19);
    (
        prop::sample::select(issuers.to_vec()),
        digits,
        prop::sample::select(&["", " ", "-"][..]),
    )
        .prop_map(|((prefix, len), digits, separator)| {
            let random = digits.iter().map(|digit| char::from(b'0' + digit));
            let body: String = prefix.chars().chain(random).take(len - 1).collect();
            let check = (0..10).find(|check| luhn(&format!("{body}{check}")));
            grouped(&format!("{body}{}", check.unwrap()), separator)
        })
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .chars()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = digit.to_digit(10).unwrap() * (1 + u32::from(at % 2 == 1));
            digit / 10 + digit % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Cards of 14 and 15 digits have other groups than the rest.
fn grouped(digits: &str, separator: &str) -> String {
    let groups: &[usize] = match digits.len() {
        14 => &[4, 6, 4],
        15 => &[4, 6, 5],
        _ => &[4, 4, 4, 4, 4],
    };
    let (mut rest, mut parts) = (digits, Vec::new());
    for len in groups {
        let (part, after) = rest.split_at((*len).min(rest.len()));
        parts.push(part);
        rest = after;
    }
    parts.retain(|part| !part.is_empty());
    parts.join(separator)
}

pub(super) fn iban() -> impl Strategy<Value = String> {
    let countries: Vec<(usize, String)> = LENGTHS
        .iter()
        .flat_map(|(len, codes)| codes.split(' ').map(|code| (*len, code.to_owned())))
        .collect();
    (
        prop::sample::select(countries),
        "[0-9A-Z]{30}",
        any::<bool>(),
    )
        .prop_map(|((len, country), random, blanks)| {
            let body: String = random.chars().take(len - 4).collect();
            let number: String = format!("{body}{country}00")
                .chars()
                .map(|char| char.to_digit(36).unwrap().to_string())
                .collect();
            let rest = number.chars().fold(0, |rest, digit| {
                (rest * 10 + digit.to_digit(10).unwrap()) % 97
            });
            let iban = format!("{country}{:02}{body}", 98 - rest);
            let groups: Vec<&str> = iban
                .as_bytes()
                .chunks(4)
                .map(|group| std::str::from_utf8(group).unwrap())
                .collect();
            groups.join(if blanks { " " } else { "" })
        })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9]{20}[a-zA-Z0-9]{20}".prop_map(|key| format!("sk-a1{key}")),
        "[a-zA-Z0-9_-]{92}AA".prop_map(|key| format!("sk-ant-api03-{key}")),
        "[a-zA-Z0-9_-]{73}T3BlbkFJ[a-zA-Z0-9_-]{73}A".prop_map(|key| format!("sk-proj-{key}")),
        "[A-Z2-7]{16}".prop_map(|key| format!("AKIA{key}")),
        "[a-zA-Z0-9_-]{34}A".prop_map(|key| format!("AIza{key}")),
        "[a-zA-Z0-9]{36}".prop_map(|key| format!("ghp_{key}")),
        "[0-9]{12}-[0-9]{12}-[a-zA-Z0-9]{24}".prop_map(|key| format!("xoxb-{key}")),
        "[a-zA-Z0-9]{24}".prop_map(|key| format!("sk_live_{key}")),
        "[a-zA-Z]{34}".prop_map(|key| format!("hf_{key}")),
        "[a-zA-Z0-9_-]{22}\\.[a-zA-Z0-9_-]{42}A".prop_map(|key| format!("SG.{key}")),
    ]
}

fn jwt() -> impl Strategy<Value = String> {
    ("[A-Z]{2}[0-9]{3}", "[a-z0-9]{1,20}", "[a-zA-Z0-9_-]{42}A").prop_map(
        |(alg, sub, signature)| {
            let head = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#));
            let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"sub":"{sub}"}}"#));
            format!("{head}.{claims}.{signature}")
        },
    )
}
