//! The normal form: what every dialect is translated to.
//!
//! A [`Draft`] has a slot for each field of a step. A dialect offers values with the place of the
//! source among its own, which the dialect's column turns into a rank, and the smallest rank
//! stays, whichever attribute came first; that makes "the first source of the row that is present"
//! exact within and across dialects.

use std::borrow::Cow;
use std::collections::BTreeSet;

use runwatch_core::attributes::Visibility;
use runwatch_core::claims::{Claims, Field};
use runwatch_core::limits::{
    ATTRIBUTE_KEY_BYTES_MAX, ATTRIBUTES_PER_RUN_MAX, TAGS_PER_RUN_MAX, TOKENS_PER_STEP_MAX,
};
use runwatch_core::money::NanoUsd;
use runwatch_core::step::{StepKind, flags};

use crate::content::Content;
use crate::flattened::Item;
use crate::span::Span;
use crate::value::{Attribute, Value};

/// Sources of one field that a dialect may have.
const PLACES: u16 = 32;
/// Rank of what overrules every source.
const OVERRULING: u16 = 0;
/// Rank of what stands in where no source says anything.
const STANDING_IN: u16 = u16::MAX - 1;
/// What some senders fill in where they know no model.
pub(crate) const UNKNOWN_MODEL: &str = "unknown";
/// Nanoseconds of a microsecond.
const MICROSECOND_NS: u64 = 1_000;

/// A field that several sources may fill.
#[derive(Clone, Debug)]
pub(crate) struct Slot<T> {
    rank: u16,
    value: Option<T>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            rank: u16::MAX,
            value: None,
        }
    }
}

impl<T> Slot<T> {
    /// Takes the value if nothing of the same or a smaller rank is there.
    pub(crate) fn offer(&mut self, rank: u16, value: T) {
        if self.value.is_none() || rank < self.rank {
            *self = Self {
                rank,
                value: Some(value),
            };
        }
    }

    /// The value that stands.
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// The rank of the value that stands; of none, one that everything beats.
    pub(crate) fn rank(&self) -> u16 {
        self.rank
    }
}

/// Fields that are texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Name,
    Agent,
    Model,
    Provider,
    Tool,
    ErrorKind,
    ErrorCode,
    ErrorMessage,
}

/// Fields that are numbers of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tokens {
    Input,
    Output,
    Total,
    Cached,
    CacheWrite,
    Reasoning,
}

impl Tokens {
    /// All of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Input,
        Self::Output,
        Self::Total,
        Self::Cached,
        Self::CacheWrite,
        Self::Reasoning,
    ];
}

/// Fields that are payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Input,
    Output,
}

/// What became of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// No dialect knows it; it is kept, and can be filtered on if it is short.
    Unknown,
    /// It was read, is kept as well, and can be filtered on if it is short.
    Filterable,
    /// It was read or is of a dialect's own, and is kept in the payload only.
    Kept,
    /// It was offered to a field, and is kept only if the field does not give it back.
    Text(Text),
    /// As [`Role::Text`].
    Tokens(Tokens),
    /// As [`Role::Text`].
    Cost,
    /// As [`Role::Text`].
    Body(Body),
    /// As [`Role::Text`]: part of the input when that is a list of messages.
    Instructions,
    /// As [`Role::Text`]: one leaf of a list that was flattened into attributes.
    Item(Body),
}

impl Role {
    /// Name of the field that it was offered to.
    pub(crate) fn field(self) -> Option<&'static str> {
        match self {
            Self::Unknown | Self::Filterable | Self::Kept => None,
            Self::Text(field) => Some(TEXTS[field as usize]),
            Self::Tokens(field) => Some(TOKENS[field as usize]),
            Self::Cost => Some("cost_usd"),
            Self::Body(body) | Self::Item(body) => Some(BODIES[body as usize]),
            Self::Instructions => Some(BODIES[Body::Input as usize]),
        }
    }

    /// Where the attribute may go, if it is kept.
    pub(crate) fn visibility(self) -> Visibility {
        match self {
            Self::Unknown | Self::Filterable => Visibility::Filterable,
            _ => Visibility::PayloadOnly,
        }
    }
}

