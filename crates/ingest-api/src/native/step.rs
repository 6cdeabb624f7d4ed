//! Steps in the normal form.

use runwatch_core::attributes::{Splitter, shortened};
use runwatch_core::hash::ContentHasher;
use runwatch_core::ids::{RunId, StepId};
use runwatch_core::json::UniqueMap;
use runwatch_core::limits::{ATTRIBUTE_KEY_BYTES_MAX, FIELD_BYTES_MAX, TOKENS_PER_STEP_MAX};
use runwatch_core::money::NanoUsd;
use runwatch_core::payload::{Encoding, Owner, Part, Payload};
use runwatch_core::step::{Step, StepError, StepKind, StepStatus, flags};
use runwatch_core::text::first_line;
use runwatch_core::time::Timestamp;
use runwatch_core::usage::TokenUsage;
use runwatch_otlp::visibility;

use crate::native::ItemError;
use crate::native::json::{ErrorJson, StepJson, UsageJson};
use crate::native::part::{parse_id, parse_time};
use crate::prepare::Context;

/// Where a step stands: in which run, at which position, and when that run ended.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) run: RunId,
    /// Position in its run; none if the step was told by itself and needs an id of its own.
    pub(super) position: Option<usize>,
    pub(super) run_ended_at: Option<Timestamp>,
    pub(super) sanitized: bool,
}

/// A step and its payloads.
pub(super) fn step(
    context: Context<'_>,
    place: Place,
    json: &StepJson<'_>,
) -> Result<(Step, Vec<Payload>), ItemError> {
    let id = id(context, place, json)?;
    let kind = kind(json.kind.as_deref())?;
    let times = Times::of(context, place, json)?;
    let mut step = Step {
        id,
        parent: parse_id(json.parent_id.as_deref(), "parent_id")?,
        kind,
        status: times.status,
        flags: flags::TOLD | if place.sanitized { flags::SANITIZED } else { 0 },
        started_at: times.started_at,
        duration_us: times.duration_us,
        name: json.name.as_deref().unwrap_or(kind.name()).to_owned(),
        agent: json.agent.as_deref().map(str::to_owned),
        model: json.model.as_deref().map(str::to_owned),
        provider: json.provider.as_deref().map(str::to_owned),
        tool: None,
        args_hash: None,
        usage: usage(json.usage.unwrap_or_default())?,
        cost: None,
        reported_cost: cost(json.cost_usd)?,
        price_version: None,
        first_token_us: None,
        error: json.error.as_ref().map(error),
        seq: json.seq,
        capability: json.capability.as_deref().map(str::to_owned),
        attributes: String::new(),
        content_hash: content_hash(context, id, json),
    };
    if kind == StepKind::Tool {
        step.tool = Some(step.name.clone());
        step.args_hash = json
            .input
            .map(|input| ContentHasher::new(context.key).text(input.get()).finish64());
    }
    let payloads = payloads(&mut step, json)?;
    Ok((step, payloads))
}

fn id(context: Context<'_>, place: Place, json: &StepJson<'_>) -> Result<StepId, ItemError> {
    if let Some(id) = parse_id(json.step_id.as_deref(), "step_id")? {
        return Ok(id);
    }
    let Some(position) = place.position else {
        let message =
            "A step that is told by itself needs a step_id, so that sending it again is safe.";
        return Err(ItemError::new("missing_id", "step_id", message));
    };
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    let mut hasher = ContentHasher::new(context.key);
    let hash = hasher
        .bytes(place.run.0.as_bytes())
        .number(position)
        .finish64();
    Ok(StepId::from_number(hash.cast_unsigned()))
}

fn kind(name: Option<&str>) -> Result<StepKind, ItemError> {
    let Some(name) = name else {
        return Ok(StepKind::Other);
    };
    StepKind::from_name(name).ok_or_else(|| {
        let names = StepKind::ALL.map(StepKind::name).join(", ");
        ItemError::invalid("kind", format!("Not a kind of step; there are {names}."))
    })
}

