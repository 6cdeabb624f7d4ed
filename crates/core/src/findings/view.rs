//! The steps of a run as the rules look at them: by their start, and with what stands above them.

use std::cmp::Reverse;

use crate::findings::{Detail, Finding};
use crate::limits::{FINDING_STEPS_MAX, FINDINGS_PER_RUN_MAX};
use crate::money::NanoUsd;
use crate::step::{Step, StepKind};
use crate::summary::effective_cost;
use crate::time::Timestamp;
use crate::tree::Tree;

/// How far above a step the same call is looked for. Where several instrumentations tell of one
/// call, its client, transport and server stand in each other with a wrapper or two between them.
/// The bound keeps the search linear in runs that nest deeply.
const SAME_CALL_LEVELS: usize = 8;

/// A run's steps; indices are those of [`View::steps`].
pub(super) struct View<'a> {
    /// The steps as they were given.
    pub(super) steps: &'a [Step],
    /// What stands above what.
    pub(super) tree: &'a Tree,
    /// All of them by start and id.
    pub(super) order: Vec<usize>,
    counted: &'a [bool],
}

impl<'a> View<'a> {
    /// Puts the steps in order; `counted` says whose usage and cost count.
    pub(super) fn new(steps: &'a [Step], tree: &'a Tree, counted: &'a [bool]) -> Self {
        let mut order: Vec<usize> = (0..steps.len()).collect();
        order.sort_unstable_by_key(|at| (steps[*at].started_at, steps[*at].id));
        Self {
            steps,
            tree,
            order,
            counted,
        }
    }

    /// Model calls whose usage counts, by their start: of a call that several instrumentations tell
    /// of, one only.
    pub(super) fn model_calls(&self) -> impl Iterator<Item = usize> {
        let is_call = |at: &usize| self.counted[*at] && self.steps[*at].kind == StepKind::Llm;
        self.order.iter().copied().filter(is_call)
    }

    /// The agent that each step works for: the nearest step of kind agent above it.
    pub(super) fn agents(&self) -> Vec<Option<usize>> {
        self.tree
            .nearest_marked_ancestors(|at| self.steps[at].kind == StepKind::Agent)
    }

    /// Ancestors that can be the same call as the step itself, nearest first.
    pub(super) fn enclosing(&self, at: usize) -> impl Iterator<Item = usize> {
        self.tree.ancestors(at).take(SAME_CALL_LEVELS)
    }

    /// What each step cost together with all that happened below it.
    pub(super) fn costs_with_below(&self) -> Vec<Option<NanoUsd>> {
        let own = |at: usize| effective_cost(&self.steps[at]).filter(|_| self.counted[at]);
        let mut costs: Vec<Option<NanoUsd>> = (0..self.steps.len()).map(own).collect();
        for at in self.tree.upwards() {
            if let Some(parent) = self.tree.parent(at) {
                costs[parent] = sum([costs[parent], costs[at]]);
            }
        }
        costs
    }

    /// Keeps the largest groups, of equals the one that starts first, and no more than a run may
    /// have findings: only these are described.
    pub(super) fn keep_largest<T>(
        &self,
        groups: &mut Vec<T>,
        members: impl for<'g> Fn(&'g T) -> &'g [usize],
    ) {
        groups.sort_unstable_by_key(|group| {
            let members = members(group);
            let first = members
                .first()
                .map(|at| (self.steps[*at].started_at, self.steps[*at].id));
            (Reverse(members.len()), first)
        });
        groups.truncate(FINDINGS_PER_RUN_MAX);
    }

    /// Microseconds from one moment to a later one.
    pub(super) fn between(from: Timestamp, to: Timestamp) -> i64 {
        to.0.saturating_sub(from.0).max(0)
    }

    /// The finding of which these are the steps: names the first ones and the last.
    pub(super) fn finding(
        &self,
        detail: Detail,
        members: &[usize],
        subject: Option<&str>,
        cost: Option<NanoUsd>,
    ) -> Finding {
        let first = members.iter().take(FINDING_STEPS_MAX - 1);
        let last = members.iter().skip(FINDING_STEPS_MAX - 1).last();
        Finding {
            detail,
            steps: first.chain(last).map(|at| self.steps[*at].id).collect(),
            count: i64::try_from(members.len()).unwrap_or(i64::MAX),
            subject: subject.map(str::to_owned),
            cost,
        }
    }
}

/// The known ones added up; none if none is known.
pub(super) fn sum(costs: impl IntoIterator<Item = Option<NanoUsd>>) -> Option<NanoUsd> {
    let known = costs.into_iter().flatten();
    known.reduce(|sum, cost| NanoUsd(sum.0.saturating_add(cost.0)))
}
