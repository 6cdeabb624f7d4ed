use runwatch_core::rollup::{Histogram, Measures, Sums, UsageKey};
use runwatch_core::time::HOUR_US;
use serde_json::{Value, to_value};

use super::{Dimension, Filter, Groups, check_status, kind_code};

fn key(minute: i64, kind: i16, agent: &str) -> UsageKey {
    UsageKey {
        minute,
        kind,
        status: 2,
        agent: agent.to_owned(),
        model: String::new(),
        tool: String::new(),
        environment: "production".to_owned(),
    }
}

fn one() -> Measures {
    Measures {
        sums: Sums {
            count: 1,
            ..Sums::default()
        },
        latency: Histogram::of(1_000),
    }
}

fn rows(groups: Groups) -> Vec<Value> {
    groups
        .rows()
        .unwrap()
        .iter()
        .map(|row| to_value(row).unwrap())
        .collect()
}

#[test]
fn rows_are_added_up_by_bucket_and_group() {
    let dimensions = vec![Dimension::Status, Dimension::Agent, Dimension::Agent];
    let mut groups = Groups::new(dimensions, Some(HOUR_US), 10);
    for (minute, agent) in [(0, "a"), (59, "a"), (60, "a"), (0, "b")] {
        groups.add(&key(minute, 0, agent), &one());
        groups.add(&key(minute, 2, agent), &one());
    }
    let rows = rows(groups);
    let shown: Vec<(&Value, &Value, &Value)> = rows
        .iter()
        .filter(|row| row["runs"]["count"] != 0)
        .map(|row| {
            (
                &row["bucket"],
                &row["group"]["agent"],
                &row["runs"]["count"],
            )
        })
        .collect();
    let expected = [
        ("1970-01-01T00:00:00.000000Z".into(), "a".into(), 2.into()),
        ("1970-01-01T00:00:00.000000Z".into(), "b".into(), 1.into()),
        ("1970-01-01T01:00:00.000000Z".into(), "a".into(), 1.into()),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(at, agent, runs)| (at, agent, runs))
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn without_buckets_all_time_is_one_row() {
    let mut groups = Groups::new(Vec::new(), None, 10);
    groups.add(&key(0, 0, "a"), &one());
    groups.add(&key(9_999, 3, "b"), &one());
    let rows = rows(groups);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["bucket"], Value::Null);
    assert_eq!(
        (&rows[0]["runs"]["count"], &rows[0]["steps"]["count"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn what_was_taken_back_leaves_no_row() {
    let mut groups = Groups::new(Vec::new(), None, 10);
    let mut taken_back = Measures::default();
    taken_back.add(&one(), -1);
    groups.add(&key(0, 0, "a"), &one());
    groups.add(&key(0, 0, "a"), &taken_back);
    assert!(rows(groups).is_empty());
}

#[test]
fn too_many_groups_are_refused_and_the_most_allowed_are_not() {
    for (agents, is_answered) in [(10, true), (11, false)] {
        let mut groups = Groups::new(vec![Dimension::Agent], None, 10);
        (0..agents).for_each(|agent| groups.add(&key(0, 0, &agent.to_string()), &one()));
        assert_eq!(groups.rows().is_some(), is_answered);
    }
}

#[test]
fn a_filter_looks_at_names_kinds_and_statuses() {
    let filter = |kind: Option<&str>, status: Option<&str>, agent: Option<&str>| Filter {
        kind: kind.map(|kind| kind_code(kind).unwrap()),
        status: status.map(str::to_owned),
        agent: agent.map(str::to_owned),
        ..Filter::default()
    };
    // The status 2 of a run is `failed`, that of a step `succeeded`.
    let (run, llm) = (key(0, 0, "a"), key(0, 2, "a"));
    let cases = [
        (filter(None, None, None), true, true),
        (filter(Some("run"), None, None), true, false),
        (filter(Some("llm"), None, None), false, true),
        (filter(None, Some("failed"), None), true, false),
        (filter(None, Some("succeeded"), Some("a")), false, true),
        (filter(None, None, Some("b")), false, false),
    ];
    for (filter, passes_run, passes_llm) in cases {
        assert_eq!(
            (filter.passes(&run), filter.passes(&llm)),
            (passes_run, passes_llm)
        );
    }
    assert!(kind_code("runs").is_err());
    assert!(check_status("failed").is_ok() && check_status("broken").is_err());
}
