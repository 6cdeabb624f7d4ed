//! Exports in JSON. The body is read down to the text of each span, and each span by itself, so
//! that a bad one is rejected alone.
//!
//! More is understood than the protocol asks for, since real senders need it: `null` for anything
//! that may be absent, numbers as text and the reverse, and what Python and JavaScript write but
//! JSON forbids (see [`runwatch_core::json::sanitize`]).

mod scalar;
mod span;
mod value;

use runwatch_core::json::{Change, Loss, sanitize_with_changes};
use runwatch_core::step::flags;
use serde::Deserialize;
use serde_json::value::RawValue;

use self::scalar::{Number, Text, nullable};
use self::value::JsonAttribute;
use crate::DecodeError;
use crate::assembly::Assembly;
use crate::span::{Refusal, Resource, Scope};
use crate::value::Attribute;

/// What the errors say of values that are nested more deeply than the limit.
const NESTED_TOO_DEEPLY: &str = "nested too deeply";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export<'a> {
    #[serde(default, borrow, deserialize_with = "nullable")]
    resource_spans: Vec<ResourceSpans<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ResourceSpans<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    resource: JsonResource<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    scope_spans: Vec<ScopeSpans<'a>>,
    #[serde(borrow, deserialize_with = "nullable")]
    schema_url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct JsonResource<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    attributes: Vec<JsonAttribute<'a>>,
    #[serde(deserialize_with = "nullable")]
    dropped_attributes_count: Number,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ScopeSpans<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    scope: JsonScope<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    spans: Vec<&'a RawValue>,
    #[serde(borrow, deserialize_with = "nullable")]
    schema_url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct JsonScope<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    name: Text<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    version: Text<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    attributes: Vec<JsonAttribute<'a>>,
    #[serde(deserialize_with = "nullable")]
    dropped_attributes_count: Number,
}

/// Walks a body. What is garbled outside spans fails it; a garbled span is only rejected.
pub(crate) fn walk(body: &[u8], assembly: &mut Assembly) -> Result<(), DecodeError> {
    let text = std::str::from_utf8(body);
    let text = text.map_err(|error| DecodeError::Malformed(error.to_string()))?;
    // Only an object has named fields: a list would be taken for its fields in their order.
    match text.trim_ascii_start().as_bytes() {
        [] => return Ok(()),
        [b'{', ..] => {}
        _ => return Err(DecodeError::Malformed("it is not a JSON object".to_owned())),
    }
    match serde_json::from_str(text) {
        Ok(export) => spans(export, text, &[], assembly),
        Err(error) => {
            let (text, changes) = sanitize_with_changes(text);
            if changes.is_empty() {
                return Err(error.into());
            }
            spans(serde_json::from_str(&text)?, &text, &changes, assembly)
        }
    }
}

/// Hands on the spans of a body, whose text was changed at these places.
fn spans(
    export: Export<'_>,
    text: &str,
    changes: &[Change],
    assembly: &mut Assembly,
) -> Result<(), DecodeError> {
    for resource_spans in export.resource_spans {
        let resource = Resource {
            attributes: attributes(resource_spans.resource.attributes),
            dropped_attributes_count: resource_spans.resource.dropped_attributes_count.into(),
            schema_url: resource_spans.schema_url.0,
        };
        let resource = assembly.resource(&resource);
        for scope_spans in resource_spans.scope_spans {
            let scope = Scope {
                name: scope_spans.scope.name.0,
                version: scope_spans.scope.version.0,
                attributes: attributes(scope_spans.scope.attributes),
                dropped_attributes_count: scope_spans.scope.dropped_attributes_count.into(),
                schema_url: scope_spans.schema_url.0,
            };
            let origin = assembly.origin(&resource, &scope);
            for sent in scope_spans.spans {
                let losses = losses_within(sent.get(), text, changes);
                span(sent.get(), losses, |decoded| {
                    assembly.span(&origin, sent.get().as_bytes(), decoded)
                })?;
            }
        }
    }
    Ok(())
}

/// Decodes a span, if need be from its text as it should have been, and hands it on.
fn span<T>(
    sent: &str,
    losses: i16,
    take: impl FnOnce(Result<crate::span::Span<'_>, crate::span::Refused>) -> T,
) -> T {
    let error = match span::decode(sent, losses) {
        Ok(span) => return take(Ok(span)),
        Err(error) => error,
    };
    let (text, changes) = sanitize_with_changes(sent);
    if changes.is_empty() {
        return take(Err(span::refused(sent, error.into())));
    }
    let losses = losses | losses_within(&text, &text, &changes);
    take(span::decode(&text, losses).map_err(|error| span::refused(&text, error.into())))
}

/// The flags of the changes that lie in a part of a text.
fn losses_within(part: &str, text: &str, changes: &[Change]) -> i16 {
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    let first = changes.partition_point(|change| change.at < start);
    let changes = changes.get(first..).unwrap_or_default().iter();
    changes
        .take_while(|change| change.at < start + part.len())
        .fold(0, |losses, change| {
            losses
                | match change.loss {
                    Loss::Number => flags::SANITIZED | flags::NUMBER,
                    Loss::Text => flags::SANITIZED,
                }
        })
}

fn attributes(attributes: Vec<JsonAttribute<'_>>) -> Vec<Attribute<'_>> {
    attributes.into_iter().map(Attribute::from).collect()
}

fn is_nesting(error: &serde_json::Error) -> bool {
    let message = error.to_string();
    message.contains(NESTED_TOO_DEEPLY) || message.contains("recursion limit exceeded")
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        if is_nesting(&error) {
            Self::Nesting
        } else {
            Self::Malformed(error.to_string())
        }
    }
}

impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        if is_nesting(&error) {
            Self::Nesting
        } else {
            Self::Malformed(error.to_string())
        }
    }
}
