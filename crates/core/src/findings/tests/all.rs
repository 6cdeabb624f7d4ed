use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::findings::{Detail, FindingKind, Runaway};
use crate::limits::{FINDING_STEPS_MAX, FINDINGS_PER_RUN_MAX};

#[test]
fn an_ordinary_run_has_no_findings() {
    let mut steps = vec![agent(1, "ada")];
    for (nth, number) in (0..20).zip(2..) {
        steps.push(under(
            1,
            Step {
                cost: Some(NanoUsd(CENT)),
                ..call_of(number, "gpt-4o", 4_000 + 500 * nth)
            },
        ));
        let search = tool(number + 100, "search", i64::from(nth % 7));
        let is_failed = nth % 6 == 5;
        steps.push(under(1, if is_failed { failed(search) } else { search }));
    }
    assert_eq!(findings(&steps), []);
    assert_eq!(findings(&[]), []);
}

#[test]
fn the_largest_come_first_and_the_earlier_of_equals() {
    let mut steps = Vec::new();
    for number in 0..6 {
        steps.push(tool(100 + number, "late", 7));
        steps.push(tool(10 + number, "early", 7));
        steps.push(tool(50 + number, "most", 7));
        steps.push(failed(call(200 + number, "gpt-4o")));
    }
    steps.push(tool(60, "most", 7));
    let found = findings(&steps);
    let subjects: Vec<_> = found.iter().flat_map(|found| &found.subject).collect();
    assert_eq!(subjects, ["most", "early", "late", "gpt-4o"]);
}

#[test]
fn a_run_has_so_many_findings_and_the_largest_of_each_kind_among_them() {
    let calls = (0..30_i64).flat_map(|args_hash| {
        let first = 1_000 + 10 * args_hash.unsigned_abs();
        (first..first + 6).map(move |number| tool(number, "search", args_hash))
    });
    let mut steps: Vec<Step> = calls.collect();
    steps.extend((1..=5).map(|number| failed(call(number, "gpt-4o"))));
    let found = findings(&steps);
    assert_eq!(found.len(), FINDINGS_PER_RUN_MAX);
    let last = found.last().unwrap();
    assert_eq!((last.kind(), last.count), (FindingKind::RetryStorm, 5));
}

#[test]
fn findings_are_kept_as_json_under_short_names() {
    let kept = |finding: &Finding| serde_json::to_value(finding).unwrap();
    let storm = Finding {
        detail: Detail::RetryStorm {
            within_us: 40,
            recovered: true,
        },
        steps: ids([1, 2]),
        count: 6,
        subject: Some("search".to_owned()),
        cost: Some(NanoUsd(3)),
    };
    let dear = Finding {
        detail: Detail::RunawayCost(Runaway::OneCall { total: NanoUsd(9) }),
        subject: None,
        cost: None,
        ..storm.clone()
    };
    let steps = json!(["0000000000000001", "0000000000000002"]);
    assert_eq!(
        kept(&storm),
        json!({"kind": "retry_storm", "within_us": 40, "recovered": true, "steps": steps,
            "count": 6, "subject": "search", "cost": 3})
    );
    assert_eq!(
        kept(&dear),
        json!({"kind": "runaway_cost", "total": 9, "steps": steps, "count": 6})
    );
    for finding in [storm, dear] {
        let read: Finding = serde_json::from_str(&kept(&finding).to_string()).unwrap();
        assert_eq!(read, finding);
    }
}

#[test]
fn every_kind_has_the_same_name_in_json_as_in_the_api() {
    let details = [
        Detail::RepeatedToolCall { within_us: 0 },
        Detail::RetryStorm {
            within_us: 0,
            recovered: false,
        },
        Detail::GrowingContext {
            first_tokens: 0,
            last_tokens: 0,
        },
        Detail::RunawayCost(Runaway::Rising {
            first_quarter: NanoUsd(1),
            last_quarter: NanoUsd(4),
        }),
        Detail::Other,
    ];
    let mut kinds = Vec::new();
    for detail in details {
        let finding = Finding {
            detail,
            steps: Vec::new(),
            count: 0,
            subject: None,
            cost: None,
        };
        let json = serde_json::to_value(&finding).unwrap();
        assert_eq!(json["kind"], finding.kind().name());
        assert_eq!(serde_json::from_value::<Finding>(json).unwrap(), finding);
        assert_eq!(
            FindingKind::from_code(finding.kind().code()),
            finding.kind()
        );
        kinds.push(finding.kind());
    }
    kinds.sort_unstable();
    assert_eq!(kinds, FindingKind::ALL);
}

#[test]
fn a_finding_of_a_newer_version_is_read_as_another_one() {
    let json = json!({"kind": "brooding", "hours": 3, "steps": [], "count": 4});
    let read: Finding = serde_json::from_value(json).unwrap();
    assert_eq!((read.kind(), read.count), (FindingKind::Other, 4));
}

/// Steps of few names, arguments and sizes, so that patterns come about.
fn any_step() -> impl Strategy<Value = Step> {
    let status = prop::sample::select(vec![
        StepStatus::Failed,
        StepStatus::Failed,
        StepStatus::Succeeded,
        StepStatus::Succeeded,
        StepStatus::Running,
    ]);
    let is_priced = any::<bool>();
    (
        1_u64..200,
        prop::option::of(1_u64..40),
        0..3,
        0..2_i64,
        status,
        is_priced,
    )
        .prop_map(|(number, parent, kind, args_hash, status, is_priced)| {
            let tokens = i32::try_from(number).unwrap() * 1_000;
            let cost = i64::from(tokens / 1_000).pow(2) * CENT / 100;
            let step = match kind {
                _ if number < 8 => agent(number, ["ada", "bob"][usize::from(number % 2 == 0)]),
                0 => tool(number, "search", args_hash),
                _ => call_of(number, "gpt-4o", tokens),
            };
            let started_at = Timestamp(step.started_at.0 / 2 / SECOND_US);
            with_status(
                status,
                Step {
                    parent: parent.map(id),
                    cost: is_priced.then_some(NanoUsd(cost)),
                    started_at,
                    ..step
                },
            )
        })
}

proptest! {
    /// Circles, equal starts and agents within agents among them.
    #[test]
    fn the_order_of_the_steps_does_not_matter(
        steps in prop::collection::vec(any_step(), 0..150),
        shuffled in any::<prop::sample::Index>(),
    ) {
        let mut distinct: Vec<Step> = Vec::new();
        for step in steps {
            if distinct.iter().all(|other| other.id != step.id) {
                distinct.push(step);
            }
        }
        let found = findings(&distinct);
        let mut turned = distinct.clone();
        turned.reverse();
        prop_assert_eq!(&found, &findings(&turned));
        if !turned.is_empty() {
            turned.rotate_left(shuffled.index(distinct.len()));
            turned.sort_by_key(|step| step.usage.input.unwrap_or(0) % 7);
        }
        prop_assert_eq!(&found, &findings(&turned));
        prop_assert!(found.len() <= FINDINGS_PER_RUN_MAX);
        for finding in found {
            prop_assert!(finding.steps.len() <= FINDING_STEPS_MAX);
            prop_assert!(finding.count >= i64::try_from(finding.steps.len()).unwrap());
            prop_assert!(!finding.sentence().is_empty());
        }
    }
}
