//! The same export in both formats is the same thing.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use runwatch_core::claims::Field;
use runwatch_core::payload::{Owner, Part};
use runwatch_core::step::{StepKind, StepStatus};

use super::builders::*;
use crate::{Decoded, Format, decode_traces};

/// A span that uses every field of the protocol and every type of value.
fn full_span() -> Span {
    let value = |value| AnyValue { value: Some(value) };
    let list = ArrayValue {
        values: vec![text("a"), int(-1), AnyValue::default()],
    };
    let map = KeyValueList {
        values: key_values([("b", double(0.5)), ("a", text("x"))]),
    };
    let attributes = key_values([
        ("z.bool", value(any_value::Value::BoolValue(true))),
        ("a.int", int(i64::MIN)),
        ("a.double", double(1.0)),
        ("a.nan", double(f64::NAN)),
        ("a.infinity", double(f64::NEG_INFINITY)),
        (
            "a.bytes",
            value(any_value::Value::BytesValue(vec![0, 1, 254, 255])),
        ),
        ("a.list", value(any_value::Value::ArrayValue(list))),
        ("a.map", value(any_value::Value::KvlistValue(map))),
        ("a.text", text("tab\t, quote\", nul\0, emoji 🦀")),
        ("gen_ai.operation.name", text("execute_tool")),
        ("gen_ai.tool.name", text("search")),
        ("gen_ai.tool.call.arguments", text(r#"{"city":"Paris"}"#)),
    ]);
    let link = Link {
        trace_id: vec![9; 16],
        span_id: vec![8; 8],
        trace_state: "l=1".into(),
        attributes: key_values([("why", text("retry"))]),
        dropped_attributes_count: 1,
        flags: 1,
    };
    Span {
        trace_state: "k=v".into(),
        parent_span_id: vec![3; 8],
        flags: 0x301,
        kind: 3,
        attributes,
        dropped_attributes_count: 2,
        events: vec![event("e", [("x", int(1))]), event("e", [])],
        dropped_events_count: 3,
        links: vec![link],
        dropped_links_count: 4,
        status: Some(Status {
            message: "boom\nmore".into(),
            code: 2,
        }),
        ..span("search the web")
    }
}

fn full_request() -> ExportTraceServiceRequest {
    let child = Span {
        span_id: vec![4; 8],
        parent_span_id: vec![2; 8],
        ..span("child")
    };
    let scope = InstrumentationScope {
        name: "lib".into(),
        version: "1.2".into(),
        attributes: key_values([("s", int(1))]),
        dropped_attributes_count: 0,
    };
    let resource = Resource {
        attributes: key_values([
            ("service.name", text("shop")),
            ("service.version", text("7")),
        ]),
        ..Resource::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope),
                spans: vec![full_span(), child],
                schema_url: "https://example.com/scope".into(),
            }],
            schema_url: "https://example.com/resource".into(),
        }],
    }
}

fn shown(decoded: &Decoded) -> String {
    format!("{decoded:#?}")
}

