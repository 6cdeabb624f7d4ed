//! Langfuse, as its SDKs send it.

use runwatch_core::claims::Field;
use runwatch_core::step::StepKind;
use runwatch_core::time::Timestamp;

use super::{Dialect, NOTHING, kind_rank, metadata, named_kind};
use crate::content::{as_json, each_entry, each_json_entry, scalar};
use crate::normal::{Body, Draft, Role, Sayings, Text, Tokens};
use crate::value::Value;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    segments: &["langfuse"],
    attribute: Some(attribute),
    resource: Some(resource),
    ..NOTHING
};

/// What an observation calls its type; `span` says nothing.
const TYPES: [(&str, StepKind); 9] = [
    ("agent", StepKind::Agent),
    ("generation", StepKind::Llm),
    ("embedding", StepKind::Embedding),
    ("tool", StepKind::Tool),
    ("retriever", StepKind::Retrieval),
    ("chain", StepKind::Chain),
    ("guardrail", StepKind::Guardrail),
    ("evaluator", StepKind::Evaluator),
    ("event", StepKind::Other),
];
/// Nanoseconds of a microsecond.
const MICROSECOND_NS: u64 = 1_000;

fn attribute<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let Some(key) = key.strip_prefix("langfuse.") else {
        return Role::Unknown;
    };
    match key.split_once('.') {
        Some(("observation", key)) => observation(key, value, draft),
        Some(("trace", key)) => trace(key, value, draft),
        _ => match key {
            "session.id" => draft.sayings.field(Field::SessionId, 1, value),
            "user.id" => draft.sayings.field(Field::UserId, 1, value),
            "environment" => draft.sayings.field(Field::Environment, 1, value),
            "release" => draft.sayings.field(Field::Release, 1, value),
            "version" => draft.sayings.field(Field::AgentVersion, 2, value),
            "tags" => draft.sayings.tags(value),
            "internal.is_app_root" => Role::Kept,
            _ => Role::Unknown,
        },
    }
}

fn observation<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "type" => {
            if let Some(kind) = named_kind(&TYPES, value) {
                draft.kind(kind_rank(1, 0), kind);
            }
            if value.as_str() == Some("tool") {
                draft.set_text(Text::Tool, 0, draft.span_name.into());
            }
            Role::Kept
        }
        "input" => draft.body(Body::Input, 0, value),
        "output" => draft.body(Body::Output, 0, value),
        "model.name" => draft.text(Text::Model, 0, value),
        "usage_details" => usage(value, draft),
        "cost_details" => cost(value, draft),
        "level" => {
            draft.failed |= value.as_str() == Some("ERROR");
            Role::Filterable
        }
        "status_message" => draft.text(Text::ErrorMessage, 0, value),
        "completion_start_time" => first_token(value, draft),
        "model.parameters" => Role::Kept,
        _ => of_run(key, metadata::LANGFUSE_OBSERVATION, value, draft),
    }
}

fn trace<'s>(key: &'s str, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    match key {
        "name" => draft.sayings.field(Field::AgentName, 5, value),
        "tags" => draft.sayings.tags(value),
        "input" => draft.sayings.body(Body::Input, value),
        "output" => draft.sayings.body(Body::Output, value),
        _ => of_run(key, metadata::LANGFUSE_TRACE, value, draft),
    }
}

/// Metadata, as an object or key by key.
fn of_run<'s>(key: &'s str, rank: u8, value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    if key == "metadata" {
        each_entry(value, |key, json| {
            draft
                .sayings
                .attribute(key.to_owned().into(), rank, json.to_owned());
        });
        return Role::Kept;
    }
    let Some(key) = key.strip_prefix("metadata.") else {
        return Role::Unknown;
    };
    // Newer versions put texts into quotes, as JSON has them.
    let json = match value.as_str() {
        Some(text) if matches!(scalar(text), Value::Str(_)) => text.to_owned(),
        _ => as_json(value),
    };
    draft.sayings.attribute(key.into(), rank, json);
    match rank {
        metadata::LANGFUSE_TRACE => Role::Kept,
        _ => Role::Filterable,
    }
}

