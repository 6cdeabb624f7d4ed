//! Nothing that a body carries is lost: every value of every attribute is found again.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use prost::Message;
use runwatch_core::payload::{Encoding, Owner};
use runwatch_core::run::RunPart;
use runwatch_core::step::Step;

use super::fixtures::{body, decode, names};
use crate::Format;

/// The scalars of a value as text; JSON in a string is looked into, since a body may hold it as
/// part of a larger document.
fn leaves(value: &AnyValue, out: &mut Vec<String>) {
    match &value.value {
        None => {}
        Some(any_value::Value::StringValue(text)) => {
            match serde_json::from_str::<serde_json::Value>(text) {
                Ok(json) if json.is_array() || json.is_object() => {
                    json_leaves(&json, &mut |leaf| out.push(leaf))
                }
                _ => out.push(text.clone()),
            }
        }
        Some(any_value::Value::BoolValue(flag)) => out.push(flag.to_string()),
        Some(any_value::Value::IntValue(number)) => out.push(number.to_string()),
        Some(any_value::Value::DoubleValue(number)) => {
            // As it is when it was read from JSON, whose last digit may differ.
            let json = serde_json::from_str::<serde_json::Value>(&format!("{number:?}"));
            out.push(json.unwrap().to_string())
        }
        Some(any_value::Value::ArrayValue(list)) => {
            list.values.iter().for_each(|value| leaves(value, out))
        }
        Some(any_value::Value::KvlistValue(map)) => attributes(&map.values, out),
        Some(other) => panic!("no recorded body holds {other:?}"),
    }
}

fn attributes(attributes: &[KeyValue], out: &mut Vec<String>) {
    attributes
        .iter()
        .filter_map(|attribute| attribute.value.as_ref())
        .for_each(|value| leaves(value, out));
}

fn json_leaves(json: &serde_json::Value, out: &mut impl FnMut(String)) {
    match json {
        serde_json::Value::Null => {}
        serde_json::Value::Array(list) => list.iter().for_each(|json| json_leaves(json, out)),
        serde_json::Value::Object(map) => map.values().for_each(|json| json_leaves(json, out)),
        serde_json::Value::String(text) => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(inner) if inner.is_array() || inner.is_object() => json_leaves(&inner, out),
            _ => out(text.clone()),
        },
        scalar => out(scalar.to_string()),
    }
}

/// Everything that can be read of a step: its columns and the leaves of its payloads.
fn stored(run: &RunPart, step: &Step) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let error = step.error.clone().unwrap_or_default();
    let texts = [
        &step.agent,
        &step.model,
        &step.provider,
        &step.tool,
        &error.kind,
        &error.code,
        &error.message,
    ];
    all.extend(texts.into_iter().flatten().cloned());
    all.insert(step.name.clone());
    let cost = step.reported_cost.map(|cost| cost.dollars());
    all.extend(cost.map(|dollars| serde_json::json!(dollars).to_string()));
    let usage = step.usage;
    let counts = [
        usage.input,
        usage.output,
        usage.cached,
        usage.cache_write,
        usage.reasoning,
        usage.total,
    ];
    all.extend(counts.into_iter().flatten().map(|count| count.to_string()));
    let mut add = |json: &str| {
        json_leaves(&serde_json::from_str(json).unwrap(), &mut |leaf| {
            all.insert(leaf);
        });
    };
    if !step.attributes.is_empty() {
        add(&step.attributes);
    }
    let mut bodies = Vec::new();
    for payload in &run.payloads {
        let Owner::Steps(ids) = &payload.owner else {
            continue;
        };
        match payload.encoding {
            _ if !ids.contains(&step.id) => {}
            Encoding::Json => add(&payload.body),
            Encoding::Text => bodies.push(payload.body.clone()),
        }
    }
    all.extend(bodies);
    all
}

/// A text may be part of a larger one, such as an error's message before its stack.
fn is_stored(stored: &BTreeSet<String>, value: &str) -> bool {
    stored.contains(value) || value.len() > 100 && stored.iter().any(|text| text.contains(value))
}

#[test]
fn every_value_of_every_recorded_span_is_found_again() {
    for name in names() {
        let name = name.as_str();
        let (body, format) = body(name);
        let request: ExportTraceServiceRequest = match format {
            Format::Protobuf => Message::decode(&*body).unwrap(),
            Format::Json => serde_json::from_slice(&body).unwrap(),
        };
        let decoded = decode(name);
        let mut checked = 0;
        for resource_spans in &request.resource_spans {
            for scope_spans in &resource_spans.scope_spans {
                for span in &scope_spans.spans {
                    let run = decoded
                        .parts
                        .iter()
                        .find(|run| run.run_id.0.as_bytes()[..] == span.trace_id);
                    let run = run.unwrap();
                    let step = run
                        .steps
                        .iter()
                        .find(|step| step.id.as_bytes() == span.span_id)
                        .unwrap();
                    let stored = stored(run, step);
                    let mut sent = vec![span.name.clone()];
                    attributes(&span.attributes, &mut sent);
                    attributes(
                        &resource_spans.resource.as_ref().unwrap().attributes,
                        &mut sent,
                    );
                    span.events
                        .iter()
                        .for_each(|event| attributes(&event.attributes, &mut sent));
                    if let Some(status) = span
                        .status
                        .as_ref()
                        .filter(|status| !status.message.is_empty())
                    {
                        sent.push(status.message.clone());
                    }
                    sent.extend(scope_spans.scope.as_ref().map(|scope| scope.name.clone()));
                    for value in sent {
                        assert!(
                            is_stored(&stored, &value),
                            "{name} {}: lost {value:?}",
                            step.name
                        );
                        checked += 1;
                    }
                }
            }
        }
        assert!(checked > 10, "{name}");
    }
}
