//! One span becomes one step and its payloads.

use runwatch_core::claims::Claims;
use runwatch_core::hash::{ContentHasher, ContentKey};
use runwatch_core::limits::ERROR_MESSAGE_BYTES_MAX;
use runwatch_core::payload::Payload;
use runwatch_core::step::{Step, StepError, StepKind, StepStatus, flags};
use runwatch_core::text;
use runwatch_core::usage::TokenUsage;

use crate::content::Content;
use crate::dialects;
use crate::explain::{Explained, Watch};
use crate::normal::{Body, Draft, Role, Text, Tokens};
use crate::payloads::{self, Bodies};
use crate::span::{Ids, Span};
use crate::surroundings::timestamp;

/// `Span.flags`: the bit that says whether the parent is remote is meant.
const HAS_IS_REMOTE: u32 = 0x100;
/// `Span.flags`: the parent lives in another process.
const IS_REMOTE: u32 = 0x200;
/// `Status.code` of success.
const STATUS_OK: i32 = 1;
/// `Status.code` of an error.
const STATUS_ERROR: i32 = 2;

/// How a span is to be translated, besides what it says itself.
pub(crate) struct Manner<'m> {
    /// Name of the instrumentation that made the span.
    pub(crate) scope_name: &'m str,
    /// Position of the span in the body, if what becomes of its attributes is to be explained.
    pub(crate) explain: Option<usize>,
    /// The project's key.
    pub(crate) key: ContentKey,
}

/// A span as the system keeps it.
#[derive(Debug)]
pub(crate) struct Translated {
    pub(crate) step: Step,
    pub(crate) payloads: Vec<Payload>,
    /// What it says to be the input and the output of its run.
    pub(crate) run_bodies: [Option<Content>; 2],
    /// What became of its attributes, if that was asked for.
    pub(crate) explained: Option<Explained>,
}

/// Translates a span, whose attributes have to be sorted, and claims what it says of its run.
pub(crate) fn translate(
    span: &Span<'_>,
    ids: Ids,
    content_hash: i64,
    manner: &Manner<'_>,
    claims: &mut Claims,
) -> Translated {
    let remote = span.flags & HAS_IS_REMOTE != 0 && span.flags & IS_REMOTE != 0;
    let mut draft = Draft::new(span, manner.scope_name, ids.parent.is_none() || remote);
    if ids.parent.is_some() && remote {
        draft.flags |= flags::REMOTE_PARENT;
    }
    let mut watch = manner.explain.map(|_| Watch::new(&draft));
    let roles = read(span, &mut draft, watch.as_mut());
    let mut step = fields(span, ids, content_hash, &mut draft);
    draft.sayings.say(step.started_at.0, claims);

    let bodies = Bodies::choose(&draft);
    if let Some(arguments) = bodies.input.content.as_ref()
        && step.kind == StepKind::Tool
    {
        step.args_hash = Some(
            ContentHasher::new(manner.key)
                .text(&arguments.body)
                .finish64(),
        );
    }
    let run_bodies = [Body::Input, Body::Output]
        .map(|body| Some(Content::of_json_value(draft.sayings.get_body(body)?)));
    let given_back = watch
        .is_some()
        .then(|| payloads::given_back(span, &roles, &bodies, &step));
    let payloads = payloads::collect(span, &draft, &roles, bodies, &mut step);
    let explained = watch.zip(given_back).map(|(watch, given_back)| {
        let fates = (roles.as_slice(), given_back.as_slice());
        watch.finish(
            manner.explain.unwrap_or_default(),
            ids,
            span,
            fates,
            &step.attributes,
        )
    });
    Translated {
        step,
        payloads,
        run_bodies,
        explained,
    }
}

/// Lets the dialects read the span; the roles are those of its attributes. Events are read from
/// the last to the first, since of several exceptions the last one tells why the span failed.
fn read<'s>(span: &'s Span<'s>, draft: &mut Draft<'s>, mut watch: Option<&mut Watch>) -> Vec<Role> {
    if !span.status.message.is_empty() {
        dialects::status(&span.status.message, draft);
    }
    let mut readers = dialects::Readers::default();
    let attributes = span.attributes.iter();
    let roles = attributes
        .map(|attribute| {
            let (key, value) = (&attribute.key, &attribute.value);
            let role = dialects::attribute(&mut readers, key, value, draft);
            if let Some(watch) = &mut watch {
                watch.note(draft);
            }
            role
        })
        .collect();
    for event in span.events.iter().rev() {
        dialects::event(event, draft);
    }
    roles
}

