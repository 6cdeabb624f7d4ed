mod canaries;
mod documents;
mod generated;
mod generators;
mod ordinary;
mod patterns;

use super::*;

/// A redactor with all detectors and nothing else.
fn all() -> Redactor {
    only(&Detector::ALL)
}

fn only(detectors: &[Detector]) -> Redactor {
    Redactor::new(&Rules {
        detectors: detectors.to_vec(),
        patterns: Vec::new(),
    })
    .unwrap()
}

/// So many characters that look random and are the same every time.
fn noise(alphabet: &str, len: usize) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    (0..len)
        .map(|at| alphabet[(at * 37 + at / 7 * 11 + 5) % alphabet.len()])
        .collect()
}

const HEX: &str = "0123456789abcdef";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

#[test]
fn detectors_have_names_and_labels() {
    for detector in Detector::ALL {
        assert_eq!(Detector::from_name(detector.name()), Some(detector));
        let json = serde_json::to_string(&detector).unwrap();
        assert_eq!(json, format!("\"{}\"", detector.name()));
    }
    assert_eq!(Detector::from_name("passports"), None);
}

#[test]
fn each_detector_finds_its_own_only() {
    let mail = format!("alice@{}", "example.com");
    let card = format!("4111{}", "111111111111");
    let iban = format!("DE8937040044{}", "0532013000");
    let key = format!("ghp_{}", noise(ALNUM, 36));
    let jwt = format!(
        "eyJ{}.{}.{}",
        "hbGciOiJIUzI1NiJ9",
        "eyJzdWIiOiIxIn0",
        noise(ALNUM, 43)
    );
    let text = format!("{mail} {card} {iban} {key} {jwt}");
    let labels = [
        "email_address",
        "card_number",
        "iban",
        "provider_key",
        "jwt",
    ];
    let finds = [mail, card, iban, key, jwt];
    for (at, detector) in Detector::ALL.into_iter().enumerate() {
        let wanted = text.replace(&finds[at], &format!("[redacted:{}]", labels[at]));
        assert_eq!(only(&[detector]).text(&text), Some(wanted));
    }
}

#[test]
fn nothing_is_looked_for_without_rules() {
    let none = Redactor::default();
    assert!(none.is_empty());
    assert!(!all().is_empty());
    assert_eq!(none.text("alice@example.com"), None);
    assert_eq!(none.json(r#"["alice@example.com"]"#), None);
}

#[test]
fn a_redactor_is_shared_among_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    shared(&all());
}
