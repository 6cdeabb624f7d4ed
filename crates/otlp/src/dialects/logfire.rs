//! Logfire, Pydantic's own SDK, and its instrumentation of model clients.

use super::{Dialect, NOTHING, pydantic_ai};
use crate::content::{each_entry, each_json_entry, scalar};
use crate::normal::{Body, Draft, Role, Text, Tokens};
use crate::span::{Span, WireId};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &[
        "logfire",
        "request_data",
        "response_data",
        "events",
        "prompt",
    ],
    attribute: Some(attribute),
    ..NOTHING
};

/// What says that a span only marks the start of another one.
const SPAN_TYPE: &str = "logfire.span_type";
/// The parent of the span that is marked.
const PENDING_PARENT: &str = "logfire.pending_parent_id";

/// A marker of a start is a child of the span that it marks: it becomes that span while it runs,
/// which the finished one replaces.
pub(super) fn rewrite(span: &mut Span<'_>) {
    // Only a marker ends when it starts.
    if span.start_time_unix_nano != span.end_time_unix_nano || span.parent_span_id.is_none() {
        return;
    }
    let value = |key: &str| {
        let found = span
            .attributes
            .binary_search_by(|sent| sent.key.as_ref().cmp(key));
        span.attributes.get(found.ok()?)?.value.as_str()
    };
    if value(SPAN_TYPE) != Some("pending_span") {
        return;
    }
    let Some(parent) = value(PENDING_PARENT).and_then(WireId::from_hex) else {
        return;
    };
    span.span_id = span.parent_span_id;
    span.parent_span_id = parent;
    span.end_time_unix_nano = 0;
}

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "logfire.msg" => message(value, draft),
        "logfire.tags" => draft.sayings.tags(value),
        "logfire.json_schema" | "logfire.msg_template" | "logfire.metrics" => Role::Kept,
        _ if !draft.scope_name.starts_with("logfire") => Role::Unknown,
        "request_data" => {
            request(value, draft);
            draft.body(Body::Input, 0, value)
        }
        "response_data" => {
            response(value, draft);
            draft.body(Body::Output, 0, value)
        }
        "events" => {
            pydantic_ai::message_events(value, draft);
            Role::Kept
        }
        "prompt" => draft.body(Body::Input, 1, value),
        _ => Role::Unknown,
    }
}

/// The message names the step where the span's name is a template with holes.
fn message<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    if draft.span_name.contains('{') {
        draft.text(Text::Name, 0, value);
    }
    Role::Filterable
}

fn request<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) {
    each_entry(value, |key, json| {
        if let ("model", Some(model)) = (key, scalar(json).text()) {
            draft.set_text(Text::Model, 1, model.into_owned().into());
        }
    });
}

fn response<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) {
    each_entry(value, |key, json| {
        if key == "usage" {
            each_json_entry(json, |key, json| match (key, scalar(json).integer()) {
                ("prompt_tokens" | "input_tokens", Some(count)) => {
                    draft.count(Tokens::Input, 0, Some(count));
                }
                ("completion_tokens" | "output_tokens", Some(count)) => {
                    draft.count(Tokens::Output, 0, Some(count));
                }
                _ => {}
            });
        }
    });
}
