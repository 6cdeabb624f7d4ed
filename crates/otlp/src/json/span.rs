//! `Span` in JSON.

use serde::Deserialize;

use super::scalar::{Enum, HexId, Number, Text, UnixNano, nullable};
use super::value::JsonAttribute;
use super::{attributes, scalar};
use crate::span::{Event, Link, Refusal, Refused, Span, Status, WireId};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct JsonSpan<'a> {
    #[serde(deserialize_with = "nullable")]
    trace_id: HexId,
    #[serde(deserialize_with = "nullable")]
    span_id: HexId,
    #[serde(deserialize_with = "nullable")]
    parent_span_id: HexId,
    #[serde(borrow, deserialize_with = "nullable")]
    trace_state: Text<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    name: Text<'a>,
    #[serde(deserialize_with = "nullable")]
    kind: Enum,
    #[serde(deserialize_with = "nullable")]
    start_time_unix_nano: UnixNano,
    #[serde(deserialize_with = "nullable")]
    end_time_unix_nano: UnixNano,
    #[serde(borrow, deserialize_with = "nullable")]
    attributes: Vec<JsonAttribute<'a>>,
    #[serde(deserialize_with = "nullable")]
    dropped_attributes_count: Number,
    #[serde(borrow, deserialize_with = "nullable")]
    events: Vec<JsonEvent<'a>>,
    #[serde(deserialize_with = "nullable")]
    dropped_events_count: Number,
    #[serde(borrow, deserialize_with = "nullable")]
    links: Vec<JsonLink<'a>>,
    #[serde(deserialize_with = "nullable")]
    dropped_links_count: Number,
    #[serde(borrow, deserialize_with = "nullable")]
    status: JsonStatus<'a>,
    #[serde(deserialize_with = "nullable")]
    flags: Number,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct JsonEvent<'a> {
    #[serde(deserialize_with = "nullable")]
    time_unix_nano: UnixNano,
    #[serde(borrow, deserialize_with = "nullable")]
    name: Text<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    attributes: Vec<JsonAttribute<'a>>,
    #[serde(deserialize_with = "nullable")]
    dropped_attributes_count: Number,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct JsonLink<'a> {
    #[serde(deserialize_with = "nullable")]
    trace_id: HexId,
    #[serde(deserialize_with = "nullable")]
    span_id: HexId,
    #[serde(borrow, deserialize_with = "nullable")]
    trace_state: Text<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    attributes: Vec<JsonAttribute<'a>>,
    #[serde(deserialize_with = "nullable")]
    dropped_attributes_count: Number,
    #[serde(deserialize_with = "nullable")]
    flags: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JsonStatus<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    message: Text<'a>,
    #[serde(deserialize_with = "nullable")]
    code: Enum,
}

/// The ids of a span, whatever else is wrong with it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OnlyIds<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    trace_id: Text<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    span_id: Text<'a>,
}

/// Decodes a span whose text had to be changed with these losses.
pub(super) fn decode(text: &str, losses: i16) -> Result<Span<'_>, serde_json::Error> {
    let span: JsonSpan<'_> = serde_json::from_str(text)?;
    Ok(Span {
        trace_id: span.trace_id.0,
        span_id: span.span_id.0,
        parent_span_id: span.parent_span_id.0,
        trace_state: span.trace_state.0,
        name: span.name.0,
        kind: span.kind.0,
        start_time_unix_nano: span.start_time_unix_nano.0,
        end_time_unix_nano: span.end_time_unix_nano.0,
        attributes: attributes(span.attributes),
        dropped_attributes_count: span.dropped_attributes_count.into(),
        events: span.events.into_iter().map(event).collect(),
        dropped_events_count: span.dropped_events_count.into(),
        links: span.links.into_iter().map(link).collect(),
        dropped_links_count: span.dropped_links_count.into(),
        status: Status {
            message: span.status.message.0,
            code: span.status.code.0,
        },
        flags: span.flags.into(),
        losses,
    })
}

/// A refusal with the ids, as far as they can be read.
pub(super) fn refused(text: &str, why: Refusal) -> Refused {
    let ids: OnlyIds<'_> = serde_json::from_str(text).unwrap_or_default();
    let id = |text: &scalar::Text<'_>| WireId::from_hex(&text.0).unwrap_or_default();
    Refused {
        why,
        trace_id: id(&ids.trace_id),
        span_id: id(&ids.span_id),
    }
}

fn event(event: JsonEvent<'_>) -> Event<'_> {
    Event {
        time_unix_nano: event.time_unix_nano.0,
        name: event.name.0,
        attributes: attributes(event.attributes),
        dropped_attributes_count: event.dropped_attributes_count.into(),
    }
}

fn link(link: JsonLink<'_>) -> Link<'_> {
    Link {
        trace_id: link.trace_id.0,
        span_id: link.span_id.0,
        trace_state: link.trace_state.0,
        attributes: attributes(link.attributes),
        dropped_attributes_count: link.dropped_attributes_count.into(),
        flags: link.flags.into(),
    }
}