/// Numbers of tokens by the names of their buckets. Langfuse's own buckets are disjoint, so that
/// all that begin alike are added up; those of a provider that tells its details apart include them.
#[derive(Default)]
struct Buckets {
    told: [Option<i64>; 6],
}

impl Buckets {
    fn add(&mut self, field: Tokens, count: i64) {
        let told = self.told[field as usize].get_or_insert(0);
        *told = told.saturating_add(count);
    }

    fn bucket(&mut self, name: &str, count: i64) {
        match name {
            "prompt_tokens" | "promptTokens" => self.add(Tokens::Input, count),
            "completion_tokens" | "completionTokens" => self.add(Tokens::Output, count),
            "total" | "total_tokens" | "totalTokens" => self.add(Tokens::Total, count),
            _ if name.starts_with("input") || name.starts_with("cache_") => {
                self.add(Tokens::Input, count);
            }
            _ if name.starts_with("output") => self.add(Tokens::Output, count),
            _ => {}
        }
        match name {
            "input_cached_tokens" | "input_cache_read" | "cache_read_input_tokens" => {
                self.add(Tokens::Cached, count);
            }
            "output_reasoning_tokens" | "output_reasoning" => self.add(Tokens::Reasoning, count),
            "cache_creation_input_tokens" => self.add(Tokens::CacheWrite, count),
            _ if name.starts_with("input_cache_creation") => self.add(Tokens::CacheWrite, count),
            _ => {}
        }
    }

    /// Details of a provider, which are part of what it counts beside them.
    fn details(&mut self, name: &str, json: &str) {
        each_json_entry(json, |key, json| {
            let Some(count) = scalar(json).integer() else {
                return;
            };
            match (name.split('_').next(), key) {
                (Some("prompt" | "input"), "cached_tokens" | "cache_read") => {
                    self.add(Tokens::Cached, count);
                }
                (Some("prompt" | "input"), "cache_creation") => {
                    self.add(Tokens::CacheWrite, count);
                }
                (Some("completion" | "output"), "reasoning_tokens" | "reasoning") => {
                    self.add(Tokens::Reasoning, count);
                }
                _ => {}
            }
        });
    }
}

fn usage<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let mut buckets = Buckets::default();
    each_entry(value, |name, json| match scalar(json).integer() {
        Some(count) => buckets.bucket(name, count),
        None => buckets.details(name, json),
    });
    for field in Tokens::ALL {
        if let Some(count) = buckets.told[field as usize] {
            draft.count(field, 0, Some(count));
        }
    }
    Role::Kept
}

/// The total, else the sum of all buckets.
fn cost<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let (mut total, mut sum) = (None, None);
    each_entry(value, |name, json| {
        if let Some(dollars) = scalar(json).number() {
            match name {
                "total" => total = Some(dollars),
                _ => sum = Some(sum.unwrap_or(0.0) + dollars),
            }
        }
    });
    if let Some(dollars) = total.or(sum) {
        draft.dollars(0, Some(dollars));
    }
    Role::Kept
}

fn first_token<'s>(value: &'s Value<'s>, draft: &mut Draft<'s>) -> Role {
    let at = value
        .unquoted()
        .and_then(|text| Timestamp::parse_rfc3339(&text));
    if let Some(at_us) = at.and_then(|at| u64::try_from(at.0).ok()) {
        draft.first_token_at(0, at_us.saturating_mul(MICROSECOND_NS));
    }
    Role::Kept
}

fn resource<'s>(key: &'s str, value: &'s Value<'s>, sayings: &mut Sayings<'s>) {
    match key {
        "langfuse.environment" => sayings.field(Field::Environment, 1, value),
        "langfuse.release" => sayings.field(Field::Release, 1, value),
        _ => return,
    };
}
