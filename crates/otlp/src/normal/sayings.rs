//! What a step says of its run.

use std::borrow::Cow;

use runwatch_core::claims::{Claims, Field};
use runwatch_core::limits::{ATTRIBUTE_KEY_BYTES_MAX, ATTRIBUTES_PER_RUN_MAX, TAGS_PER_RUN_MAX};

use super::{Body, Role};
use crate::value::Value;

/// What is said of the run as a whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sayings<'s> {
    fields: Vec<(Field, u8, Cow<'s, str>)>,
    attributes: Vec<(Cow<'s, str>, u8, String)>,
    tags: Vec<Cow<'s, str>>,
    bodies: [Option<&'s Value<'s>>; 2],
}

impl<'s> Sayings<'s> {
    /// The fields that were claimed, in the order of claiming.
    pub(super) fn fields(&self) -> impl Iterator<Item = Field> + use<'_, 's> {
        self.fields.iter().map(|(field, ..)| *field)
    }

    /// How many fields were claimed.
    pub(super) fn fields_count(&self) -> usize {
        self.fields.len()
    }

    /// Numbers of attributes and tags.
    pub(super) fn counts(&self) -> [usize; 2] {
        [self.attributes.len(), self.tags.len()]
    }

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
