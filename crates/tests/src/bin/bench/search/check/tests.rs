use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp(1_795_000_000_000_000);

fn ago(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 - seconds * 1_000_000)
}

fn hit(run: u128, seconds: i64, text: &str) -> Value {
    json!({
        "run": {"run_id": Uuid::from_u128(run), "started_at": ago(seconds).to_rfc3339(),
            "agent_id": "support-bot", "status": "failed"},
        "step": {"step_id": "0000000000000001"},
        "snippets": [{"in": "input", "text": text, "highlights": [[0, 1]]}],
    })
}

fn question(expected: Expected) -> Question {
    Question {
        words: "zanzibar".to_owned(),
        last_day: true,
        failed_of: Some("support-bot"),
        expected,
    }
}

fn is_right(expected: Expected, hits: &[Value]) -> bool {
    check(&question(expected), NOW, hits, true).is_ok()
}

/// Two runs of the last day, and one from before.
fn runs() -> Expected {
    let day = 24 * 60 * 60;
    let runs = [(1, 10), (2, 20), (3, day + 1)];
    Expected::Runs(
        runs.map(|(run, seconds)| (Uuid::from_u128(run), ago(seconds)))
            .into(),
    )
}

#[test]
fn all_runs_that_had_to_be_found_are_right() {
    let [one, two] = [hit(1, 10, "zanzibar"), hit(2, 20, "zanzibar")];
    assert!(is_right(runs(), &[one, two]));
}

#[test]
fn one_that_is_missing_or_strange_or_there_twice_is_wrong() {
    let [one, two] = [hit(1, 10, "zanzibar"), hit(2, 20, "zanzibar")];
    let early = hit(3, 24 * 60 * 60 + 1, "zanzibar");
    assert!(!is_right(runs(), std::slice::from_ref(&one)));
    assert!(!is_right(runs(), &[two.clone(), one.clone()]));
    assert!(!is_right(runs(), &[one.clone(), one.clone(), two.clone()]));
    assert!(!is_right(
        runs(),
        &[one.clone(), two.clone(), hit(4, 30, "")]
    ));
    assert!(!is_right(runs(), &[one, two, early]));
}

#[test]
fn a_page_of_other_words_or_other_runs_is_wrong() {
    let page = || Expected::Page(vec!["order".to_owned()]);
    let mut other = hit(1, 10, "my Order");
    assert!(is_right(page(), &[other.clone()]));
    assert!(!is_right(page(), &[hit(1, 10, "my refund")]));
    assert!(check(&question(page()), NOW, &[other.clone()], false).is_err());
    other["run"]["status"] = json!("succeeded");
    assert!(!is_right(page(), &[other]));
}
