//! Plain OpenTelemetry: databases, HTTP, exceptions, users and sessions, services and their
//! environments.

use runwatch_core::claims::Field;
use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING, kind_rank};
use crate::normal::{Draft, Role, Sayings, Text};
use crate::span::Event;
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &[
        "db",
        "http",
        "error",
        "exception",
        "rpc",
        "server",
        "session",
        "user",
        "enduser",
    ],
    attribute: Some(attribute),
    event: Some(event),
    resource: Some(resource),
    status: Some(status),
    ..NOTHING
};

/// Value of `error.type` that says nothing (semantic conventions, `error.type`).
const OTHER: &str = "_OTHER";

/// Databases that hold vectors, so that what is asked of them is a retrieval.
const VECTOR_DATABASES: [&str; 8] = [
    "chroma",
    "lancedb",
    "milvus",
    "pinecone",
    "qdrant",
    "turbopuffer",
    "vespa",
    "weaviate",
];

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "db.system.name" | "db.system" => {
            let vectors = value
                .as_str()
                .is_some_and(|name| VECTOR_DATABASES.contains(&name));
            let kind = if vectors {
                StepKind::Retrieval
            } else {
                StepKind::Db
            };
            draft.kind(kind_rank(13, 1), kind);
            Role::Filterable
        }
        "db.vector.query.top_k" => {
            draft.kind(kind_rank(13, 0), StepKind::Retrieval);
            Role::Filterable
        }
        "http.request.method" | "http.method" => {
            draft.kind(kind_rank(13, 2), StepKind::Http);
            Role::Filterable
        }
        "error.type" if value.as_str() == Some(OTHER) => Role::Kept,
        "error.type" => {
            if value.integer().is_some() {
                draft.text(Text::ErrorCode, 4, value);
            }
            draft.text(Text::ErrorKind, 1, value)
        }
        "exception.type" => draft.text(Text::ErrorKind, 3, value),
        "exception.message" => draft.text(Text::ErrorMessage, 3, value),
        "exception.stacktrace" => {
            draft.stack = draft.stack.or(value.as_str());
            Role::Kept
        }
        "rpc.response.status_code" => draft.text(Text::ErrorCode, 1, value),
        "http.response.status_code" => draft.text(Text::ErrorCode, 2, value),
        "http.status_code" => draft.text(Text::ErrorCode, 3, value),
        "server.address" | "server.port" => Role::Kept,
        "session.id" => draft.sayings.field(Field::SessionId, 2, value),
        "user.id" => draft.sayings.field(Field::UserId, 2, value),
        "enduser.id" => draft.sayings.field(Field::UserId, 3, value),
        _ => Role::Unknown,
    }
}

fn status<'s>(message: &'s str, draft: &mut Draft<'s>) {
    draft.set_text(Text::ErrorMessage, 1, message.into());
}

fn event<'s>(event: &'s Event<'s>, draft: &mut Draft<'s>) {
    if event.name == "exception" {
        exception(event, draft);
    }
}

/// Reads an exception; the events have to come last first, since the last exception tells why.
pub(super) fn exception<'s>(event: &'s Event<'s>, draft: &mut Draft<'s>) {
    for attribute in &event.attributes {
        match attribute.key.as_ref() {
            "exception.type" => {
                draft.text(Text::ErrorKind, 2, &attribute.value);
            }
            "exception.message" => {
                draft.text(Text::ErrorMessage, 2, &attribute.value);
            }
            "exception.stacktrace" if draft.stack.is_none() => {
                draft.stack = attribute.value.as_str();
            }
            _ => {}
        }
    }
}

fn resource<'s>(key: &'s str, value: &'s Value<'s>, sayings: &mut Sayings<'s>) {
    match key {
        "service.name" => {
            sayings.field(Field::ServiceName, 1, value);
        }
        "service.version" => {
            sayings.field(Field::AgentVersion, 4, value);
            sayings.field(Field::Release, 2, value);
        }
        "vcs.repository.ref.revision" => {
            sayings.field(Field::Release, 3, value);
        }
        "deployment.environment.name" => {
            sayings.field(Field::Environment, 2, value);
        }
        "deployment.environment" => {
            sayings.field(Field::Environment, 3, value);
        }
        _ => {}
    }
}
