use super::*;
use crate::redact::Pattern;

fn read(json: &str) -> Result<ProjectSettings, serde_json::Error> {
    serde_json::from_str(json)
}

#[test]
fn what_is_not_named_has_no_limit_and_what_is_unknown_is_refused() {
    assert_eq!(read("{}").unwrap(), ProjectSettings::default());
    assert!(ProjectSettings::default().check().is_ok());
    assert!(ProjectSettings::of_new_project().check().is_ok());
    for unknown in [
        r#"{"retention": 7}"#,
        r#"{"quotas": {"runs_per_second": 1}}"#,
        r#"{"redaction": {"detectors": ["names"]}}"#,
        r#"{"retention_days": -1}"#,
    ] {
        assert!(read(unknown).is_err(), "{unknown}");
    }
}

#[test]
fn what_is_out_of_bounds_is_named() {
    let wrong = |json: &str| read(json).unwrap().check().unwrap_err().field();
    assert_eq!(wrong(r#"{"retention_days": 0}"#), "retention_days");
    assert_eq!(wrong(r#"{"retention_days": 36501}"#), "retention_days");
    let quota = r#"{"quotas": {"stored_bytes": 0}}"#;
    assert_eq!(wrong(quota), "quotas.stored_bytes");
    let mut settings = ProjectSettings::default();
    settings.redaction.patterns.push(Pattern {
        name: "order".to_owned(),
        regex: "(".to_owned(),
    });
    assert_eq!(settings.check().unwrap_err().field(), "redaction");
}
