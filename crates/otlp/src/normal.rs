//! The normal form: what every dialect is translated to.
//!
//! A [`Draft`] has a slot for each field of a step. A dialect offers values with a rank, and the
//! smallest rank stays, whichever attribute came first; that makes "the first source of the row
//! that is present" exact across dialects. Each dialect has a range of ranks of its own.

use std::borrow::Cow;

use runwatch_core::attributes::Visibility;
use runwatch_core::claims::{Claims, Field};
use runwatch_core::limits::{
    ATTRIBUTE_KEY_BYTES_MAX, ATTRIBUTES_PER_RUN_MAX, TAGS_PER_RUN_MAX, TOKENS_PER_STEP_MAX,
};
use runwatch_core::money::NanoUsd;
use runwatch_core::step::{StepKind, flags};

use crate::flattened::Item;
use crate::value::Value;

/// A field that several sources may fill.
#[derive(Clone, Debug)]
pub(crate) struct Slot<T> {
    rank: u8,
    value: Option<T>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            rank: u8::MAX,
            value: None,
        }
    }
}

impl<T> Slot<T> {
    /// Takes the value if nothing of the same or a smaller rank is there.
    pub(crate) fn offer(&mut self, rank: u8, value: T) {
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
    pub(crate) fn rank(&self) -> u8 {
        self.rank
    }
}

/// Fields that are texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
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
}

impl<'s> Sayings<'s> {
    /// Claims a field; `rank` is the place of the source in the field's list, from 1.
    pub(crate) fn field(&mut self, field: Field, rank: u8, value: &'s Value<'s>) -> Role {
        if let Some(text) = value.text() {
            self.fields.push((field, rank, text));
        }
        Role::Kept
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
        let free = TAGS_PER_RUN_MAX.saturating_sub(self.tags.len());
        self.tags.extend(value.list().into_iter().take(free));
        Role::Kept
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

/// A step while its attributes are being read.
#[derive(Debug, Default)]
pub(crate) struct Draft<'s> {
    /// Whether the step has no parent in its own process.
    pub(crate) is_root: bool,
    /// The span's name.
    pub(crate) span_name: &'s str,
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
    texts: [Slot<Cow<'s, str>>; 7],
    tokens: [Slot<i32>; 6],
    bodies: [Slot<&'s Value<'s>>; 2],
    messages: [Slot<Vec<String>>; 2],
}

impl<'s> Draft<'s> {
    /// Starts with a span's name and whether it is a root.
    pub(crate) fn new(span_name: &'s str, is_root: bool) -> Self {
        Self {
            span_name,
            is_root,
            ..Self::default()
        }
    }

    /// Offers a kind.
    pub(crate) fn kind(&mut self, rank: u8, kind: StepKind) -> Role {
        self.kind.offer(rank, kind);
        Role::Kept
    }

    /// Offers a scalar to a text field; empty texts say nothing.
    pub(crate) fn text(&mut self, field: Text, rank: u8, value: &'s Value<'s>) -> Role {
        if let Some(text) = value.text() {
            self.set_text(field, rank, text);
        }
        Role::Text(field)
    }

    /// As [`Draft::text`], for what is no attribute.
    pub(crate) fn set_text(&mut self, field: Text, rank: u8, text: Cow<'s, str>) {
        if !text.is_empty() {
            self.texts[field as usize].offer(rank, text);
        }
    }

    /// Offers a number of tokens; what is none, or is out of range, is flagged and left out.
    pub(crate) fn tokens(&mut self, field: Tokens, rank: u8, value: &Value<'_>) -> Role {
        let count = value
            .integer()
            .filter(|count| (0..=TOKENS_PER_STEP_MAX).contains(count));
        match count.and_then(|count| i32::try_from(count).ok()) {
            Some(count) => self.tokens[field as usize].offer(rank, count),
            None => self.flags |= flags::NUMBER,
        }
        Role::Tokens(field)
    }

    /// Offers a cost in dollars.
    pub(crate) fn cost(&mut self, rank: u8, value: &Value<'_>) -> Role {
        match value.number().and_then(NanoUsd::from_dollars) {
            Some(cost) => self.cost.offer(rank, cost),
            None => self.flags |= flags::NUMBER,
        }
        Role::Cost
    }

    /// Offers a payload.
    pub(crate) fn body(&mut self, body: Body, rank: u8, value: &'s Value<'s>) -> Role {
        if *value != Value::Null {
            self.bodies[body as usize].offer(rank, value);
        }
        Role::Body(body)
    }

    /// Offers a leaf of a flattened list.
    pub(crate) fn item(&mut self, body: Body, item: Item<'s>) -> Role {
        self.items.push((body, item));
        Role::Item(body)
    }

    /// Offers messages, as comma-separated JSON; those of the smallest rank become one list.
    /// Events are read from the last to the first, so each goes before those that were offered.
    pub(crate) fn messages(&mut self, body: Body, rank: u8, json: String) {
        if json.is_empty() {
            return;
        }
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
    pub(crate) fn get_body(&self, body: Body) -> &Slot<&'s Value<'s>> {
        &self.bodies[body as usize]
    }

    /// The messages that events told, the last first.
    pub(crate) fn get_messages(&self, body: Body) -> &Slot<Vec<String>> {
        &self.messages[body as usize]
    }
}
