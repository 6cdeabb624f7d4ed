//! The normal form: what every dialect is translated to.
//!
//! A [`Draft`] has a slot for each field of a step. A dialect offers values with the place of the
//! source among its own, which the dialect's column turns into a rank, and the smallest rank
//! stays, whichever attribute came first; that makes "the first source of the row that is present"
//! exact within and across dialects.

mod sayings;
mod slot;
mod standing;

use std::borrow::Cow;

use runwatch_core::attributes::Visibility;
use runwatch_core::limits::TOKENS_PER_STEP_MAX;
use runwatch_core::money::NanoUsd;
use runwatch_core::step::{StepKind, flags};

pub(crate) use self::sayings::Sayings;
pub(crate) use self::slot::Slot;
pub(crate) use self::standing::Standing;
use self::standing::{BODIES, TEXTS, TOKENS};
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
        self.messages[body as usize].add(self.rank(place), json);
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

    fn rank(&self, place: u16) -> u16 {
        OVERRULING + 1 + self.column * PLACES + place
    }
}
