//! What was said about a run as a whole, merged so that the order of arrival does not matter.
//!
//! Several spans, resources and calls may each say who the user was or what the agent is called.
//! Every saying is a [`Claim`] with a rank; of two claims for the same field the smaller one stays.
//! The smaller of two is associative, commutative and idempotent, so any order of any pieces, with
//! any of them twice, ends in the same claims.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{limits, text};

/// The fields of a run that can be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each name says it")]
pub enum Field {
    /// The agent's name: what the native API calls `agent_id`.
    #[serde(rename = "agent")]
    AgentName,
    #[serde(rename = "agent_id")]
    AgentId,
    #[serde(rename = "type")]
    AgentType,
    #[serde(rename = "version")]
    AgentVersion,
    #[serde(rename = "workflow")]
    WorkflowId,
    #[serde(rename = "session")]
    SessionId,
    #[serde(rename = "user")]
    UserId,
    #[serde(rename = "env")]
    Environment,
    #[serde(rename = "release")]
    Release,
    /// The service that sent the run: its name when nothing better is known.
    #[serde(rename = "service")]
    ServiceName,
    /// RFC 3339 text is not used here: microseconds since 1970 in decimal.
    #[serde(rename = "started")]
    StartedAt,
    #[serde(rename = "ended")]
    EndedAt,
    /// The name of a [`crate::run::RunStatus`] that the sender told.
    #[serde(rename = "status")]
    Status,
    /// Keyed hash of the run's input, so that another one is noticed.
    #[serde(rename = "input")]
    Input,
    /// Keyed hash of the run's output, so that another one is noticed.
    #[serde(rename = "output")]
    Output,
}

/// Rank of what the native API was told: nothing outranks it, and telling another value of the
/// same field is a conflict.
pub const TOLD: u8 = 0;
/// Rank of a time that nobody said, so that the time of receipt stands in for it.
pub const DEFAULTED: u8 = u8::MAX;

/// One saying about one field. Claims are ordered by rank, then time, then speaker, then value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Claim(
    /// Rank of the source; 0 is [`TOLD`], and a dialect's first choice is 1.
    pub u8,
    /// When the step that says so started, in microseconds since 1970; 0 if told.
    pub i64,
    /// What is said.
    pub String,
);

/// All that was said about one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The best claim for each field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", rename = "f")]
    fields: BTreeMap<Field, Claim>,
    /// The best claim for each attribute; values are JSON text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", rename = "a")]
    attributes: BTreeMap<String, Claim>,
    /// All tags that anybody gave.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", rename = "t")]
    tags: BTreeSet<String>,
    /// Somebody said that this trace is a run, by the native API.
    #[serde(default, skip_serializing_if = "std::ops::Not::not", rename = "r")]
    is_run: bool,
}

/// A field or attribute that was told twice with different values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} was told before with another value")]
pub struct Contradiction(pub String);

impl Claims {
    /// Adds a claim for a field, as a name ([`text::name`]); empty values say nothing.
    pub fn claim(&mut self, field: Field, rank: u8, at_us: i64, value: impl AsRef<str>) {
        let (value, ..) = text::name(value.as_ref());
        if !value.is_empty() {
            keep_smaller(
                &mut self.fields,
                field,
                Claim(rank, at_us, value.into_owned()),
            );
        }
    }

    /// Adds a claim for an attribute of the run, as JSON text.
    pub fn claim_attribute(&mut self, key: &str, rank: u8, at_us: i64, json: impl Into<String>) {
        keep_smaller(
            &mut self.attributes,
            key.to_owned(),
            Claim(rank, at_us, json.into()),
        );
    }

    /// Adds a tag, as a name ([`text::name`]).
    pub fn tag(&mut self, tag: impl AsRef<str>) {
        let (tag, ..) = text::name(tag.as_ref());
        if !tag.is_empty() {
            self.tags.insert(tag.into_owned());
        }
    }

    /// Says that it is a run, whatever its steps are.
    pub fn set_run(&mut self) {
        self.is_run = true;
    }

    /// Whether somebody said that it is a run.
    pub fn is_run(&self) -> bool {
        self.is_run
    }

