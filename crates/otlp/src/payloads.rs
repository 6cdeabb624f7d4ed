//! The payloads of a step, so that together with the step's fields nothing that a span carried is
//! lost.

use std::borrow::Cow;

use runwatch_core::attributes::{Split, Splitter, Visibility};
use runwatch_core::payload::{Encoding, Owner, Part, Payload};
use runwatch_core::step::{Step, StepError, flags};

use crate::content::{Content, with_instructions};
use crate::flattened::{List, assemble};
use crate::normal::{Body, Draft, Offered, Role, Text, Tokens};
use crate::span::Span;
use crate::surroundings::{self, DROPPED_ATTRIBUTES};
use crate::value::Value;

/// What was chosen to be the input or the output of a step.
#[derive(Debug, Default)]
pub(crate) struct Chosen<'s> {
    pub(crate) content: Option<Content>,
    value: Option<&'s Value<'s>>,
    list: List<'s>,
}

/// Input and output of a step.
#[derive(Debug)]
pub(crate) struct Bodies<'s> {
    pub(crate) input: Chosen<'s>,
    output: Chosen<'s>,
    /// Instructions that the input begins with.
    instructions: Option<&'s Value<'s>>,
}

impl<'s> Bodies<'s> {
    /// Takes for each the offer of the smallest rank, and puts the instructions before messages.
    pub(crate) fn choose(draft: &Draft<'s>) -> Self {
        let mut input = choose(draft, Body::Input);
        let mut instructions = draft.instructions.get().copied();
        let whole = instructions
            .zip(input.content.as_ref())
            .filter(|(_, content)| content.encoding == Encoding::Json)
            .and_then(|(instructions, content)| with_instructions(instructions, &content.body));
        match whole.map(Content::of_json) {
            Some(content) => input.content = Some(content),
            None => instructions = None,
        }
        Self {
            input,
            output: choose(draft, Body::Output),
            instructions,
        }
    }

    fn of(&self, body: Body) -> &Chosen<'s> {
        match body {
            Body::Input => &self.input,
            Body::Output => &self.output,
        }
    }
}

fn choose<'s>(draft: &Draft<'s>, body: Body) -> Chosen<'s> {
    let items = draft
        .items
        .iter()
        .filter(|(of, _)| *of == body)
        .map(|(_, item)| *item);
    let list_rank = items
        .clone()
        .map(|item| item.rank)
        .min()
        .unwrap_or(u16::MAX);
    let (value, messages) = (draft.get_body(body), draft.get_messages(body));
    if list_rank < value.rank().min(messages.rank()) {
        let mut list = assemble(list_rank, items);
        let json = std::mem::take(&mut list.json);
        let content = (!json.is_empty()).then(|| Content::of_json(json));
        return Chosen {
            content,
            value: None,
            list,
        };
    }
    match (value.get(), messages.get()) {
        (Some(offered), _) if value_wins(draft, body) => {
            let (content, value) = match offered {
                Offered::Value(value) => (Content::of_value(value), Some(*value)),
                Offered::Made(content) => (content.clone(), None),
            };
            let (content, list) = (Some(content), List::default());
            Chosen {
                content,
                value,
                list,
            }
        }
        (_, Some(messages)) => {
            let messages: Vec<&str> = messages.iter().rev().map(String::as_str).collect();
            let content = Content::of_json(format!("[{}]", messages.join(",")));
            Chosen {
                content: Some(content),
                ..Chosen::default()
            }
        }
        _ => Chosen::default(),
    }
}

fn value_wins(draft: &Draft<'_>, body: Body) -> bool {
    draft.get_body(body).rank() <= draft.get_messages(body).rank()
}

/// Collects the payloads, and sets the attributes of the step that can be filtered on.
pub(crate) fn collect(
    span: &Span<'_>,
    draft: &Draft<'_>,
    roles: &[Role],
    bodies: Bodies<'_>,
    step: &mut Step,
) -> Vec<Payload> {
    let split = attributes(span, draft, roles, &bodies, step);
    step.attributes = split.filterable;
    step.flags |= split.flags;

    let (events, event_was_cut) = surroundings::events(&span.events);
    let (links, link_was_cut) = surroundings::links(&span.links);
    if event_was_cut || link_was_cut {
        step.flags |= flags::TRUNCATED;
    }
    let json = |body: String| Content {
        encoding: Encoding::Json,
        body,
        flags: 0,
    };
    let parts = [
        (Part::Input, bodies.input.content),
        (Part::Output, bodies.output.content),
        (Part::Attributes, Some(json(split.rest))),
        (Part::Events, Some(json(events))),
        (Part::Links, Some(json(links))),
        (
            Part::Error,
            step.error
                .as_ref()
                .and_then(|error| whole_error(draft, error)),
        ),
    ];
    let mut payloads = Vec::with_capacity(4);
    for (part, content) in parts {
        if let Some(Content {
            encoding,
            body,
            flags,
        }) = content
            && !body.is_empty()
        {
            step.flags |= flags;
            let owner = Owner::Steps(vec![step.id]);
            payloads.push(Payload {
                owner,
                part,
                encoding,
                body,
            });
        }
    }
    payloads
}

/// The error's whole text with its stack, where the step's own message is not all of it.
fn whole_error(draft: &Draft<'_>, error: &StepError) -> Option<Content> {
    let message = draft.get_text(Text::ErrorMessage).unwrap_or_default();
    match draft.stack {
        Some(stack) if contains(stack, message) => Some(Content::of_text(stack)),
        Some(stack) if contains(message, stack) => Some(Content::of_text(message)),
        Some(stack) => Some(Content::of_text(&format!("{message}\n{stack}"))),
        None => (error.message.as_deref() != Some(message)).then(|| Content::of_text(message)),
    }
}

