//! The tree that a run's steps form, whatever was sent: unknown parents, parents of themselves and
//! circles are normal input.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::ids::StepId;
use crate::step::{Step, flags};

/// The steps of a run as a forest. Circles are cut above their member with the smallest id, so every
/// step is reached exactly once from some top step.
#[derive(Debug)]
pub struct Tree {
    parents: Vec<Option<usize>>,
    roots: Vec<usize>,
    tops: Vec<usize>,
}

impl Tree {
    /// Builds the forest; indices in it are those of `steps`.
    pub fn new(steps: &[Step]) -> Self {
        let index: HashMap<StepId, usize> = steps
            .iter()
            .enumerate()
            .map(|(at, step)| (step.id, at))
            .collect();
        let mut parents: Vec<Option<usize>> = steps
            .iter()
            .map(|step| step.parent.and_then(|id| index.get(&id).copied()))
            .collect();
        cut_circles(&mut parents, steps);
        let tops: Vec<usize> = (0..steps.len())
            .filter(|at| parents[*at].is_none())
            .collect();
        let is_root = |at: &usize| {
            let step: &Step = &steps[*at];
            let told = step.flags & flags::TOLD != 0;
            !told && (step.parent.is_none() || step.flags & flags::REMOTE_PARENT != 0)
        };
        let roots = tops.iter().copied().filter(is_root).collect();
        Self {
            parents,
            roots,
            tops,
        }
    }

    /// The parent of a step.
    pub fn parent(&self, at: usize) -> Option<usize> {
        self.parents[at]
    }

    /// Steps that nothing stands above: without a parent, or with one in another process that did
    /// not report to us. Steps told one by one by the native API are none.
    pub fn roots(&self) -> &[usize] {
        &self.roots
    }

    /// Steps without a known parent: roots, and steps whose parent has not arrived.
    pub fn tops(&self) -> &[usize] {
        &self.tops
    }

    /// The ancestors of a step, nearest first.
    pub fn ancestors(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parents[at], |at| self.parents[*at])
    }

    /// How many ancestors each step has. Each edge is walked once.
    pub fn depths(&self) -> Vec<usize> {
        let mut depths: Vec<Option<usize>> = vec![None; self.parents.len()];
        let mut path = Vec::new();
        for start in 0..self.parents.len() {
            let mut next = Some(start);
            while let Some(at) = next.filter(|at| depths[*at].is_none()) {
                path.push(at);
                next = self.parents[at];
            }
            let mut depth = next.and_then(|at| depths[at]).map_or(0, |depth| depth + 1);
            while let Some(at) = path.pop() {
                depths[at] = Some(depth);
                depth += 1;
            }
        }
        depths
            .into_iter()
            .map(|depth| depth.expect("every step was a start"))
            .collect()
    }

    /// For every step, the nearest of its ancestors that is marked. Each edge is walked once.
    pub fn nearest_marked_ancestors(
        &self,
        is_marked: impl Fn(usize) -> bool,
    ) -> Vec<Option<usize>> {
        let mut nearest: Vec<Option<usize>> = vec![None; self.parents.len()];
        let mut is_known = vec![false; self.parents.len()];
        let mut path = Vec::new();
        for start in 0..self.parents.len() {
            let mut next = Some(start);
            while let Some(at) = next.filter(|at| !is_known[*at]) {
                path.push(at);
                next = self.parents[at];
            }
            while let Some(at) = path.pop() {
                nearest[at] = self.parents[at].and_then(|parent| {
                    if is_marked(parent) {
                        Some(parent)
                    } else {
                        nearest[parent]
                    }
                });
                is_known[at] = true;
            }
        }
        nearest
    }

    /// All steps, each before its parent: the order in which sums are carried upwards.
    pub fn upwards(&self) -> Vec<usize> {
        let depths = self.depths();
        let mut order: Vec<usize> = (0..self.parents.len()).collect();
        order.sort_unstable_by_key(|at| std::cmp::Reverse(depths[*at]));
        order
    }

    /// For every step, whether one of its descendants is marked. Each edge is walked once.
    pub fn has_marked_descendant(&self, is_marked: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut above = vec![false; self.parents.len()];
        for at in (0..self.parents.len()).filter(|at| is_marked(*at)) {
            for ancestor in self.ancestors(at) {
                if std::mem::replace(&mut above[ancestor], true) {
                    break;
                }
            }
        }
        above
    }
}

fn cut_circles(parents: &mut [Option<usize>], steps: &[Step]) {
    const NEW: u32 = 0;
    let mut walk_of = vec![NEW; parents.len()];
    for start in 0..parents.len() {
        let walk = u32::try_from(start + 1).unwrap_or(u32::MAX);
        let mut here = start;
        while walk_of[here] == NEW {
            walk_of[here] = walk;
            let Some(parent) = parents[here] else { break };
            here = parent;
        }
        let closes_a_circle = walk_of[here] == walk && parents[here].is_some();
        if closes_a_circle {
            let members =
                std::iter::successors(parents[here], |at| parents[*at].filter(|_| *at != here));
            if let Some(smallest) = members.min_by_key(|at| steps[*at].id) {
                parents[smallest] = None;
            }
        }
    }
}
