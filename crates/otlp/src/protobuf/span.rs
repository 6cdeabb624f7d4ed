//! `Span` in protobuf.

use super::wire::{Field, Fields};
use super::{attribute, text};
use crate::span::{Event, Link, Refusal, Refused, Span, Status, WireId};

/// Decodes a span.
pub(super) fn decode(sent: &[u8]) -> Result<Span<'_>, Refusal> {
    let mut span = Span::default();
    span.attributes.reserve(16);
    for field in Fields(sent) {
        match field? {
            (1, field) => span.trace_id = id(field)?,
            (2, field) => span.span_id = id(field)?,
            (3, field) => span.trace_state = text(field)?.into(),
            (4, field) => span.parent_span_id = id(field)?,
            (5, field) => span.name = text(field)?.into(),
            (6, field) => span.kind = field.int32()?,
            (7, field) => span.start_time_unix_nano = field.fixed64()?,
            (8, field) => span.end_time_unix_nano = field.fixed64()?,
            (9, field) => span.attributes.push(attribute(field, 0)?),
            (10, field) => span.dropped_attributes_count = field.uint32()?,
            (11, field) => span.events.push(event(field)?),
            (12, field) => span.dropped_events_count = field.uint32()?,
            (13, field) => span.links.push(link(field)?),
            (14, field) => span.dropped_links_count = field.uint32()?,
            (15, field) => status(field, &mut span.status)?,
            (16, field) => span.flags = field.fixed32()?,
            _ => {}
        }
    }
    Ok(span)
}

/// A refusal with the ids, as far as they can be read.
pub(super) fn refused(sent: &[u8], why: Refusal) -> Refused {
    let id_of = |wanted: u32| {
        let mut fields = Fields(sent).flatten();
        let found = fields.find(|(number, _)| *number == wanted);
        found
            .and_then(|(_, field)| id(field).ok())
            .unwrap_or_default()
    };
    Refused {
        why,
        trace_id: id_of(1),
        span_id: id_of(2),
    }
}

fn event(field: Field<'_>) -> Result<Event<'_>, Refusal> {
    let mut event = Event::default();
    for field in Fields(field.bytes()?) {
        match field? {
            (1, field) => event.time_unix_nano = field.fixed64()?,
            (2, field) => event.name = text(field)?.into(),
            (3, field) => event.attributes.push(attribute(field, 0)?),
            (4, field) => event.dropped_attributes_count = field.uint32()?,
            _ => {}
        }
    }
    Ok(event)
}

fn link(field: Field<'_>) -> Result<Link<'_>, Refusal> {
    let mut link = Link::default();
    for field in Fields(field.bytes()?) {
        match field? {
            (1, field) => link.trace_id = id(field)?,
            (2, field) => link.span_id = id(field)?,
            (3, field) => link.trace_state = text(field)?.into(),
            (4, field) => link.attributes.push(attribute(field, 0)?),
            (5, field) => link.dropped_attributes_count = field.uint32()?,
            (6, field) => link.flags = field.fixed32()?,
            _ => {}
        }
    }
    Ok(link)
}

fn status<'a>(field: Field<'a>, status: &mut Status<'a>) -> Result<(), Refusal> {
    for field in Fields(field.bytes()?) {
        match field? {
            (2, field) => status.message = text(field)?.into(),
            (3, field) => status.code = field.int32()?,
            _ => {}
        }
    }
    Ok(())
}

fn id(field: Field<'_>) -> Result<WireId, Refusal> {
    Ok(WireId::from_bytes(field.bytes()?))
}
