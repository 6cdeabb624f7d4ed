//! What most tests need: spans to send and a look at what became of them.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use runwatch_core::hash::ContentKey;
use runwatch_core::payload::{Owner, Part};
use runwatch_core::run::RunPart;
use runwatch_core::step::Step;

use crate::{Decoded, Format, decode_traces};

pub(super) const START_NANO: u64 = 1_700_000_000_000_000_000;

pub(super) fn key() -> ContentKey {
    ContentKey::new("00010203-0405-0607-0809-0a0b0c0d0e0f".parse().unwrap())
}

/// A finished span of one second without attributes.
pub(super) fn span(name: &str) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: name.to_owned(),
        start_time_unix_nano: START_NANO,
        end_time_unix_nano: START_NANO + 1_000_000_000,
        ..Span::default()
    }
}

/// A finished span with attributes.
pub(super) fn span_with<const N: usize>(attributes: [(&str, AnyValue); N]) -> Span {
    Span {
        attributes: key_values(attributes),
        ..span("span")
    }
}

pub(super) fn key_values<const N: usize>(attributes: [(&str, AnyValue); N]) -> Vec<KeyValue> {
    let key_value = |(key, value): (&str, AnyValue)| KeyValue {
        key: key.to_owned(),
        value: Some(value),
        ..KeyValue::default()
    };
    attributes.into_iter().map(key_value).collect()
}

pub(super) fn event<const N: usize>(name: &str, attributes: [(&str, AnyValue); N]) -> Event {
    let attributes = key_values(attributes);
    Event {
        name: name.to_owned(),
        attributes,
        time_unix_nano: START_NANO,
        ..Event::default()
    }
}

pub(super) fn failed(span: Span, message: &str) -> Span {
    Span {
        status: Some(Status {
            code: 2,
            message: message.to_owned(),
        }),
        ..span
    }
}

pub(super) fn text(text: &str) -> AnyValue {
    AnyValue {
        value: Some(any_value::Value::StringValue(text.to_owned())),
    }
}

pub(super) fn int(number: i64) -> AnyValue {
    AnyValue {
        value: Some(any_value::Value::IntValue(number)),
    }
}

pub(super) fn double(number: f64) -> AnyValue {
    AnyValue {
        value: Some(any_value::Value::DoubleValue(number)),
    }
}

pub(super) fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    let resource = Some(Resource::default());
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        resource,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }
}

/// A JSON body with these spans, given as JSON text.
pub(super) fn json_body(spans: &str) -> String {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#)
}

/// A JSON span with these further fields, given as JSON text.
pub(super) fn json_span(fields: &str) -> String {
    let ids = r#""traceId":"01010101010101010101010101010101","spanId":"0202020202020202""#;
    format!(
        r#"{{{ids},"endTimeUnixNano":"1"{}{fields}}}"#,
        if fields.is_empty() { "" } else { "," }
    )
}

pub(super) fn decode_protobuf(request: &ExportTraceServiceRequest) -> Decoded {
    decode_traces(&request.encode_to_vec(), Format::Protobuf, key()).unwrap()
}

pub(super) fn decode_json(body: &str) -> Decoded {
    decode_traces(body.as_bytes(), Format::Json, key()).unwrap()
}

/// The run of a body that holds spans of one trace and has nothing to refuse.
pub(super) fn one_run(mut decoded: Decoded) -> RunPart {
    assert_eq!(decoded.rejected, []);
    assert_eq!(decoded.parts.len(), 1);
    decoded.parts.remove(0)
}

pub(super) fn run_of(spans: Vec<Span>) -> RunPart {
    one_run(decode_protobuf(&request(spans)))
}

/// The step that a span becomes.
pub(super) fn step_of(span: Span) -> Step {
    run_of(vec![span]).steps.remove(0)
}

/// The body of a part of the run's first step.
pub(super) fn part(run: &RunPart, part: Part) -> Option<&str> {
    let id = run.steps.first()?.id;
    let is_its = |owner: &Owner| matches!(owner, Owner::Steps(steps) if steps.contains(&id));
    let payload = run
        .payloads
        .iter()
        .find(|payload| payload.part == part && is_its(&payload.owner));
    payload.map(|payload| payload.body.as_str())
}

/// The body of a part of the step that a span becomes.
pub(super) fn part_of(span: Span, of: Part) -> Option<String> {
    part(&run_of(vec![span]), of).map(str::to_owned)
}