fn fields(span: &Span<'_>, ids: Ids, content_hash: i64, draft: &mut Draft<'_>) -> Step {
    let kind = draft.kind.get().copied().unwrap_or(StepKind::Other);
    let tool = name_column(draft, Text::Tool);
    let name = match (&tool, kind) {
        (Some(tool), StepKind::Tool) => tool.clone(),
        _ => name_column(draft, Text::Name).unwrap_or_else(|| name(&span.name, &mut draft.flags)),
    };
    let (status, duration_us) = ending(span, draft);
    Step {
        id: ids.step,
        parent: ids.parent,
        kind,
        status,
        started_at: timestamp(span.start_time_unix_nano),
        duration_us,
        name,
        agent: name_column(draft, Text::Agent),
        model: name_column(draft, Text::Model),
        provider: name_column(draft, Text::Provider),
        tool,
        args_hash: None,
        usage: usage(draft),
        cost: None,
        reported_cost: draft.cost.get().copied(),
        price_version: None,
        first_token_us: draft.first_token_us.get().copied(),
        error: (status == StepStatus::Failed).then(|| error(draft)),
        seq: None,
        capability: None,
        attributes: String::new(),
        content_hash,
        flags: draft.flags,
    }
}

/// The status and the duration in microseconds. A span without an end still runs.
fn ending(span: &Span<'_>, draft: &mut Draft<'_>) -> (StepStatus, Option<i64>) {
    if span.end_time_unix_nano == 0 {
        return (StepStatus::Running, None);
    }
    if span.end_time_unix_nano < span.start_time_unix_nano {
        draft.flags |= flags::CLOCK;
    }
    let started_us = timestamp(span.start_time_unix_nano).0;
    let duration_us = timestamp(span.end_time_unix_nano).0 - started_us;
    let status = match span.status.code {
        STATUS_ERROR => StepStatus::Failed,
        _ if draft.failed => StepStatus::Failed,
        STATUS_OK => StepStatus::Succeeded,
        _ => StepStatus::Unset,
    };
    (status, Some(duration_us.max(0)))
}

fn usage(draft: &Draft<'_>) -> TokenUsage {
    let usage = TokenUsage {
        input: draft.get_tokens(Tokens::Input),
        output: draft.get_tokens(Tokens::Output),
        cached: draft.get_tokens(Tokens::Cached),
        cache_write: draft.get_tokens(Tokens::CacheWrite),
        reasoning: draft.get_tokens(Tokens::Reasoning),
        total: draft.get_tokens(Tokens::Total),
    };
    usage.normalized()
}

fn error(draft: &mut Draft<'_>) -> StepError {
    let mut losses = 0;
    let message = draft
        .get_text(Text::ErrorMessage)
        .and_then(|sent| message(sent, &mut losses));
    draft.flags |= losses;
    StepError {
        kind: name_column(draft, Text::ErrorKind),
        code: name_column(draft, Text::ErrorCode),
        message,
        decided: None,
    }
}

fn name_column(draft: &mut Draft<'_>, field: Text) -> Option<String> {
    let mut losses = 0;
    let text = draft.get_text(field).map(|text| name(text, &mut losses));
    draft.flags |= losses;
    text
}

fn name(sent: &str, losses: &mut i16) -> String {
    let (name, is_sanitized, is_cut) = text::name(sent);
    *losses |= if is_sanitized { flags::SANITIZED } else { 0 };
    *losses |= if is_cut { flags::TRUNCATED } else { 0 };
    name.into_owned()
}

/// The first line of a message, or none if there is nothing in it.
fn message(sent: &str, losses: &mut i16) -> Option<String> {
    let line = text::first_line(sent);
    let kept = text::cut(line, ERROR_MESSAGE_BYTES_MAX);
    let clean = text::without_nul(kept);
    *losses |= if kept.len() < line.len() {
        flags::TRUNCATED
    } else {
        0
    };
    *losses |= if clean.len() > kept.len() {
        flags::SANITIZED
    } else {
        0
    };
    (!clean.is_empty()).then(|| clean.into_owned())
}
