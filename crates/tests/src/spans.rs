//! OTLP exports to send, built with OpenTelemetry's own types.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

/// An export of these spans by one service.
pub fn export(service: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource = Resource {
        attributes: vec![attribute("service.name", text(service))],
        ..Resource::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        resource: Some(resource),
        scope_spans,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }
}

/// A span without attributes, from and to these times in microseconds since 1970.
pub fn span(trace: [u8; 16], id: u64, name: &str, (start_us, end_us): (i64, i64)) -> Span {
    Span {
        trace_id: trace.to_vec(),
        span_id: id.to_be_bytes().to_vec(),
        name: name.to_owned(),
        start_time_unix_nano: start_us.cast_unsigned() * 1_000,
        end_time_unix_nano: end_us.cast_unsigned() * 1_000,
        ..Span::default()
    }
}

/// The status of a span that failed.
pub fn failed(message: &str) -> Status {
    Status {
        code: 2,
        message: message.to_owned(),
    }
}

/// An attribute.
pub fn attribute(key: &str, value: AnyValue) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(value),
        ..KeyValue::default()
    }
}

/// A text.
pub fn text(text: &str) -> AnyValue {
    AnyValue {
        value: Some(any_value::Value::StringValue(text.to_owned())),
    }
}

/// An integer.
pub fn int(number: i64) -> AnyValue {
    AnyValue {
        value: Some(any_value::Value::IntValue(number)),
    }
}

/// A list of texts.
pub fn texts(all: &[&str]) -> AnyValue {
    let values = all.iter().map(|one| text(one)).collect();
    AnyValue {
        value: Some(any_value::Value::ArrayValue(ArrayValue { values })),
    }
}
