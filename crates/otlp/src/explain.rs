//! What became of each attribute of a span, watched while the dialects read it.

use std::collections::BTreeSet;

use runwatch_core::ids::{RunId, StepId};

use crate::normal::{Draft, Role, Standing};
use crate::span::{Ids, Span};

/// What became of a span that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Position among all spans of the body, from 0.
    pub index: usize,
    /// The run that it is part of.
    pub run: RunId,
    /// The step that it became.
    pub step: StepId,
    /// What became of its attributes, in the order of their names.
    pub attributes: Vec<Fate>,
}

/// What became of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Its name.
    pub name: String,
    /// The fields that it gave their values, such as `model` or `run.session_id`.
    pub fields: Vec<&'static str>,
    /// The field that the name stands for, whether or not another attribute goes before it.
    pub means: Option<&'static str>,
    /// Whether any dialect knows the name.
    pub is_understood: bool,
    /// Where the value is found again.
    pub kept: Kept,
}

/// Where the value of an attribute is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In the field that it gave its value, which says the same.
    Field,
    /// Among the attributes of the step that can be filtered on.
    Filterable,
    /// Among the attributes in the step's payload.
    Payload,
}

impl Kept {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Field => "field",
            Self::Filterable => "filterable",
            Self::Payload => "payload",
        }
    }
}

/// Looks at a draft before and after each attribute.
#[derive(Debug)]
pub(crate) struct Watch {
    before: Standing,
    fields: Vec<BTreeSet<&'static str>>,
}

impl Watch {
    /// Starts with a draft that no attribute was read into.
    pub(crate) fn new(draft: &Draft<'_>) -> Self {
        Self {
            before: draft.standing(),
            fields: Vec::new(),
        }
    }

    /// Notes what the next attribute changed.
    pub(crate) fn note(&mut self, draft: &Draft<'_>) {
        let after = draft.standing();
        let changed = after.changes(&self.before, draft);
        // What one attribute took from another, the other does not fill any more.
        let taken = |field: &&str| !Standing::is_shared(field);
        if changed.iter().any(taken) {
            for earlier in &mut self.fields {
                earlier.retain(|field| !(changed.contains(field) && taken(field)));
            }
        }
        self.fields.push(changed);
        self.before = after;
    }

    /// What became of a span's attributes by their roles, and by whether a field gives each back.
    pub(crate) fn finish(
        self,
        index: usize,
        ids: Ids,
        span: &Span<'_>,
        (roles, given_back): (&[Role], &[bool]),
        filterable: &str,
    ) -> Explained {
        let filterable: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(filterable).unwrap_or_default();
        let fates = span.attributes.iter().zip(self.fields);
        let fates = fates.zip(roles.iter().zip(given_back));
        let attributes = fates.map(|((attribute, fields), (role, is_given_back))| Fate {
            name: attribute.key.to_string(),
            fields: fields.into_iter().collect(),
            means: role.field(),
            is_understood: *role != Role::Unknown,
            kept: match is_given_back {
                true => Kept::Field,
                false if filterable.contains_key(attribute.key.as_ref()) => Kept::Filterable,
                false => Kept::Payload,
            },
        });
        Explained {
            index,
            run: ids.run,
            step: ids.step,
            attributes: attributes.collect(),
        }
    }
}
