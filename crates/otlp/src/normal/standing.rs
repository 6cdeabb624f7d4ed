//! How a draft stands: what an attribute changed is what it became.

use std::collections::BTreeSet;

use runwatch_core::claims::Field;

use super::{Body, Draft, Slot};

impl Draft<'_> {
    /// How it stands, to see later what changed.
    pub(crate) fn standing(&self) -> Standing {
        let sayings = &self.sayings;
        let [run_attributes, tags] = sayings.counts();
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
            run_fields: sayings.fields_count(),
            run_attributes,
            tags,
            run_bodies: [Body::Input, Body::Output].map(|body| sayings.get_body(body).is_some()),
        }
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
pub(super) const TEXTS: [&str; 8] = [
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
pub(super) const TOKENS: [&str; 6] = [
    "usage.input_tokens",
    "usage.output_tokens",
    "usage.total_tokens",
    "usage.cached_input_tokens",
    "usage.cache_write_input_tokens",
    "usage.reasoning_tokens",
];
/// As [`TEXTS`].
pub(super) const BODIES: [&str; 2] = ["input", "output"];
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
        let claimed = draft.sayings.fields().skip(before.run_fields);
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
            .chain(claimed.map(run_field))
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