/// What is said of the run as a whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sayings<'s> {
    fields: Vec<(Field, u8, Cow<'s, str>)>,
    attributes: Vec<(Cow<'s, str>, u8, String)>,
    tags: Vec<Cow<'s, str>>,
    bodies: [Option<&'s Value<'s>>; 2],
}

impl<'s> Sayings<'s> {
    /// Claims a field; `rank` is the place of the source in the field's list, from 1.
    pub(crate) fn field(&mut self, field: Field, rank: u8, value: &'s Value<'s>) -> Role {
        if let Some(text) = value.text() {
            self.field_text(field, rank, text);
        }
        Role::Kept
    }

    /// As [`Sayings::field`], for what is no attribute.
    pub(crate) fn field_text(&mut self, field: Field, rank: u8, text: Cow<'s, str>) {
        self.fields.push((field, rank, text));
    }

    /// Claims an attribute of the run, as JSON text.
    pub(crate) fn attribute(&mut self, key: Cow<'s, str>, rank: u8, json: String) {
        let fits = key.len() <= ATTRIBUTE_KEY_BYTES_MAX && !key.contains('\0');
        if fits && self.attributes.len() < ATTRIBUTES_PER_RUN_MAX {
            self.attributes.push((key, rank, json));
        }
    }

    /// Gives the run tags.
    pub(crate) fn tags(&mut self, value: &'s Value<'s>) -> Role {
        value.list().into_iter().for_each(|tag| self.tag(tag));
        Role::Kept
    }

    /// Gives the run a tag.
    pub(crate) fn tag(&mut self, tag: Cow<'s, str>) {
        if self.tags.len() < TAGS_PER_RUN_MAX {
            self.tags.push(tag);
        }
    }

    /// What was said to be the run's input or output.
    pub(crate) fn body(&mut self, body: Body, value: &'s Value<'s>) -> Role {
        if !value.is_empty() {
            self.bodies[body as usize].get_or_insert(value);
        }
        Role::Kept
    }

    /// The run's input or output, if one was said.
    pub(crate) fn get_body(&self, body: Body) -> Option<&'s Value<'s>> {
        self.bodies[body as usize]
    }

    /// Says all of it, as of the start of the step that said it.
    pub(crate) fn say(&self, at_us: i64, claims: &mut Claims) {
        for (field, rank, value) in &self.fields {
            claims.claim(*field, *rank, at_us, value);
        }
        for (key, rank, json) in &self.attributes {
            claims.claim_attribute(key, *rank, at_us, json.as_str());
        }
        for tag in &self.tags {
            claims.tag(tag);
        }
    }
}

/// A payload as it was offered.
#[derive(Clone, Debug)]
pub(crate) enum Offered<'s> {
    /// What an attribute says.
    Value(&'s Value<'s>),
    /// What was put together from several, or taken out of one.
    Made(Content),
}

