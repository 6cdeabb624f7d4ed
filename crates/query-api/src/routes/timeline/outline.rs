//! The steps of a run in the order in which a tree is read.

#[cfg(test)]
mod tests;

use runwatch_core::step::Step;
use runwatch_core::tree::Tree;
use runwatch_store::steps::SkeletonStep;

/// One step in its place in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Position of the step among those given.
    pub(super) step: usize,
    /// The line of its parent.
    pub(super) parent: Option<usize>,
    /// How many ancestors it has.
    pub(super) depth: usize,
    /// How many children it has.
    pub(super) children: usize,
}

/// The first lines of the tree in depth-first order; brothers stay in the order of `steps`. Nothing
/// is recursive, so that a chain of any length is as good as any other tree.
pub(super) fn outline(steps: &[SkeletonStep], lines_max: usize) -> Vec<Line> {
    let bare: Vec<Step> = steps.iter().map(bare).collect();
    let tree = Tree::new(&bare);
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for step in 0..steps.len() {
        if let Some(parent) = tree.parent(step) {
            children[parent].push(step);
        }
    }
    // What is to be shown next is last: step, the line of its parent, depth.
    let mut waiting: Vec<(usize, Option<usize>, usize)> = tree
        .tops()
        .iter()
        .rev()
        .map(|top| (*top, None, 0))
        .collect();
    let mut lines = Vec::new();
    while let Some((step, parent, depth)) = waiting.pop() {
        if lines.len() == lines_max {
            break;
        }
        let beneath = &children[step];
        let line = lines.len();
        lines.push(Line {
            step,
            parent,
            depth,
            children: beneath.len(),
        });
        waiting.extend(
            beneath
                .iter()
                .rev()
                .map(|child| (*child, Some(line), depth + 1)),
        );
    }
    lines
}

/// As much of a step as its place in the tree depends on.
fn bare(step: &SkeletonStep) -> Step {
    Step {
        parent: step.parent,
        flags: step.flags,
        duration_us: step.duration_us,
        ..Step::new(step.id, step.kind, step.status, step.started_at)
    }
}
