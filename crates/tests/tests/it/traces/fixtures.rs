//! Bodies that real SDKs sent, sent again: nothing that they carry is lost on the way through.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use runwatch_tests::actor::{JSON, PROTOBUF};
use runwatch_tests::app::with_app;
use runwatch_tests::json_leaves;
use serde_json::Value;
use uuid::Uuid;

/// The files with bodies of traces.
fn recorded() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/otlp");
    let files = fs::read_dir(folder).expect("the folder is there");
    let files = files.map(|file| file.expect("the folder can be read").path());
    let is_of_traces = |path: &PathBuf| path.to_string_lossy().ends_with("_v1_traces.body");
    let mut paths: Vec<PathBuf> = files.filter(is_of_traces).collect();
    paths.sort();
    assert!(paths.len() > 30, "they are there: {paths:?}");
    paths
}

/// A recorded body without its compression, its content type, and what it says.
fn fixture(path: &Path) -> (Vec<u8>, &'static str, ExportTraceServiceRequest) {
    let mut body = fs::read(path).expect("the body is there");
    if body.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        let read = GzDecoder::new(&*body).read_to_end(&mut plain);
        read.expect("it is gzip");
        body = plain;
    }
    if body.starts_with(b"{") {
        let export = serde_json::from_slice(&body).expect("it is an export");
        (body, JSON, export)
    } else {
        let export = Message::decode(&*body).expect("it is an export");
        (body, PROTOBUF, export)
    }
}

#[test]
fn every_value_of_every_recorded_span_is_read_back() {
    with_app(async |app| {
        let mut lost = Vec::new();
        for path in recorded() {
            let name = path.file_name().unwrap().to_string_lossy();
            let (body, kind, export) = fixture(&path);
            let answer = app.agent().post("/v1/traces", kind, body).await.expect(200);
            let said = answer.text();
            assert!(matches!(&*said, "" | "{}"), "{name}: {said}");
            assert!(spans_of(&export).next().is_some(), "{name}");
            for (resource, scope, span) in spans_of(&export) {
                let run = Uuid::from_slice(&span.trace_id).unwrap().to_string();
                let id: String = span
                    .span_id
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                let step = app.analyst().step(&run, &id).await.expect(200).json();
                let found: BTreeSet<String> = json_leaves::leaves(&step).into_iter().collect();
                let sent = sent(resource, scope, span).into_iter();
                let missing = sent.filter(|value| !is_in(&found, value));
                lost.extend(missing.map(|value| format!("{name} {}: {value:?}", span.name)));
            }
        }
        assert!(lost.is_empty(), "{}", lost.join("\n"));
    });
}

fn spans_of(
    export: &ExportTraceServiceRequest,
) -> impl Iterator<Item = (&ResourceSpans, &ScopeSpans, &Span)> {
    export.resource_spans.iter().flat_map(|resource| {
        resource
            .scope_spans
            .iter()
            .flat_map(move |scope| scope.spans.iter().map(move |span| (resource, scope, span)))
    })
}

/// Every value that was sent with a span, as text.
fn sent(resource: &ResourceSpans, scope: &ScopeSpans, span: &Span) -> Vec<String> {
    let mut all = vec![span.name.clone()];
    attributes(&span.attributes, &mut all);
    attributes(
        resource
            .resource
            .iter()
            .flat_map(|resource| &resource.attributes),
        &mut all,
    );
    for event in &span.events {
        all.push(event.name.clone());
        attributes(&event.attributes, &mut all);
    }
    all.extend(span.status.iter().map(|status| status.message.clone()));
    all.extend(
        scope
            .scope
            .iter()
            .flat_map(|scope| [scope.name.clone(), scope.version.clone()]),
    );
    all.retain(|value| !value.is_empty());
    all
}

fn attributes<'a>(attributes: impl IntoIterator<Item = &'a KeyValue>, out: &mut Vec<String>) {
    for value in attributes
        .into_iter()
        .filter_map(|attribute| attribute.value.as_ref())
    {
        leaves(value, out);
    }
}

fn leaves(value: &AnyValue, out: &mut Vec<String>) {
    match &value.value {
        None => {}
        Some(any_value::Value::StringValue(text)) => {
            out.extend(json_leaves::leaves(&Value::from(text.as_str())));
        }
        Some(any_value::Value::BoolValue(flag)) => out.push(flag.to_string()),
        Some(any_value::Value::IntValue(number)) => out.push(number.to_string()),
        Some(any_value::Value::DoubleValue(number)) => out.push(Value::from(*number).to_string()),
        Some(any_value::Value::ArrayValue(list)) => {
            list.values.iter().for_each(|value| leaves(value, out));
        }
        Some(any_value::Value::KvlistValue(map)) => attributes(&map.values, out),
        Some(other) => panic!("no recorded body holds {other:?}"),
    }
}

/// A long text may be part of a larger one, such as an error's message before its stack, and
/// seconds are kept as whole microseconds.
fn is_in(found: &BTreeSet<String>, value: &str) -> bool {
    let is_part = || value.len() > 100 && found.iter().any(|text| text.contains(value));
    let is_seconds = || {
        let seconds = value.parse::<f64>();
        seconds.is_ok_and(|seconds| found.contains(&format!("{:.0}", seconds * 1e6)))
    };
    found.contains(value) || is_part() || is_seconds()
}