/// A step while its attributes are being read.
#[derive(Debug, Default)]
pub(crate) struct Draft<'s> {
    /// Whether the step has no parent in its own process.
    pub(crate) is_root: bool,
    /// The span's name.
    pub(crate) span_name: &'s str,
    /// Name of the instrumentation that made the span.
    pub(crate) scope_name: &'s str,
    /// Column of the dialect that is reading: its place in the order of all.
    pub(crate) column: u16,
    /// Whether a dialect says that the step failed, whatever the span's status.
    pub(crate) failed: bool,
    /// Bits of [`flags`].
    pub(crate) flags: i16,
    pub(crate) kind: Slot<StepKind>,
    pub(crate) cost: Slot<NanoUsd>,
    pub(crate) first_token_us: Slot<i64>,
    /// Instructions to put before the input's messages.
    pub(crate) instructions: Slot<&'s Value<'s>>,
    /// Stack of the last exception.
    pub(crate) stack: Option<&'s str>,
    /// What the step says of its run.
    pub(crate) sayings: Sayings<'s>,
    /// Leaves of lists that were flattened into attributes.
    pub(crate) items: Vec<(Body, Item<'s>)>,
    item_counts: [usize; 2],
    attributes: &'s [Attribute<'s>],
    start_time_unix_nano: u64,
    texts: [Slot<Cow<'s, str>>; 8],
    tokens: [Slot<i32>; 6],
    bodies: [Slot<Offered<'s>>; 2],
    messages: [Slot<Vec<String>>; 2],
}

impl<'s> Draft<'s> {
    /// Starts with a span, whose attributes have to be sorted, and whether it is a root.
    pub(crate) fn new(span: &'s Span<'s>, scope_name: &'s str, is_root: bool) -> Self {
        Self {
            is_root,
            span_name: &span.name,
            scope_name,
            flags: span.losses,
            attributes: &span.attributes,
            start_time_unix_nano: span.start_time_unix_nano,
            ..Self::default()
        }
    }

    /// Another attribute of the span, for names that mean something only beside others.
    pub(crate) fn attribute(&self, key: &str) -> Option<&'s Value<'s>> {
        let at = self
            .attributes
            .binary_search_by(|sent| sent.key.as_ref().cmp(key))
            .ok()?;
        Some(&self.attributes.get(at)?.value)
    }

    /// Offers a kind by its place in the table of kinds, which all dialects share.
    pub(crate) fn kind(&mut self, rank: u16, kind: StepKind) -> Role {
        self.kind.offer(rank, kind);
        Role::Kept
    }

    /// Offers a scalar to a text field; empty texts say nothing.
    pub(crate) fn text(&mut self, field: Text, place: u16, value: &'s Value<'s>) -> Role {
        if let Some(text) = value.text() {
            self.set_text(field, place, text);
        }
        Role::Text(field)
    }

    /// As [`Draft::text`], for what is no attribute.
    pub(crate) fn set_text(&mut self, field: Text, place: u16, text: Cow<'s, str>) {
        let says_nothing = text.is_empty() || field == Text::Model && text == UNKNOWN_MODEL;
        if !says_nothing {
            self.texts[field as usize].offer(self.rank(place), text);
        }
    }

    /// Sets a text field before all sources.
    pub(crate) fn overrule(&mut self, field: Text, text: Cow<'s, str>) {
        if !text.is_empty() {
            self.texts[field as usize].offer(OVERRULING, text);
        }
    }

    /// Offers a number of tokens; what is none, or is out of range, is flagged and left out.
    pub(crate) fn tokens(&mut self, field: Tokens, place: u16, value: &Value<'_>) -> Role {
        self.count(field, place, value.integer());
        Role::Tokens(field)
    }

    /// As [`Draft::tokens`], for what is no attribute.
    pub(crate) fn count(&mut self, field: Tokens, place: u16, count: Option<i64>) {
        self.offer_tokens(field, self.rank(place), count);
    }

    /// As [`Draft::tokens`], for what only stands in where nothing else is said.
    pub(crate) fn tokens_stand_in(&mut self, field: Tokens, value: &Value<'_>) -> Role {
        self.offer_tokens(field, STANDING_IN, value.integer());
        Role::Tokens(field)
    }

    fn offer_tokens(&mut self, field: Tokens, rank: u16, count: Option<i64>) {
        let count = count.filter(|count| (0..=TOKENS_PER_STEP_MAX).contains(count));
        match count.and_then(|count| i32::try_from(count).ok()) {
            Some(count) => self.tokens[field as usize].offer(rank, count),
            None => self.flags |= flags::NUMBER,
        }
    }

    /// Offers a cost in dollars.
    pub(crate) fn cost(&mut self, place: u16, value: &Value<'_>) -> Role {
        self.dollars(place, value.number());
        Role::Cost
    }

    /// As [`Draft::cost`], for what is no attribute.
    pub(crate) fn dollars(&mut self, place: u16, dollars: Option<f64>) {
        match dollars.and_then(NanoUsd::from_dollars) {
            Some(cost) => self.cost.offer(self.rank(place), cost),
            None => self.flags |= flags::NUMBER,
        }
    }

    /// Offers the time until the first token; `unit_us` are the microseconds of the value's unit.
    pub(crate) fn first_token(&mut self, place: u16, value: &Value<'_>, unit_us: f64) -> Role {
        let wait_us = value.number().map(|wait| (wait * unit_us).round());
        if let Some(wait_us) = wait_us.and_then(crate::value::whole).filter(|us| *us >= 0) {
            self.first_token_us.offer(self.rank(place), wait_us);
        }
        Role::Kept
    }

    /// Offers the moment of the first token, in nanoseconds since 1970.
    pub(crate) fn first_token_at(&mut self, place: u16, unix_nano: u64) {
        let wait_ns = unix_nano.checked_sub(self.start_time_unix_nano);
        if let Some(wait_us) = wait_ns.and_then(|ns| i64::try_from(ns / MICROSECOND_NS).ok()) {
            self.first_token_us.offer(self.rank(place), wait_us);
        }
    }

    /// Offers a payload; empty texts say nothing.
    pub(crate) fn body(&mut self, body: Body, place: u16, value: &'s Value<'s>) -> Role {
        if !value.is_empty() {
            self.bodies[body as usize].offer(self.rank(place), Offered::Value(value));
        }
        Role::Body(body)
    }

    /// As [`Draft::body`], for values that are JSON whatever they are: texts stand in quotes.
    pub(crate) fn json_body(&mut self, body: Body, place: u16, value: &'s Value<'s>) -> Role {
        match value.as_str() {
            Some("null") => {}
            Some(text) if text.starts_with('"') => {
                self.made_body(body, place, Content::of_json_value(value));
            }
            _ => return self.body(body, place, value),
        }
        Role::Body(body)
    }

    /// As [`Draft::body`], for what is not just one attribute.
    pub(crate) fn made_body(&mut self, body: Body, place: u16, content: Content) {
        self.bodies[body as usize].offer(self.rank(place), Offered::Made(content));
    }

    /// Offers instructions to put before the input's messages.
    pub(crate) fn instructions(&mut self, place: u16, value: &'s Value<'s>) -> Role {
        self.instructions.offer(self.rank(place), value);
        Role::Instructions
    }

    /// Offers a leaf of a flattened list: its path within the list begins with an index, and
    /// segments that are `wrappers` are left out.
    pub(crate) fn item(
        &mut self,
        body: Body,
        place: u16,
        path: &'s str,
        wrappers: &'static [&'static str],
        value: &'s Value<'s>,
    ) -> Role {
        let rank = self.rank(place);
        self.item_counts[body as usize] += 1;
        let item = Item {
            rank,
            path,
            wrappers,
            value,
        };
        self.items.push((body, item));
        Role::Item(body)
    }

    /// Offers messages, as comma-separated JSON; those of the smallest rank become one list.
    /// Events are read from the last to the first, so each goes before those that were offered.
    pub(crate) fn messages(&mut self, body: Body, place: u16, json: String) {
        if json.is_empty() {
            return;
        }
        let rank = self.rank(place);
        let slot = &mut self.messages[body as usize];
        match &mut slot.value {
            Some(list) if rank == slot.rank => list.push(json),
            _ => slot.offer(rank, vec![json]),
        }
    }

    /// The text that won.
    pub(crate) fn get_text(&self, field: Text) -> Option<&str> {
        self.texts[field as usize].get().map(Cow::as_ref)
    }

    /// The number of tokens that won.
    pub(crate) fn get_tokens(&self, field: Tokens) -> Option<i32> {
        self.tokens[field as usize].get().copied()
    }

    /// The slot of a payload.
    pub(crate) fn get_body(&self, body: Body) -> &Slot<Offered<'s>> {
        &self.bodies[body as usize]
    }

    /// The messages that events told, the last first.
    pub(crate) fn get_messages(&self, body: Body) -> &Slot<Vec<String>> {
        &self.messages[body as usize]
    }

    /// How it stands, to see later what changed.
    pub(crate) fn standing(&self) -> Standing {
        let sayings = &self.sayings;
        Standing {
            texts: self.texts.each_ref().map(Slot::rank),
            tokens: self.tokens.each_ref().map(Slot::rank),
            bodies: self.bodies.each_ref().map(Slot::rank),
            messages: self.messages.each_ref().map(Slot::rank),
            others: [
                self.kind.rank(),
                self.cost.rank(),
                self.first_token_us.rank(),
                self.instructions.rank(),
                u16::from(!self.failed),
            ],
            items: self.item_counts,
            run_fields: sayings.fields.len(),
            run_attributes: sayings.attributes.len(),
            tags: sayings.tags.len(),
            run_bodies: sayings.bodies.map(|body| body.is_some()),
        }
    }

    fn rank(&self, place: u16) -> u16 {
        OVERRULING + 1 + self.column * PLACES + place
    }
}

