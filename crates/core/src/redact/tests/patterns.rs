//! Patterns of one's own.

use super::*;

fn pattern(name: &str, regex: &str) -> Pattern {
    Pattern {
        name: name.to_owned(),
        regex: regex.to_owned(),
    }
}

fn redactor(patterns: &[(&str, &str)]) -> Result<Redactor, BadRules> {
    Redactor::new(&Rules {
        detectors: Vec::new(),
        patterns: patterns
            .iter()
            .map(|(name, regex)| pattern(name, regex))
            .collect(),
    })
}

#[test]
fn patterns_replace_what_they_match() {
    let redactor = redactor(&[("ticket", "T-[0-9]+"), ("person", "(?i)alice|ÉMILE")]).unwrap();
    let wanted = "[redacted:person] has [redacted:ticket], [redacted:person] none";
    assert_eq!(
        redactor.text("Alice has T-17, émile none").as_deref(),
        Some(wanted)
    );
    assert_eq!(redactor.text("Bob has none"), None);
    let json = r#"{"T-1": ["\u0041lice", 5, "T-2"]}"#;
    let wanted = r#"{"[redacted:ticket]": ["[redacted:person]", 5, "[redacted:ticket]"]}"#;
    assert_eq!(redactor.json(json).as_deref(), Some(wanted));
}

#[test]
fn patterns_find_numbers_of_documents() {
    let redactor = redactor(&[("customer", r"\b\d{8}\b")]).unwrap();
    let wanted = r#"{"id":"[redacted:customer]","n":-1.5e3}"#;
    assert_eq!(
        redactor.json(r#"{"id":12345678,"n":-1.5e3}"#).as_deref(),
        Some(wanted)
    );
}

#[test]
fn patterns_leave_labels_and_escapes_alone() {
    let labels = redactor(&[("x", "[a-z]+")]).unwrap();
    let once = labels.text("one [redacted:card_number] two").unwrap();
    assert_eq!(once, "[redacted:x] [redacted:card_number] [redacted:x]");
    assert_eq!(labels.text(&once), None);
    let escapes = redactor(&[("x", r"[a-z0-9]+|\\\\?")]).unwrap();
    for text in [r"\n", r"\u00e9", r"\\\n", r#"\\\""#] {
        let redacted = escapes.text(text).unwrap_or(text.to_owned());
        assert_eq!(redacted, text);
    }
    assert_eq!(
        escapes.text(r"\nab\u00e9cd").unwrap(),
        r"\n[redacted:x]\u00e9[redacted:x]"
    );
}

#[test]
fn bad_patterns_are_refused_without_being_repeated() {
    let good = ("x", "secret");
    let long = "a".repeat(REDACTION_REGEX_BYTES_MAX + 1);
    let name = "a".repeat(REDACTION_NAME_BYTES_MAX + 1);
    for (bad, why) in [
        (("", "secret"), BadRules::Name(1)),
        (("Secret", "secret"), BadRules::Name(1)),
        (("ü", "secret"), BadRules::Name(1)),
        ((&name, "secret"), BadRules::Name(1)),
        (("x", &long), BadRules::TooLong(1)),
        (("x", "(secret"), BadRules::Syntax(1)),
        (("x", r"(a)\1"), BadRules::Syntax(1)),
        (("x", r"((\w{100}){100}){100}"), BadRules::TooLarge(1)),
        (("x", ""), BadRules::MatchesEmpty(1)),
        (("x", "(secret)*"), BadRules::MatchesEmpty(1)),
        (("x", r"\b"), BadRules::MatchesEmpty(1)),
        (("x", "$"), BadRules::MatchesEmpty(1)),
    ] {
        let error = redactor(&[good, bad]).map(|_| ()).unwrap_err();
        assert_eq!(error, why);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let many = vec![good; REDACTION_PATTERNS_MAX + 1];
    let error = redactor(&many).map(|_| ()).unwrap_err();
    assert_eq!(error, BadRules::TooManyPatterns(many.len()));
    assert!(redactor(&many[1..]).is_ok());
}

#[test]
fn rules_are_plain_json() {
    let json = r#"{"detectors":["email_addresses","jwts"],"patterns":[{"name":"x","regex":"y"}]}"#;
    let rules: Rules = serde_json::from_str(json).unwrap();
    assert_eq!(rules.detectors, [Detector::EmailAddresses, Detector::Jwts]);
    assert_eq!(rules.patterns, [pattern("x", "y")]);
    assert_eq!(serde_json::to_string(&rules).unwrap(), json);
    assert_eq!(
        serde_json::from_str::<Rules>("{}").unwrap(),
        Rules::default()
    );
    for bad in [
        r#"{"detector":[]}"#,
        r#"{"detectors":["passports"]}"#,
        r#"{"patterns":[{"name":"x"}]}"#,
        r#"{"patterns":[{"name":"x","regex":"y","flags":"i"}]}"#,
    ] {
        assert!(serde_json::from_str::<Rules>(bad).is_err(), "{bad}");
    }
}