    /// The value that stands for a field.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.fields.get(&field).map(|claim| claim.2.as_str())
    }

    /// The value that somebody said for a field; none if only the time of receipt stands in for it.
    pub fn said(&self, field: Field) -> Option<&str> {
        self.fields
            .get(&field)
            .filter(|claim| claim.0 != DEFAULTED)
            .map(|claim| claim.2.as_str())
    }

    /// The value that was told for a field by the native API.
    pub fn told(&self, field: Field) -> Option<&str> {
        self.fields
            .get(&field)
            .filter(|claim| claim.0 == TOLD)
            .map(|claim| claim.2.as_str())
    }

    /// The tags in their order.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().map(String::as_str)
    }

    /// The attributes in the order of their keys, values as JSON text.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes
            .iter()
            .map(|(key, claim)| (key.as_str(), claim.2.as_str()))
    }

    /// Puts other texts in the place of those for which the function gives one: of a field, or of an
    /// attribute's value as JSON. Keys of attributes and tags are texts of no field's.
    pub fn rewrite(&mut self, mut other: impl FnMut(Option<Field>, &str) -> Option<String>) {
        for (field, claim) in &mut self.fields {
            // Times and statuses are ours.
            let is_said = !matches!(field, Field::StartedAt | Field::EndedAt | Field::Status);
            if is_said && let Some(text) = other(Some(*field), &claim.2) {
                claim.2 = text::name(&text).0.into_owned();
            }
        }
        for claim in self.attributes.values_mut() {
            if let Some(json) = other(None, &claim.2) {
                claim.2 = json;
            }
        }
        let mut name = |text: &str| other(Some(Field::ServiceName), text);
        let keys: Vec<(String, String)> = self
            .attributes
            .keys()
            .filter_map(|key| Some((key.clone(), name(key)?)))
            .collect();
        for (key, other) in keys {
            if let Some(claim) = self.attributes.remove(&key) {
                keep_smaller(&mut self.attributes, other, claim);
            }
        }
        self.tags = std::mem::take(&mut self.tags)
            .into_iter()
            .map(|tag| name(&tag).unwrap_or(tag))
            .collect();
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes in what else was said.
    pub fn merge(&mut self, other: Self) {
        for (field, claim) in other.fields {
            keep_smaller(&mut self.fields, field, claim);
        }
        for (key, claim) in other.attributes {
            keep_smaller(&mut self.attributes, key, claim);
        }
        self.tags.extend(other.tags);
        self.is_run |= other.is_run;
        self.bound();
    }

    /// Keeps the first attributes and tags in their order, which no order of merging changes.
    fn bound(&mut self) {
        while self.attributes.len() > limits::ATTRIBUTES_PER_RUN_MAX {
            self.attributes.pop_last();
        }
        while self.tags.len() > limits::TAGS_PER_RUN_MAX {
            self.tags.pop_last();
        }
    }

    /// The first thing that both were told, with different values.
    pub fn contradiction(&self, other: &Self) -> Option<Contradiction> {
        let name = |field: &Field| {
            let json = serde_json::to_value(field).ok();
            json.and_then(|json| json.as_str().map(str::to_owned))
                .unwrap_or_default()
        };
        contradiction_in(&self.fields, &other.fields)
            .map(name)
            .or_else(|| {
                contradiction_in(&self.attributes, &other.attributes)
                    .map(|key| format!("attributes.{key}"))
            })
            .map(Contradiction)
    }
}

fn keep_smaller<K: Ord>(claims: &mut BTreeMap<K, Claim>, key: K, claim: Claim) {
    match claims.entry(key) {
        std::collections::btree_map::Entry::Vacant(free) => {
            free.insert(claim);
        }
        std::collections::btree_map::Entry::Occupied(mut taken) if claim < *taken.get() => {
            taken.insert(claim);
        }
        std::collections::btree_map::Entry::Occupied(_) => {}
    }
}

fn contradiction_in<'a, K: Ord>(
    ours: &'a BTreeMap<K, Claim>,
    theirs: &BTreeMap<K, Claim>,
) -> Option<&'a K> {
    let told_otherwise = |(key, claim): &(&K, &Claim)| {
        // What was redacted in between may have been the same.
        let is_another = |other: &Claim| {
            let is_redacted = [claim, other]
                .iter()
                .any(|claim| claim.2.contains("redacted:"));
            other.0 == TOLD && other.2 != claim.2 && !is_redacted
        };
        claim.0 == TOLD && theirs.get(*key).is_some_and(is_another)
    };
    ours.iter().find(told_otherwise).map(|(key, _)| key)
}
