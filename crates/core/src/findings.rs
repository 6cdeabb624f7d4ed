//! Findings: costly patterns of steps that show in a run without asking any model.
//!
//! They are a pure function of a run's steps, whatever the order in which these arrived, and say
//! what is there, never why: a finding is a place to look at. Each rule has a file with its exact
//! definition and the reasons of its thresholds; docs/FINDINGS.md tells them to users.

mod glance;
mod growing;
mod repeated;
mod runaway;
mod sentence;
mod storm;
#[cfg(test)]
mod tests;
mod view;

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::coded::coded;
use crate::findings::glance::Glance;
use crate::findings::view::View;
use crate::ids::StepId;
use crate::limits::FINDINGS_PER_RUN_MAX;
use crate::money::NanoUsd;
use crate::step::Step;
use crate::tree::Tree;

coded! {
    /// Which pattern a finding shows. The number is what the database keeps.
    pub enum FindingKind or Other {
        /// A pattern that only a newer version knows; no rule of this one finds it.
        Other = 0, "other";
        /// A tool was called again and again with the same arguments.
        RepeatedToolCall = 1, "repeated_tool_call";
        /// The same thing was tried again and again, each time in vain.
        RetryStorm = 2, "retry_storm";
        /// An agent's prompt grew from call to call and was never cut.
        GrowingContext = 3, "growing_context";
        /// Few of the model calls cost most of the money.
        RunawayCost = 4, "runaway_cost";
    }
}

/// A costly pattern in a run. It is kept as JSON in the run's row, so the names of its fields stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which pattern it is (`kind` in JSON), with the numbers that describe it.
    #[serde(flatten)]
    pub detail: Detail,
    /// Steps that show it, by their start: the first ones and the last, or for cost the dearest; at
    /// most [`crate::limits::FINDING_STEPS_MAX`].
    pub steps: Vec<StepId>,
    /// How many steps are in the pattern, named or not.
    pub count: i64,
    /// The tool, model or agent that it is about, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What the pattern cost: of repeated calls all but the first, of storms the failed attempts,
    /// each with the steps below it; of prompts that grow all the calls; of runaway cost the calls
    /// that are counted. None if no step of it has a known cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<NanoUsd>,
}

/// The numbers that describe a finding: what its sentence is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Detail {
    /// Of [`FindingKind::RepeatedToolCall`].
    RepeatedToolCall {
        /// Microseconds from the start of the first call to that of the last.
        within_us: i64,
    },
    /// Of [`FindingKind::RetryStorm`].
    RetryStorm {
        /// Microseconds from the start of the first attempt to the end of the last.
        within_us: i64,
        /// Whether the next attempt that ended succeeded.
        recovered: bool,
    },
    /// Of [`FindingKind::GrowingContext`].
    GrowingContext {
        /// Tokens of the first call's prompt.
        first_tokens: i64,
        /// Tokens of the last call's prompt.
        last_tokens: i64,
    },
    /// Of [`FindingKind::RunawayCost`].
    RunawayCost(Runaway),
    /// Of [`FindingKind::Other`].
    #[serde(other)]
    Other,
}

/// The two ways in which cost runs away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Runaway {
    /// The last quarter of the model calls cost many times as much as the first.
    Rising {
        /// What the first quarter cost.
        first_quarter: NanoUsd,
        /// What the last quarter cost.
        last_quarter: NanoUsd,
    },
    /// One model call cost nearly all of it.
    OneCall {
        /// What all model calls of the run cost.
        total: NanoUsd,
    },
}

impl Finding {
    /// Which pattern it is.
    pub fn kind(&self) -> FindingKind {
        match self.detail {
            Detail::RepeatedToolCall { .. } => FindingKind::RepeatedToolCall,
            Detail::RetryStorm { .. } => FindingKind::RetryStorm,
            Detail::GrowingContext { .. } => FindingKind::GrowingContext,
            Detail::RunawayCost(_) => FindingKind::RunawayCost,
            Detail::Other => FindingKind::Other,
        }
    }
}

/// The findings of a run, the largest counts first; `counted` says whose usage and cost count.
///
/// Most runs have none, and most of those are told by one look at each step.
pub(crate) fn of(steps: &[Step], tree: &Tree, counted: &[bool]) -> Vec<Finding> {
    let glance = Glance::of(steps, counted);
    if !glance.sees_any() {
        return Vec::new();
    }
    let view = View::new(steps, tree, counted);
    let when = |seen: bool, find: fn(&View<'_>) -> Vec<Finding>| {
        if seen { find(&view) } else { Vec::new() }
    };
    select([
        when(glance.repetition, repeated::find),
        when(glance.failures, storm::find),
        when(glance.growth, growing::find),
        when(glance.cost, runaway::find),
    ])
}

/// As many as a run may have, of each kind at least the largest: else one kind of which there are
/// many would hide the others. Of equals the kind decides, then the rule's own order.
fn select<const KINDS: usize>(by_kind: [Vec<Finding>; KINDS]) -> Vec<Finding> {
    let order = |finding: &Finding| (Reverse(finding.count), finding.kind());
    let (mut kept, mut rest) = (Vec::new(), Vec::new());
    for found in by_kind {
        let mut found = found.into_iter();
        kept.extend(found.next());
        rest.extend(found);
    }
    rest.sort_by_key(order);
    rest.truncate(FINDINGS_PER_RUN_MAX - kept.len());
    kept.extend(rest);
    kept.sort_by_key(order);
    kept
}
