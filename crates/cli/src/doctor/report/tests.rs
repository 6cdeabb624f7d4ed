use super::*;

fn report() -> Report {
    let mut report = Report::default();
    report.ok(Area::Settings, "6 settings are known");
    report.warning(
        Area::Settings,
        "nobody reads RUNWATCH_LOGS",
        "did you mean RUNWATCH_LOG?",
    );
    report.problem(Area::Database, "fsync is off\u{1b}[2J", "turn it on");
    report.ok(Area::Machine, "12 GiB are free");
    report
}

#[test]
fn findings_stand_by_area_with_what_to_do() {
    insta::assert_snapshot!(report().text(Paint::Off), @r"
    Settings
      ok       6 settings are known
      warning  nobody reads RUNWATCH_LOGS
               → did you mean RUNWATCH_LOG?
    Database
      problem  fsync is off\u{1b}[2J
               → turn it on
    Machine
      ok       12 GiB are free
    1 problem, 1 warning.
    ");
}

#[test]
fn programs_get_the_same_as_json() {
    let json: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
    assert_eq!((&json["ok"], &json["problems"]), (&false.into(), &1.into()));
    let problem = &json["findings"][2];
    assert_eq!(problem["area"], "database");
    assert_eq!(problem["verdict"], "problem");
    assert_eq!(problem["advice"], "turn it on");
    assert!(json["findings"][0].get("advice").is_none());
}

#[test]
fn nothing_wrong_is_said_too() {
    let mut report = Report::default();
    report.ok(Area::Machine, "fine");
    assert!(
        report
            .text(Paint::Off)
            .ends_with("Everything is as it should be.")
    );
    assert_eq!(report.problems(), 0);
}
