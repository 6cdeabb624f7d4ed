//! The rules over real messages, and where their order matters.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

/// A failure as somebody reported it; `source` says where.
#[derive(Deserialize)]
struct Real {
    source: String,
    step: Option<StepKind>,
    kind: Option<String>,
    code: Option<String>,
    message: Option<String>,
    expect: FailureType,
}

#[test]
fn every_real_failure_gets_its_type() {
    let real: Vec<Real> =
        serde_json::from_str(include_str!("../../../data/failures.json")).unwrap();
    let mut by_type: BTreeMap<FailureType, u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    for failure in &real {
        let decided = classify(Evidence {
            step: failure.step,
            kind: failure.kind.as_deref(),
            code: failure.code.as_deref(),
            message: failure.message.as_deref(),
        });
        *by_type.entry(failure.expect).or_default() += 1;
        if decided != failure.expect {
            wrong.push(format!(
                "{}: {decided:?} instead of {:?}: {:?} {:?}",
                failure.source, failure.expect, failure.kind, failure.message
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        real.len() >= 60,
        "{} failures are too few to prove much",
        real.len()
    );
    assert_eq!(
        by_type.len(),
        FailureType::ALL.len(),
        "each type is proven: {by_type:?}"
    );
}

fn of_message(message: &str) -> FailureType {
    classify(Evidence {
        message: Some(message),
        ..Evidence::default()
    })
}

fn of_code(code: &str) -> FailureType {
    classify(Evidence {
        code: Some(code),
        ..Evidence::default()
    })
}

#[test]
fn our_own_names_pass_through() {
    for kind in FailureType::ALL {
        let message = Some("429 Too Many Requests");
        let evidence = Evidence {
            kind: Some(kind.name()),
            message,
            ..Evidence::default()
        };
        let expected = if kind == FailureType::Unknown {
            FailureType::RateLimit
        } else {
            kind
        };
        assert_eq!(classify(evidence), expected);
    }
}

#[test]
fn nothing_said_is_unknown() {
    assert_eq!(classify(Evidence::default()), FailureType::Unknown);
    assert_eq!(of_message(""), FailureType::Unknown);
    assert_eq!(of_code("400"), FailureType::Unknown);
}

#[test]
fn a_status_is_enough() {
    let cases = [
        ("401", FailureType::Auth),
        ("403", FailureType::Auth),
        ("402", FailureType::Budget),
        ("408", FailureType::Timeout),
        ("429", FailureType::RateLimit),
        ("499", FailureType::Cancelled),
        ("500", FailureType::Dependency),
        ("504", FailureType::Timeout),
        ("529", FailureType::Dependency),
        ("4", FailureType::Timeout),
        ("8", FailureType::RateLimit),
        ("14", FailureType::Dependency),
        ("16", FailureType::Auth),
    ];
    for (code, expected) in cases {
        assert_eq!(of_code(code), expected, "{code}");
        let as_kind = Evidence {
            kind: Some(code),
            ..Evidence::default()
        };
        assert_eq!(classify(as_kind), expected, "{code} as error.type");
    }
}

#[test]
fn a_status_is_found_in_the_message() {
    assert_eq!(
        of_message("Error code: 429 - {'detail': 'slow down'}"),
        FailureType::RateLimit
    );
    assert_eq!(of_message("500 {\"oops\": true}"), FailureType::Dependency);
    assert_eq!(
        of_message("Request failed with status code 403"),
        FailureType::Auth
    );
    assert_eq!(of_message("the answer has 429 words"), FailureType::Unknown);
    assert_eq!(of_message("5001 rows were returned"), FailureType::Unknown);
}

#[test]
fn quota_that_ran_out_is_a_budget_though_the_status_is_429() {
    let said = |message| Evidence {
        code: Some("429"),
        message,
        ..Evidence::default()
    };
    assert_eq!(
        classify(said(Some("insufficient_quota"))),
        FailureType::Budget
    );
    assert_eq!(
        classify(said(Some("please slow down"))),
        FailureType::RateLimit
    );
}

#[test]
fn a_deadline_of_a_context_is_no_overflow_of_it() {
    assert_eq!(
        of_message("context deadline exceeded"),
        FailureType::Timeout
    );
    assert_eq!(of_message("context canceled"), FailureType::Cancelled);
}

#[test]
fn the_same_parse_error_is_the_tools_in_a_tool_and_the_models_elsewhere() {
    let in_step = |step| Evidence {
        step: Some(step),
        kind: Some("json.decoder.JSONDecodeError"),
        message: Some("Expecting value: line 1 column 1 (char 0)"),
        code: None,
    };
    assert_eq!(classify(in_step(StepKind::Tool)), FailureType::ToolError);
    assert_eq!(classify(in_step(StepKind::Llm)), FailureType::InvalidOutput);
}