/// Ranks and numbers of what was offered to a draft.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    texts: [u16; 8],
    tokens: [u16; 6],
    bodies: [u16; 2],
    messages: [u16; 2],
    others: [u16; 5],
    items: [usize; 2],
    run_fields: usize,
    run_attributes: usize,
    tags: usize,
    run_bodies: [bool; 2],
}

/// Names of the fields in the API, in the order of the draft's.
const TEXTS: [&str; 8] = [
    "name",
    "agent",
    "model",
    "provider",
    "tool",
    "error.type",
    "error.code",
    "error.message",
];
/// As [`TEXTS`].
const TOKENS: [&str; 6] = [
    "usage.input_tokens",
    "usage.output_tokens",
    "usage.total_tokens",
    "usage.cached_input_tokens",
    "usage.cache_write_input_tokens",
    "usage.reasoning_tokens",
];
/// As [`TEXTS`].
const BODIES: [&str; 2] = ["input", "output"];
/// As [`TEXTS`].
const OTHERS: [&str; 5] = ["kind", "cost_usd", "first_token_ms", "input", "status"];
/// As [`TEXTS`].
const RUN_BODIES: [&str; 2] = ["run.input", "run.output"];

impl Standing {
    /// Whether a field is one that several attributes may fill together.
    pub(crate) fn is_shared(field: &str) -> bool {
        field.starts_with("run.") || BODIES.contains(&field)
    }

