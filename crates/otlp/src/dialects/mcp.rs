//! The Model Context Protocol, by OpenTelemetry's conventions.

use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank};
use crate::normal::{Body, Draft, Role};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["mcp", "jsonrpc"],
    attribute: Some(attribute),
    ..NOTHING
};

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "mcp.method.name" => {
            let kind = match value.as_str() {
                Some("tools/call") => StepKind::Tool,
                _ => StepKind::Other,
            };
            draft.kind(kind_rank(10, 0), kind);
            Role::Filterable
        }
        "mcp.resource.uri" => draft.body(Body::Input, 0, value),
        // One of a kind each, and the same for all.
        "mcp.request.id" | "jsonrpc.request.id" | "jsonrpc.protocol.version" => Role::Kept,
        _ => Role::Unknown,
    }
}
