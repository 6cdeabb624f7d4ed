use std::collections::BTreeMap;

use runwatch_core::ids::RunId;
use runwatch_core::run::RunStatus;
use serde::Deserialize;
use serde_json::{Value, to_value};

use super::Query;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Parameters {
    agent: Option<String>,
    status: Vec<RunStatus>,
    limit: Option<u32>,
    min_cost_usd: Option<f64>,
    stalled: Option<bool>,
    run: Option<RunId>,
    attribute: BTreeMap<String, String>,
}

fn parse(query: &str) -> Parameters {
    Query::parse(query).unwrap().0
}

/// The field and the detail of the refusal.
fn refused(query: &str) -> (String, String) {
    let problem = Query::<Parameters>::parse(query).unwrap_err();
    let shown = to_value(problem.details()).unwrap();
    let text = |name: &str| {
        shown
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    (text("field"), text("detail"))
}

#[test]
fn parameters_are_read_into_their_types() {
    let run = RunId("0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11".parse().unwrap());
    let read = parse(
        "agent=a%20b+c&status=failed&limit=7&status=timed_out&min_cost_usd=0.5&stalled=true\
         &run=0199c7a27a517cc09d3e5b6f0f7d2a11&attribute.channel=chat&attribute.a.b=1",
    );
    let expected = Parameters {
        agent: Some("a b c".to_owned()),
        status: vec![RunStatus::Failed, RunStatus::TimedOut],
        limit: Some(7),
        min_cost_usd: Some(0.5),
        stalled: Some(true),
        run: Some(run),
        attribute: [("channel", "chat"), ("a.b", "1")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
    };
    assert_eq!(read, expected);
    assert_eq!(parse(""), Parameters::default());
}

#[test]
fn what_is_wrong_is_refused_by_its_name() {
    let cases = [
        ("agnet=x", "agnet", "There is no parameter of this name."),
        ("agent=x&agent=y", "agent", "It must be given once."),
        (
            "limit=-1",
            "limit",
            "It must be a whole number that is not negative.",
        ),
        (
            "limit=",
            "limit",
            "It must be a whole number that is not negative.",
        ),
        ("stalled=yes", "stalled", "It must be true or false."),
        ("agent.x=1", "agent", "It must be given once."),
        ("status.x=1", "status", "It takes no key."),
        (
            "attribute=1",
            "attribute",
            "It needs a key, as in `attribute.channel=chat`.",
        ),
    ];
    for (query, field, detail) in cases {
        assert_eq!(
            refused(query),
            (field.to_owned(), detail.to_owned()),
            "{query}"
        );
    }
    let (field, detail) = refused("status=broken");
    assert_eq!(field, "status");
    assert!(
        detail.starts_with("It must be one of: running, succeeded,"),
        "{detail}"
    );
    assert_eq!(refused("run=7").0, "run");
    assert_eq!(refused(&"x".repeat(9_000)).0.len(), 100);
}
