//! The parts of a step that are kept as they were sent: its events and links, the resource that
//! sent it and the instrumentation that made it.

use std::borrow::Cow;

use runwatch_core::attributes::shortened;
use runwatch_core::ids::{RunId, StepId};
use runwatch_core::json::push_string;
use runwatch_core::time::Timestamp;

use crate::span::{Event, Link, Resource, Scope, WireId};
use crate::value::{Attribute, Value, write_object};

/// Key under which a dropped count or a schema is kept beside attributes that were sent.
pub(crate) const DROPPED_ATTRIBUTES: &str = "otel.dropped_attributes_count";
const SCHEMA_URL: &str = "otel.schema_url";

/// JSON array of events, `[{"name", "time", "attributes"}]`, and whether a value in it was cut.
pub(crate) fn events(events: &[Event<'_>]) -> (String, bool) {
    array(events, |event, out| {
        out.push_str("{\"name\":");
        push_string(out, &event.name);
        out.push_str(",\"time\":");
        push_string(out, &rfc3339(event.time_unix_nano));
        out.push_str(",\"attributes\":");
        let was_cut = attributes(&event.attributes, out);
        push_count(
            out,
            "dropped_attributes_count",
            event.dropped_attributes_count,
        );
        out.push('}');
        was_cut
    })
}

/// JSON array of links, `[{"run_id", "step_id", "attributes"}]`, and whether a value in it was cut.
pub(crate) fn links(links: &[Link<'_>]) -> (String, bool) {
    array(links, |link, out| {
        out.push_str("{\"run_id\":");
        push_string(
            out,
            &shown(
                link.trace_id,
                link.trace_id.run().as_ref().map(RunId::to_string),
            ),
        );
        out.push_str(",\"step_id\":");
        push_string(
            out,
            &shown(
                link.span_id,
                link.span_id.step().as_ref().map(StepId::to_string),
            ),
        );
        if !link.trace_state.is_empty() {
            out.push_str(",\"trace_state\":");
            push_string(out, &link.trace_state);
        }
        push_count(out, "flags", link.flags);
        push_count(
            out,
            "dropped_attributes_count",
            link.dropped_attributes_count,
        );
        out.push_str(",\"attributes\":");
        let was_cut = attributes(&link.attributes, out);
        out.push('}');
        was_cut
    })
}

/// JSON object of a resource's attributes; empty if there are none.
pub(crate) fn resource(resource: &Resource<'_>) -> String {
    let mut sent = resource.attributes.clone();
    if !resource.schema_url.is_empty() {
        sent.push(attribute(
            SCHEMA_URL,
            Value::Str(resource.schema_url.clone()),
        ));
    }
    if resource.dropped_attributes_count > 0 {
        let count = Value::Int(i64::from(resource.dropped_attributes_count));
        sent.push(attribute(DROPPED_ATTRIBUTES, count));
    }
    let mut out = String::new();
    if !sent.is_empty() {
        attributes(&sent, &mut out);
    }
    out
}

/// JSON object `{"name", "version", "attributes"}`; empty if nothing was said.
pub(crate) fn scope(scope: &Scope<'_>) -> String {
    let mut out = String::new();
    if *scope == Scope::default() {
        return out;
    }
    out.push_str("{\"name\":");
    push_string(&mut out, &scope.name);
    for (key, text) in [
        ("version", &scope.version),
        ("schema_url", &scope.schema_url),
    ] {
        if !text.is_empty() {
            out.push(',');
            push_string(&mut out, key);
            out.push(':');
            push_string(&mut out, text);
        }
    }
    push_count(
        &mut out,
        "dropped_attributes_count",
        scope.dropped_attributes_count,
    );
    if !scope.attributes.is_empty() {
        out.push_str(",\"attributes\":");
        attributes(&scope.attributes, &mut out);
    }
    out.push('}');
    out
}

/// The moment in RFC 3339, with the nanoseconds below a microsecond where there are any.
pub(crate) fn rfc3339(unix_nano: u64) -> String {
    let mut text = timestamp(unix_nano).to_rfc3339();
    let nanos = unix_nano % 1_000;
    if nanos > 0 && text.ends_with('Z') {
        text.truncate(text.len() - 1);
        text.push_str(&format!("{nanos:03}Z"));
    }
    text
}

/// The moment in microseconds, cut and not rounded.
pub(crate) fn timestamp(unix_nano: u64) -> Timestamp {
    Timestamp(i64::try_from(unix_nano / 1_000).expect("u64::MAX / 1000 is below i64::MAX"))
}

/// Appends attributes as a JSON object, each value cut at the limit; tells whether one was.
fn attributes(attributes: &[Attribute<'_>], out: &mut String) -> bool {
    let mut was_cut = false;
    write_object(attributes, out, |value, out| {
        let start = out.len();
        value.write_json(out);
        if let Some(Cow::Owned(cut)) = out.get(start..).map(shortened) {
            out.truncate(start);
            out.push_str(&cut);
            was_cut = true;
        }
    });
    was_cut
}

fn attribute<'a>(key: &'static str, value: Value<'a>) -> Attribute<'a> {
    Attribute {
        key: key.into(),
        value,
    }
}

fn shown(sent: WireId, valid: Option<String>) -> String {
    valid.unwrap_or_else(|| sent.to_string())
}

fn push_count(out: &mut String, key: &str, count: u32) {
    if count > 0 {
        out.push_str(&format!(",\"{key}\":{count}"));
    }
}

fn array<T>(items: &[T], write: impl Fn(&T, &mut String) -> bool) -> (String, bool) {
    let (mut out, mut was_cut) = (String::new(), false);
    for item in items {
        out.push(if out.is_empty() { '[' } else { ',' });
        was_cut |= write(item, &mut out);
    }
    if !out.is_empty() {
        out.push(']');
    }
    (out, was_cut)
}
