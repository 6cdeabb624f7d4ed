use super::*;

fn scenarios(only: &[Scenario]) -> Vec<Scenario> {
    asked_for(only).map(|case| case.scenario).collect()
}

#[test]
fn all_are_measured_unless_some_are_asked_for() {
    assert_eq!(scenarios(&[]).len(), CASES.len());
    assert_eq!(scenarios(&[Scenario::Json]), [Scenario::Json]);
}

#[test]
fn what_is_compared_is_measured_together() {
    let expected = [Scenario::Otlp, Scenario::Grpc];
    assert_eq!(scenarios(&[Scenario::Grpc]), expected);
}