/// A step's status and times, as they were told or by default.
struct Times {
    status: StepStatus,
    started_at: Timestamp,
    duration_us: Option<i64>,
}

impl Times {
    fn of(context: Context<'_>, place: Place, json: &StepJson<'_>) -> Result<Self, ItemError> {
        let started = parse_time(json.started_at.as_deref(), "started_at")?;
        let ended = parse_time(json.ended_at.as_deref(), "ended_at")?;
        let status = match json.status.as_deref() {
            Some("running") => StepStatus::Running,
            Some("succeeded") => StepStatus::Succeeded,
            Some("failed") => StepStatus::Failed,
            Some("cancelled") => StepStatus::Cancelled,
            Some(_) => {
                let message =
                    "Not a status of a step; there are running, succeeded, failed, cancelled.";
                return Err(ItemError::invalid("status", message));
            }
            None if json.error.is_some() => StepStatus::Failed,
            None if started.is_some() && ended.is_none() => StepStatus::Running,
            None => StepStatus::Succeeded,
        };
        if status == StepStatus::Running {
            let started_at = started.unwrap_or(context.received_at);
            return Ok(Self {
                status,
                started_at,
                duration_us: None,
            });
        }
        let now = place.run_ended_at.unwrap_or(context.received_at);
        let ended_at = ended.unwrap_or(now);
        let started_at = started.unwrap_or(ended_at);
        if ended.is_some_and(|ended| ended < started_at) {
            return Err(ItemError::invalid(
                "ended_at",
                "It ended before it started.",
            ));
        }
        let duration_us = ended_at.0.saturating_sub(started_at.0).max(0);
        Ok(Self {
            status,
            started_at,
            duration_us: Some(duration_us),
        })
    }
}

fn usage(json: UsageJson) -> Result<TokenUsage, ItemError> {
    let count = |tokens: Option<i64>, field: &str| match tokens {
        None => Ok(None),
        Some(tokens) => i32::try_from(tokens)
            .ok()
            .filter(|tokens| *tokens >= 0)
            .map(Some)
            .ok_or_else(|| {
                let message = format!("Not a number of tokens from 0 to {TOKENS_PER_STEP_MAX}.");
                ItemError::new("out_of_range", format!("usage.{field}"), message)
            }),
    };
    let usage = TokenUsage {
        input: count(json.input_tokens, "input_tokens")?,
        output: count(json.output_tokens, "output_tokens")?,
        cached: count(json.cached_input_tokens, "cached_input_tokens")?,
        cache_write: count(json.cache_write_input_tokens, "cache_write_input_tokens")?,
        reasoning: count(json.reasoning_tokens, "reasoning_tokens")?,
        total: count(json.total_tokens, "total_tokens")?,
    };
    Ok(usage.normalized())
}

fn cost(dollars: Option<f64>) -> Result<Option<NanoUsd>, ItemError> {
    let Some(dollars) = dollars else {
        return Ok(None);
    };
    let out_of_range = || {
        ItemError::new(
            "out_of_range",
            "cost_usd",
            "Not an amount from 0 to 1000000 dollars.",
        )
    };
    NanoUsd::from_dollars(dollars)
        .map(Some)
        .ok_or_else(out_of_range)
}

fn error(json: &ErrorJson<'_>) -> StepError {
    let owned = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
    StepError {
        kind: owned(&json.kind),
        code: owned(&json.code),
        message: json.message.as_deref().map(first_line).map(str::to_owned),
        decided: None,
    }
}

