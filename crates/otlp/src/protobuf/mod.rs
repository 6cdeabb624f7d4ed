//! Exports in protobuf: `ExportTraceServiceRequest`, by the field numbers of opentelemetry-proto
//! 1.11. Everything is borrowed from the body; fields that are not known are skipped.

mod span;
mod wire;

use runwatch_core::limits::NESTING_MAX;

use self::wire::{Field, Fields, Garbled};
use crate::DecodeError;
use crate::assembly::{Assembly, ReadResource};
use crate::span::{Refusal, Resource, Scope};
use crate::value::{Attribute, Value};

/// Walks a body. What is garbled outside spans fails it; a garbled span is only rejected.
pub(crate) fn walk(body: &[u8], assembly: &mut Assembly) -> Result<(), DecodeError> {
    for field in Fields(body) {
        let (1, field) = field? else { continue };
        resource_spans(field.bytes()?, assembly)?;
    }
    Ok(())
}

/// The resource may stand behind its spans, so it is looked for first.
fn resource_spans(message: &[u8], assembly: &mut Assembly) -> Result<(), DecodeError> {
    let mut resource = Resource::default();
    for field in Fields(message) {
        match field? {
            (1, field) => read_resource(field, &mut resource)?,
            (3, field) => resource.schema_url = text(field)?.into(),
            _ => {}
        }
    }
    let resource = assembly.resource(&resource);
    for field in Fields(message) {
        let (2, field) = field? else { continue };
        scope_spans(field.bytes()?, &resource, assembly)?;
    }
    Ok(())
}

fn scope_spans(
    message: &[u8],
    resource: &ReadResource<'_>,
    assembly: &mut Assembly,
) -> Result<(), DecodeError> {
    let mut scope = Scope::default();
    for field in Fields(message) {
        match field? {
            (1, field) => read_scope(field, &mut scope)?,
            (3, field) => scope.schema_url = text(field)?.into(),
            _ => {}
        }
    }
    let origin = assembly.origin(resource, &scope);
    for field in Fields(message) {
        let (2, field) = field? else { continue };
        let sent = field.bytes()?;
        let decoded = span::decode(sent).map_err(|why| span::refused(sent, why));
        assembly.span(&origin, sent, decoded)?;
    }
    Ok(())
}

fn read_resource<'a>(field: Field<'a>, resource: &mut Resource<'a>) -> Result<(), Refusal> {
    for field in Fields(field.bytes()?) {
        match field? {
            (1, field) => resource.attributes.push(attribute(field, 0)?),
            (2, field) => resource.dropped_attributes_count = field.uint32()?,
            _ => {}
        }
    }
    Ok(())
}

fn read_scope<'a>(field: Field<'a>, scope: &mut Scope<'a>) -> Result<(), Refusal> {
    for field in Fields(field.bytes()?) {
        match field? {
            (1, field) => scope.name = text(field)?.into(),
            (2, field) => scope.version = text(field)?.into(),
            (3, field) => scope.attributes.push(attribute(field, 0)?),
            (4, field) => scope.dropped_attributes_count = field.uint32()?,
            _ => {}
        }
    }
    Ok(())
}

/// Reads a `KeyValue` that lies `depth` values deep.
fn attribute<'a>(field: Field<'a>, depth: usize) -> Result<Attribute<'a>, Refusal> {
    let mut attribute = Attribute::default();
    for field in Fields(field.bytes()?) {
        match field? {
            (1, field) => attribute.key = text(field)?.into(),
            (2, field) => attribute.value = value(field, depth)?,
            _ => {}
        }
    }
    Ok(attribute)
}

/// Reads an `AnyValue` that lies `depth` values deep.
fn value<'a>(field: Field<'a>, depth: usize) -> Result<Value<'a>, Refusal> {
    if depth > NESTING_MAX {
        return Err(Refusal::Nesting);
    }
    let mut value = Value::Null;
    for field in Fields(field.bytes()?) {
        match field? {
            (1, field) => value = Value::Str(text(field)?.into()),
            (2, field) => value = Value::Bool(field.varint()? != 0),
            (3, field) => value = Value::Int(field.varint()?.cast_signed()),
            (4, field) => value = Value::Double(f64::from_bits(field.fixed64()?)),
            (5, field) => value = Value::Array(list(field, |entry| self::value(entry, depth + 1))?),
            (6, field) => value = Value::Map(list(field, |entry| attribute(entry, depth + 1))?),
            (7, field) => value = Value::Bytes(field.bytes()?.into()),
            _ => {}
        }
    }
    Ok(value)
}

/// Reads the field 1 that `ArrayValue` and `KeyValueList` consist of.
fn list<'a, T>(
    field: Field<'a>,
    read: impl Fn(Field<'a>) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    let mut entries = Vec::new();
    for field in Fields(field.bytes()?) {
        if let (1, field) = field? {
            entries.push(read(field)?);
        }
    }
    Ok(entries)
}

fn text(field: Field<'_>) -> Result<&str, Refusal> {
    // The error says no more than that it is not UTF-8.
    std::str::from_utf8(field.bytes()?)
        .ok()
        .ok_or(Refusal::Utf8)
}

impl From<Garbled> for Refusal {
    fn from(garbled: Garbled) -> Self {
        Self::Malformed(garbled.to_string())
    }
}

impl From<Refusal> for DecodeError {
    fn from(why: Refusal) -> Self {
        match why {
            Refusal::Nesting => Self::Nesting,
            why => Self::Malformed(why.to_string()),
        }
    }
}

impl From<Garbled> for DecodeError {
    fn from(garbled: Garbled) -> Self {
        Self::Malformed(garbled.to_string())
    }
}
