//! Runs as OTLP trace exports in protobuf, as an instrumented agent's collector sends them.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use serde_json::Value;

use crate::shape::{Kind, Run, Step};
use crate::template::{PLACEHOLDER_RUN, placeholder_end, placeholder_start, placeholder_step};

/// `STATUS_CODE_OK` and `STATUS_CODE_ERROR` of the protocol.
const OK: i32 = 1;
const ERROR: i32 = 2;
/// `SPAN_KIND_INTERNAL` and `SPAN_KIND_CLIENT` of the protocol.
const INTERNAL: i32 = 1;
const CLIENT: i32 = 3;

/// A request with one run. Requests of protobuf can be joined end to end, which makes one request
/// with all their runs.
pub(crate) fn render(run: &Run) -> Vec<u8> {
    let resource = [
        ("service.name", Value::from(run.agent)),
        ("service.version", Value::from("2.3.1")),
        ("deployment.environment.name", Value::from(run.environment)),
        ("telemetry.sdk.language", Value::from("python")),
        ("telemetry.sdk.name", Value::from("opentelemetry")),
        ("telemetry.sdk.version", Value::from("1.38.0")),
        ("host.name", Value::from("agents-7d9f6c5b84-x2k4p")),
    ];
    let scope = InstrumentationScope {
        name: "opentelemetry.instrumentation.agents".to_owned(),
        version: "0.58b0".to_owned(),
        ..InstrumentationScope::default()
    };
    let spans = run
        .steps
        .iter()
        .enumerate()
        .map(|(place, step)| span(place, step));
    let scope_spans = ScopeSpans {
        scope: Some(scope),
        spans: spans.collect(),
        ..ScopeSpans::default()
    };
    let resource_spans = ResourceSpans {
        resource: Some(Resource {
            attributes: resource
                .iter()
                .map(|(key, value)| attribute(key, value))
                .collect(),
            ..Resource::default()
        }),
        scope_spans: vec![scope_spans],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![resource_spans],
    }
    .encode_to_vec()
}

fn span(place: usize, step: &Step) -> Span {
    let (input, output) = match step.kind {
        Kind::Tool { .. } => ("gen_ai.tool.call.arguments", "gen_ai.tool.call.result"),
        Kind::Agent | Kind::Model { .. } => ("gen_ai.input.messages", "gen_ai.output.messages"),
    };
    // The conventions' structured values travel as JSON text.
    let bodies = [
        (input, Value::from(step.input.to_string())),
        (output, Value::from(step.output.to_string())),
    ];
    let error = step
        .error
        .as_ref()
        .map(|(kind, _)| ("error.type", Value::from(*kind)));
    let told = step.attributes.iter().chain(&bodies).chain(&error);
    let message = step.error.as_ref().map(|(_, message)| message.clone());
    let time = |time: runwatch_core::time::Timestamp| {
        u64::try_from(time.0 * 1_000).expect("placeholders lie after 1970")
    };
    Span {
        trace_id: PLACEHOLDER_RUN.as_bytes().to_vec(),
        span_id: placeholder_step(place).to_be_bytes().to_vec(),
        parent_span_id: match place {
            0 => Vec::new(),
            _ => placeholder_step(0).to_be_bytes().to_vec(),
        },
        name: step.name.clone(),
        kind: if matches!(step.kind, Kind::Model { .. }) {
            CLIENT
        } else {
            INTERNAL
        },
        start_time_unix_nano: time(placeholder_start(place)),
        end_time_unix_nano: time(placeholder_end(place)),
        attributes: told.map(|(key, value)| attribute(key, value)).collect(),
        status: Some(Status {
            code: if message.is_some() { ERROR } else { OK },
            message: message.unwrap_or_default(),
        }),
        ..Span::default()
    }
}

fn attribute(key: &str, value: &Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(any(value)),
        ..KeyValue::default()
    }
}

fn any(value: &Value) -> AnyValue {
    let value = match value {
        Value::String(text) => Any::StringValue(text.clone()),
        Value::Bool(truth) => Any::BoolValue(*truth),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Any::IntValue(whole),
            None => Any::DoubleValue(number.as_f64().unwrap_or_default()),
        },
        Value::Array(items) => Any::ArrayValue(ArrayValue {
            values: items.iter().map(any).collect(),
        }),
        Value::Null | Value::Object(_) => return AnyValue { value: None },
    };
    AnyValue { value: Some(value) }
}
