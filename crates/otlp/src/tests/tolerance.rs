//! What real senders write and strict readers refuse.

use opentelemetry_proto::tonic::trace::v1::Span;
use runwatch_core::limits::FIELD_BYTES_MAX;
use runwatch_core::payload::Part;
use runwatch_core::run::RunPart;
use runwatch_core::step::{Step, StepStatus, flags};

use super::builders::*;

fn json_run(fields: &str) -> RunPart {
    one_run(decode_json(&json_body(&json_span(fields))))
}

fn json_step(fields: &str) -> Step {
    json_run(fields).steps.remove(0)
}

/// The attribute `a` as it is kept, given the JSON text of its value.
fn kept(value: &str) -> String {
    let run = json_run(&format!(r#""attributes":[{{"key":"a","value":{value}}}]"#));
    let filterable = run.steps[0].attributes.clone();
    let object = if filterable.is_empty() {
        part(&run, Part::Attributes).unwrap()
    } else {
        &filterable
    };
    object
        .strip_prefix(r#"{"a":"#)
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap()
        .to_owned()
}

#[test]
fn values_of_all_spellings_are_understood() {
    let cases = [
        ("null", "null"),
        ("{}", "null"),
        (r#"{"stringValue":null}"#, "null"),
        (r#"{"stringValue":""}"#, r#""""#),
        (r#"{"intValue":5}"#, "5"),
        (r#"{"intValue":"5"}"#, "5"),
        (r#"{"intValue":5.0}"#, "5"),
        (r#"{"intValue":1e21}"#, "1e21"),
        (
            r#"{"intValue":"-9223372036854775808"}"#,
            "-9223372036854775808",
        ),
        (r#"{"doubleValue":5}"#, "5.0"),
        (r#"{"doubleValue":"0.5"}"#, "0.5"),
        (r#"{"doubleValue":"NaN"}"#, r#""NaN""#),
        (r#"{"doubleValue":"Infinity"}"#, r#""Infinity""#),
        (r#"{"doubleValue":"-Infinity"}"#, r#""-Infinity""#),
        (r#"{"doubleValue":null}"#, "null"),
        (r#"{"boolValue":true}"#, "true"),
        (r#"{"bytesValue":"AAH+/w=="}"#, r#""AAH+/w==""#),
        (r#"{"bytesValue":"AAH-_w"}"#, r#""AAH+/w==""#),
        (r#"{"arrayValue":{}}"#, "[]"),
        (r#"{"arrayValue":null}"#, "[]"),
        (r#"{"arrayValue":{"values":null}}"#, "[]"),
        (
            r#"{"arrayValue":{"values":[{"intValue":1},{},null]}}"#,
            "[1,null,null]",
        ),
        (r#"{"kvlistValue":{}}"#, "{}"),
        (
            r#"{"kvlistValue":{"values":[{"key":"k","value":{"intValue":1}}]}}"#,
            r#"{"k":1}"#,
        ),
        (
            r#"{"unknownValue":[{"x":1}],"stringValue":"known"}"#,
            r#""known""#,
        ),
    ];
    for (sent, expected) in cases {
        assert_eq!(kept(sent), expected, "{sent}");
    }
}

#[test]
fn an_attribute_without_a_value_is_kept_as_null() {
    let run = json_run(r#""attributes":[{"key":"a"}]"#);
    assert_eq!(part(&run, Part::Attributes), Some(r#"{"a":null}"#));
}

#[test]
fn null_stands_for_what_is_absent_everywhere() {
    let nulls = [
        "parentSpanId",
        "traceState",
        "name",
        "kind",
        "startTimeUnixNano",
        "attributes",
        "events",
        "links",
        "status",
        "flags",
        "droppedAttributesCount",
    ];
    let fields = nulls.map(|field| format!("\"{field}\":null")).join(",");
    let step = json_step(&fields);
    assert_eq!(step.content_hash, json_step("").content_hash);
    assert_eq!(json_step(r#""parentSpanId":"""#).parent, None);
    let step = json_step(r#""status":{"message":null,"code":null},"events":[{"attributes":null}]"#);
    assert_eq!(step.status, StepStatus::Unset);
}

#[test]
fn unknown_fields_are_ignored_at_every_level() {
    let step = json_step(r#""entityRefs":[{"a":{}}],"start_time_unix_nano":5,"future":{"b":[]}"#);
    assert_eq!(step.content_hash, json_step("").content_hash);
    let body = r#"{"x":1,"resourceSpans":[{"x":1,"resource":{"x":1,"attributes":[{"x":1,"key":"k",
        "value":{"x":1,"stringValue":"v"}}]},"scopeSpans":[{"x":1,"scope":{"x":1,"name":"n"}}]}]}"#;
    assert_eq!(decode_json(body).spans, 0);
}

#[test]
fn hex_ids_are_of_either_case() {
    let ids = |text: &str| json_span("").replace(&"01".repeat(16), &text.repeat(16));
    let run = |text: &str| one_run(decode_json(&json_body(&ids(text))));
    assert_eq!(run("aB").run_id, run("Ab").run_id);
    assert_eq!(
        run("AB").steps[0].content_hash,
        run("ab").steps[0].content_hash
    );
}

#[test]
fn times_are_numbers_or_text() {
    let number = json_step(r#""startTimeUnixNano":1700000000000000000"#);
    let text = json_step(r#""startTimeUnixNano":"1700000000000000000""#);
    assert_eq!(number.started_at.0, 1_700_000_000_000_000);
    assert_eq!(number.content_hash, text.content_hash);
    let last = json_step(r#""startTimeUnixNano":"18446744073709551615""#);
    assert_eq!(last.started_at.0, 18_446_744_073_709_551);
}

#[test]
fn half_a_surrogate_pair_is_replaced_and_flags_its_span_only() {
    let broken = json_span(
        r#""name":"a\ud83d","attributes":[{"key":"k","value":{"stringValue":"\udc00"}}]"#,
    );
    let whole = json_span("").replace("0202020202020202", "0303030303030303");
    let run = one_run(decode_json(&json_body(&format!("{broken},{whole}"))));
    assert_eq!(run.steps[0].name, "a\u{fffd}");
    assert_eq!(run.steps[0].attributes, "{\"k\":\"\u{fffd}\"}");
    assert_eq!(run.steps[0].flags, flags::SANITIZED);
    assert_eq!(run.steps[1].flags, 0);
}

#[test]
fn bare_numbers_that_json_lacks_become_null_and_flag_their_span_only() {
    let broken = json_span(r#""attributes":[{"key":"k","value":{"doubleValue":NaN}}]"#);
    let other = r#""attributes":[{"key":"k","value":{"doubleValue":-Infinity}}],"name":"\ud800""#;
    let other = json_span(other).replace("0202020202020202", "0303030303030303");
    let whole = json_span("").replace("0202020202020202", "0404040404040404");
    let run = one_run(decode_json(&json_body(&format!(
        "{broken},{whole},{other}"
    ))));
    assert_eq!(part(&run, Part::Attributes), Some(r#"{"k":null}"#));
    let both = flags::SANITIZED | flags::NUMBER;
    let given: Vec<_> = run.steps.iter().map(|step| step.flags).collect();
    assert_eq!(given, [both, 0, both]);
    assert_eq!(run.steps[2].name, "\u{fffd}");
}

#[test]
fn nul_in_values_is_replaced_where_it_cannot_be_kept() {
    let span = span_with([
        ("gen_ai.prompt", text("a\0b")),
        ("x", text("c\0d")),
        ("y", text(&"\0".repeat(200))),
    ]);
    let run = run_of(vec![Span {
        name: "n\0".into(),
        ..span
    }]);
    let step = &run.steps[0];
    assert_eq!(step.name, "n\u{fffd}");
    assert_eq!(step.attributes, r#"{"x":"c\ufffdd"}"#);
    assert_eq!(part(&run, Part::Input), Some("a\u{fffd}b"));
    let attributes = part(&run, Part::Attributes).unwrap();
    assert!(
        attributes.contains(r#""otel.span_name":"n\u0000""#),
        "{attributes}"
    );
    assert!(attributes.contains(&"\\u0000".repeat(200)));
    assert_eq!(step.flags, flags::SANITIZED);
}

#[test]
fn what_is_longer_than_a_field_is_cut_and_flagged() {
    let long = format!("{}é", "x".repeat(FIELD_BYTES_MAX - 1));
    let run = run_of(vec![span_with([("gen_ai.prompt", text(&long))])]);
    assert_eq!(part(&run, Part::Input).unwrap().len(), FIELD_BYTES_MAX - 1);
    assert_eq!(run.steps[0].flags, flags::TRUNCATED);
    let whole = span_with([("gen_ai.prompt", text(&"x".repeat(FIELD_BYTES_MAX)))]);
    assert_eq!(step_of(whole).flags, 0);

    let events = vec![event("e", [("k", text(&long))])];
    let run = run_of(vec![Span {
        events,
        ..span("s")
    }]);
    let kept: serde_json::Value = serde_json::from_str(part(&run, Part::Events).unwrap()).unwrap();
    assert_eq!(
        kept[0]["attributes"]["k"].as_str().unwrap().len(),
        FIELD_BYTES_MAX - 1
    );
    assert_eq!(run.steps[0].flags, flags::TRUNCATED);
}

#[test]
fn ten_thousand_attributes_are_cut_to_the_limit_and_flagged() {
    let keys: Vec<String> = (0..10_000).map(|number| format!("k{number:05}")).collect();
    let attributes = keys
        .iter()
        .flat_map(|key| key_values([(key.as_str(), text("v"))]))
        .collect();
    let run = run_of(vec![Span {
        attributes,
        ..span("s")
    }]);
    assert_eq!(run.steps[0].flags, flags::TRUNCATED);
    let attributes = part(&run, Part::Attributes).unwrap();
    assert!(attributes.contains("k00999") && !attributes.contains("k01000"));
}

#[test]
fn the_last_of_two_attributes_with_one_key_wins() {
    let twice = span_with([("a", int(1)), ("b", int(0)), ("a", int(2))]);
    let once = span_with([("b", int(0)), ("a", int(2))]);
    let (twice, once) = (step_of(twice), step_of(once));
    assert_eq!(twice.attributes, r#"{"a":2,"b":0}"#);
    assert_eq!(twice.content_hash, once.content_hash);
}

#[test]
fn an_end_before_the_start_is_a_duration_of_zero_with_a_flag() {
    let step = step_of(Span {
        end_time_unix_nano: START_NANO - 1,
        ..span("s")
    });
    assert_eq!((step.duration_us, step.flags), (Some(0), flags::CLOCK));
}

#[test]
fn a_span_without_an_end_still_runs() {
    let unfinished = Span {
        end_time_unix_nano: 0,
        ..span("s")
    };
    let step = step_of(failed(unfinished, "x"));
    assert_eq!(
        (step.duration_us, step.status, step.flags),
        (None, StepStatus::Running, 0)
    );
    assert_eq!(step.error, None);
}

#[test]
fn a_start_in_1970_is_kept_as_it_was_sent() {
    let step = step_of(Span {
        start_time_unix_nano: 0,
        end_time_unix_nano: 2_999,
        ..span("s")
    });
    assert_eq!(
        (step.started_at.0, step.duration_us, step.flags),
        (0, Some(2), 0)
    );
}

#[test]
fn a_remote_parent_is_flagged() {
    let of = |flags: u32, parent_span_id: Vec<u8>| Span {
        flags,
        parent_span_id,
        ..span("s")
    };
    assert_eq!(step_of(of(0x300, vec![5; 8])).flags, flags::REMOTE_PARENT);
    assert_eq!(step_of(of(0x100, vec![5; 8])).flags, 0);
    assert_eq!(step_of(of(0x200, vec![5; 8])).flags, 0);
    assert_eq!(step_of(of(0x300, vec![])).flags, 0);
}