fn contains(whole: &str, part: &str) -> bool {
    memchr::memmem::find(whole.as_bytes(), part.as_bytes()).is_some()
}

/// Whether a field or body of the step holds exactly what each attribute said.
pub(crate) fn given_back(
    span: &Span<'_>,
    roles: &[Role],
    bodies: &Bodies<'_>,
    step: &Step,
) -> Vec<bool> {
    let attributes = span.attributes.iter().zip(roles);
    attributes
        .map(|(attribute, role)| gives_back(*role, &attribute.value, step, bodies))
        .collect()
}

/// Splits the attributes that neither the step's fields nor its bodies give back.
fn attributes(
    span: &Span<'_>,
    draft: &Draft<'_>,
    roles: &[Role],
    bodies: &Bodies<'_>,
    step: &Step,
) -> Split {
    let extras = extras(span, draft, step);
    let mut kept = Vec::with_capacity(span.attributes.len() + extras.len());
    for (attribute, role) in span.attributes.iter().zip(roles) {
        if !gives_back(*role, &attribute.value, step, bodies) {
            kept.push((attribute.key.as_ref(), &attribute.value, role.visibility()));
        }
    }
    for (key, value) in &extras {
        if span
            .attributes
            .binary_search_by(|sent| sent.key.as_ref().cmp(key))
            .is_err()
        {
            kept.push((*key, value, Visibility::PayloadOnly));
        }
    }
    kept.sort_by_key(|(key, _, _)| *key);

    let (mut splitter, mut json) = (Splitter::default(), String::new());
    for (key, value, visibility) in kept {
        json.clear();
        value.write_json(&mut json);
        splitter.add(key, &json, visibility);
    }
    splitter.finish()
}

/// Whether a field or body holds exactly what the attribute said.
fn gives_back(role: Role, value: &Value<'_>, step: &Step, bodies: &Bodies<'_>) -> bool {
    let is = |chosen: Option<&Value<'_>>| {
        chosen.is_some_and(|chosen| std::ptr::eq(chosen, value) || chosen == value)
    };
    match role {
        Role::Unknown | Role::Filterable | Role::Kept => false,
        Role::Text(field) => {
            let column = text_column(step, field);
            column.is_some() && column == value.text().as_deref()
        }
        Role::Tokens(field) => match (tokens_column(step, field), value) {
            (Some(column), Value::Int(count)) => i64::from(column) == *count,
            (Some(column), Value::Str(text)) => column.to_string() == *text,
            _ => false,
        },
        Role::Cost => match value {
            Value::Double(dollars) => step
                .reported_cost
                .is_some_and(|cost| cost.dollars().to_bits() == dollars.to_bits()),
            _ => false,
        },
        Role::Body(body) => is(bodies.of(body).value),
        Role::Instructions => is(bodies.instructions),
        Role::Item(body) => {
            let chosen = bodies.of(body);
            let from_list = chosen.content.is_some() && chosen.list.is_used;
            from_list
                && !chosen
                    .list
                    .left_out
                    .contains(&std::ptr::from_ref(value).cast())
        }
    }
}

fn text_column(step: &Step, field: Text) -> Option<&str> {
    let error = step.error.as_ref();
    let column = match field {
        Text::Name => return Some(&step.name),
        Text::Agent => &step.agent,
        Text::Model => &step.model,
        Text::Provider => &step.provider,
        Text::Tool => &step.tool,
        Text::ErrorKind => &error?.kind,
        Text::ErrorCode => &error?.code,
        Text::ErrorMessage => &error?.message,
    };
    column.as_deref()
}

fn tokens_column(step: &Step, field: Tokens) -> Option<i32> {
    match field {
        Tokens::Input => step.usage.input,
        Tokens::Output => step.usage.output,
        Tokens::Total => step.usage.total,
        Tokens::Cached => step.usage.cached,
        Tokens::CacheWrite => step.usage.cache_write,
        Tokens::Reasoning => step.usage.reasoning,
    }
}

/// What a span says outside its attributes and no field gives back, under names of attributes.
fn extras<'s>(
    span: &'s Span<'s>,
    draft: &Draft<'_>,
    step: &Step,
) -> Vec<(&'static str, Value<'s>)> {
    let mut extras = Vec::new();
    for (key, count) in [
        (DROPPED_ATTRIBUTES, span.dropped_attributes_count),
        ("otel.dropped_events_count", span.dropped_events_count),
        ("otel.dropped_links_count", span.dropped_links_count),
    ] {
        if count > 0 {
            extras.push((key, Value::Int(i64::from(count))));
        }
    }
    let kind = match span.kind {
        0 | 1 => Cow::Borrowed(""),
        2 => "SERVER".into(),
        3 => "CLIENT".into(),
        4 => "PRODUCER".into(),
        5 => "CONSUMER".into(),
        number => number.to_string().into(),
    };
    let told =
        step.error.is_some() && draft.get_text(Text::ErrorMessage) == Some(&*span.status.message);
    let name = if step.name == span.name {
        ""
    } else {
        &span.name
    };
    for (key, text) in [
        ("otel.span_kind", kind),
        ("otel.span_name", name.into()),
        (
            "otel.status_description",
            if told {
                "".into()
            } else {
                Cow::from(&*span.status.message)
            },
        ),
        ("otel.trace_state", Cow::from(&*span.trace_state)),
    ] {
        if !text.is_empty() {
            extras.push((key, Value::Str(text)));
        }
    }
    extras
}