fn payloads(step: &mut Step, json: &StepJson<'_>) -> Result<Vec<Payload>, ItemError> {
    let mut payloads = Vec::new();
    let owner = || Owner::Steps(vec![step.id]);
    for (part, value) in [(Part::Input, json.input), (Part::Output, json.output)] {
        if let Some(value) = value {
            let (body, was_cut) = body(value.get());
            step.flags |= if was_cut { flags::TRUNCATED } else { 0 };
            payloads.push(Payload {
                owner: owner(),
                part,
                encoding: Encoding::Json,
                body,
            });
        }
    }
    if let Some(error) = &json.error
        && let Some(body) = whole_error(error)
    {
        payloads.push(Payload {
            owner: owner(),
            part: Part::Error,
            encoding: Encoding::Text,
            body,
        });
    }
    if let Some(attributes) = &json.attributes {
        let mut splitter = Splitter::default();
        for (key, value) in sorted(attributes)? {
            splitter.add(key, value, visibility(key));
        }
        let split = splitter.finish();
        step.flags |= split.flags;
        step.attributes = split.filterable;
        if !split.rest.is_empty() {
            let (part, encoding) = (Part::Attributes, Encoding::Json);
            let owner = Owner::Steps(vec![step.id]);
            payloads.push(Payload {
                owner,
                part,
                encoding,
                body: split.rest,
            });
        }
    }
    Ok(payloads)
}

/// The message with all its lines and the stack, if that is more than the first line.
fn whole_error(error: &ErrorJson<'_>) -> Option<String> {
    let message = error.message.as_deref().unwrap_or_default();
    match error.stack.as_deref() {
        Some(stack) => Some(format!("{message}\n{stack}")),
        None => (first_line(message).len() < message.len()).then(|| message.to_owned()),
    }
}

/// A value as it is kept, and whether it had to be cut.
pub(super) fn body(json: &str) -> (String, bool) {
    (shortened(json).into_owned(), json.len() > FIELD_BYTES_MAX)
}

/// Attributes in the order of their keys; a key that cannot be kept is an error.
pub(super) fn sorted<'a>(
    attributes: &'a UniqueMap<'_>,
) -> Result<Vec<(&'a str, &'a str)>, ItemError> {
    let mut pairs: Vec<(&str, &str)> = attributes
        .0
        .iter()
        .map(|(key, value)| (key.as_ref(), value.get()))
        .collect();
    let bad = |key: &&str| key.len() > ATTRIBUTE_KEY_BYTES_MAX || key.contains('\0');
    if let Some(key) = pairs.iter().map(|(key, _)| *key).find(bad) {
        let message = "A key of an attribute holds NUL or is longer than 255 bytes.";
        return Err(ItemError::new(
            "invalid_key",
            format!("attributes.{}", key.escape_debug()),
            message,
        ));
    }
    pairs.sort_unstable();
    Ok(pairs)
}

/// Over all that was told, and nothing that was not: a time by default is not part of it.
fn content_hash(context: Context<'_>, id: StepId, json: &StepJson<'_>) -> i64 {
    let mut hasher = ContentHasher::new(context.key);
    hasher.bytes(id.as_bytes());
    let texts = [
        &json.parent_id,
        &json.name,
        &json.kind,
        &json.status,
        &json.started_at,
        &json.ended_at,
        &json.agent,
        &json.model,
        &json.provider,
        &json.capability,
    ];
    texts.into_iter().for_each(|text| {
        hasher.maybe(text.as_deref());
    });
    hasher.number(json.seq.map_or(i64::MIN, i64::from));
    hasher.number(
        json.cost_usd
            .map_or(i64::MIN, |cost| cost.to_bits().cast_signed()),
    );
    let usage = json.usage.unwrap_or_default();
    let counts = [
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_input_tokens,
        usage.cache_write_input_tokens,
        usage.reasoning_tokens,
        usage.total_tokens,
    ];
    counts.into_iter().for_each(|count| {
        hasher.number(count.unwrap_or(i64::MIN));
    });
    hasher.maybe(json.input.map(|input| input.get()));
    hasher.maybe(json.output.map(|output| output.get()));
    let mut attributes: Vec<(&str, &str)> = (json.attributes.iter())
        .flat_map(|all| all.0.iter().map(|(key, value)| (key.as_ref(), value.get())))
        .collect();
    attributes.sort_unstable();
    attributes.into_iter().for_each(|(key, value)| {
        hasher.text(key).text(value);
    });
    if let Some(error) = &json.error {
        for text in [&error.kind, &error.code, &error.message, &error.stack] {
            hasher.maybe(text.as_deref());
        }
    }
    hasher.finish64()
}