#[test]
fn protobuf_and_json_of_the_same_export_decode_alike() {
    let request = full_request();
    let from_protobuf = decode_protobuf(&request);
    // The encoder writes `null` for numbers that JSON lacks, where the protocol has words.
    let json = serde_json::to_string(&request).unwrap();
    let json = json.replacen(r#""doubleValue":null"#, r#""doubleValue":"NaN""#, 1);
    let json = json.replacen(r#""doubleValue":null"#, r#""doubleValue":"-Infinity""#, 1);
    let from_json = decode_json(&json);
    assert_eq!(from_protobuf.spans, 2);
    assert_eq!(shown(&from_protobuf), shown(&from_json));
}

#[test]
fn every_field_of_a_span_has_its_place() {
    let run = one_run(decode_protobuf(&full_request()));
    let step = &run.steps[0];
    assert_eq!(
        run.run_id.to_string(),
        "01010101-0101-0101-0101-010101010101"
    );
    assert_eq!(step.id.to_string(), "0202020202020202");
    assert_eq!(step.parent.unwrap().to_string(), "0303030303030303");
    assert_eq!(
        (step.kind, step.status),
        (StepKind::Tool, StepStatus::Failed)
    );
    assert_eq!(step.started_at.0, 1_700_000_000_000_000);
    assert_eq!(step.duration_us, Some(1_000_000));
    assert_eq!(
        step.error.as_ref().unwrap().message.as_deref(),
        Some("boom")
    );
    assert_eq!(part(&run, Part::Error), Some("boom\nmore"));
    insta::assert_snapshot!(format!(
        "{}\n{}\n{}\n{}\n{}\n{}",
        step.attributes,
        part(&run, Part::Attributes).unwrap(),
        part(&run, Part::Events).unwrap(),
        part(&run, Part::Links).unwrap(),
        part(&run, Part::Resource).unwrap(),
        part(&run, Part::Scope).unwrap(),
    ));
}

#[test]
fn steps_of_one_resource_share_its_payload() {
    let mut request = full_request();
    let again = request.resource_spans[0].clone();
    request.resource_spans.push(again);
    for (at, span) in request.resource_spans[1].scope_spans[0]
        .spans
        .iter_mut()
        .enumerate()
    {
        span.span_id = vec![u8::try_from(at).unwrap() + 10; 8];
    }
    let run = one_run(decode_protobuf(&request));
    for part in [Part::Resource, Part::Scope] {
        let payloads: Vec<_> = run.payloads.iter().filter(|of| of.part == part).collect();
        assert_eq!(payloads.len(), 1);
        let ids = run.steps.iter().map(|step| step.id).collect();
        assert_eq!(payloads[0].owner, Owner::Steps(ids));
    }
    assert_eq!(run.claims.get(Field::ServiceName), Some("shop"));
    assert_eq!(run.claims.get(Field::Release), Some("7"));
}

#[test]
fn traces_come_in_the_order_of_their_first_span() {
    let of = |trace: u8, id: u8| Span {
        trace_id: vec![trace; 16],
        span_id: vec![id; 8],
        ..span("s")
    };
    let decoded = decode_protobuf(&request(vec![of(9, 1), of(1, 1), of(9, 2)]));
    let steps: Vec<_> = decoded.parts.iter().map(|part| part.steps.len()).collect();
    assert_eq!((decoded.spans, steps), (3, vec![2, 1]));
    assert!(decoded.parts[0].run_id > decoded.parts[1].run_id);
}

#[test]
fn exports_without_spans_are_empty() {
    for body in [
        "",
        " \n",
        "{}",
        r#"{"resourceSpans":[]}"#,
        r#"{"resourceSpans":[{}]}"#,
    ] {
        assert_eq!(decode_json(body).spans, 0);
    }
    for body in [
        r#"{"resourceSpans":null}"#,
        r#"{"resourceSpans":[{"resource":null,"scopeSpans":[{}]}]}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"scope":null,"spans":null}],"unknown":{"a":[1]}}]}"#,
    ] {
        assert_eq!(decode_json(body).spans, 0);
    }
    assert_eq!(
        decode_traces(&[], Format::Protobuf, key()).unwrap().spans,
        0
    );
    assert_eq!(decode_protobuf(&request(Vec::new())).spans, 0);
}

#[test]
fn a_resource_behind_its_spans_is_still_theirs() {
    use prost::Message;
    let request = full_request();
    let fields = &request.resource_spans[0];
    let spans_first = ResourceSpans {
        resource: None,
        ..fields.clone()
    }
    .encode_to_vec();
    let only_resource = ResourceSpans {
        resource: fields.resource.clone(),
        ..Default::default()
    };
    let message = [spans_first, only_resource.encode_to_vec()].concat();
    let mut body = vec![1 << 3 | 2];
    prost::encoding::encode_varint(message.len() as u64, &mut body);
    body.extend(message);
    let decoded = decode_traces(&body, Format::Protobuf, key()).unwrap();
    assert_eq!(shown(&decoded), shown(&decode_protobuf(&request)));
}

#[test]
fn equal_content_hashes_alike_under_one_key_only() {
    let hash = |span: Span| step_of(span).content_hash;
    let reordered = |mut span: Span| {
        span.attributes.reverse();
        span
    };
    assert_eq!(hash(full_span()), hash(reordered(full_span())));
    assert_ne!(
        hash(full_span()),
        hash(Span {
            name: "other".into(),
            ..full_span()
        })
    );
    assert_ne!(
        hash(full_span()),
        hash(Span {
            events: Vec::new(),
            ..full_span()
        })
    );
    assert_ne!(
        hash(full_span()),
        hash(Span {
            links: Vec::new(),
            ..full_span()
        })
    );
    assert_ne!(
        hash(full_span()),
        hash(Span {
            attributes: Vec::new(),
            ..full_span()
        })
    );
}