    /// Names of the fields that are not as they were.
    pub(crate) fn changes(&self, before: &Self, draft: &Draft<'_>) -> BTreeSet<&'static str> {
        let ranks = [
            changed(TEXTS, &self.texts, &before.texts),
            changed(TOKENS, &self.tokens, &before.tokens),
            changed(BODIES, &self.bodies, &before.bodies),
            changed(BODIES, &self.messages, &before.messages),
            changed(BODIES, &self.items, &before.items),
            changed(OTHERS, &self.others, &before.others),
            changed(RUN_BODIES, &self.run_bodies, &before.run_bodies),
        ];
        let claimed = draft.sayings.fields.iter().skip(before.run_fields);
        let lists = [
            (
                self.run_attributes != before.run_attributes,
                "run.attributes",
            ),
            (self.tags != before.tags, "run.tags"),
        ];
        let lists = lists.into_iter().filter(|(is_longer, _)| *is_longer);
        ranks
            .into_iter()
            .flatten()
            .chain(claimed.map(|(field, ..)| run_field(*field)))
            .chain(lists.map(|(_, name)| name))
            .collect()
    }
}

fn changed<const N: usize, T: PartialEq>(
    names: [&'static str; N],
    now: &[T; N],
    before: &[T; N],
) -> Vec<&'static str> {
    let pairs = now.iter().zip(before);
    let changed = names.into_iter().zip(pairs);
    changed
        .filter(|(_, (now, before))| now != before)
        .map(|(name, _)| name)
        .collect()
}

fn run_field(field: Field) -> &'static str {
    match field {
        Field::AgentName => "run.agent_id",
        Field::AgentId => "run.agent_key",
        Field::AgentType => "run.agent_type",
        Field::AgentVersion => "run.agent_version",
        Field::WorkflowId => "run.workflow_id",
        Field::SessionId => "run.session_id",
        Field::UserId => "run.user_id",
        Field::Environment => "run.environment",
        Field::Release => "run.release",
        Field::ServiceName => "run.service_name",
        Field::StartedAt => "run.started_at",
        Field::EndedAt => "run.ended_at",
        Field::Status => "run.status",
        Field::Input => "run.input",
        Field::Output => "run.output",
    }
}
