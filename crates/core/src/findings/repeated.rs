//! The same tool with the same arguments, again and again.

use std::collections::HashMap;

use crate::findings::view::{View, sum};
use crate::findings::{Detail, Finding};
use crate::step::{Step, StepKind, StepStatus};

/// Calls from which on it is a repetition. Ordinary agents look again twice or three times: after a
/// correction, before the answer. Tools that wait or ask for a status are repeated by design and
/// cannot be told apart; five lets the short waits pass.
pub(super) const CALLS_MIN: usize = 5;

/// The tool and the hash of the arguments of a call that this rule counts: one that ended and did
/// not fail. Failed ones are tried again with reason and belong to the storms; of those that run
/// nobody knows yet. Arguments that nobody told of are unknown, not equal; told ones that are empty
/// are equal, since a tool without arguments that is called five times tells the same thing too.
pub(super) fn call(step: &Step) -> Option<(&str, i64)> {
    let is_done = matches!(step.status, StepStatus::Unset | StepStatus::Succeeded);
    if step.kind != StepKind::Tool || !is_done {
        return None;
    }
    Some((step.tool.as_deref()?, step.args_hash?))
}

/// A finding for every tool and arguments that one agent called [`CALLS_MIN`] times or more.
///
/// The agent is the nearest step of kind agent above, or none: five helpers that each look the same
/// thing up once are no loop. A call within the same call is that call, seen by another
/// instrumentation. What is wasted is all but the first, with everything below.
pub(super) fn find(view: &View<'_>) -> Vec<Finding> {
    let agents = view.agents();
    let mut groups: HashMap<(Option<usize>, &str, i64), Vec<usize>> = HashMap::new();
    for at in view.order.iter().copied() {
        if let Some((tool, hash)) = call(&view.steps[at])
            && !is_seen_above(view, at)
        {
            groups.entry((agents[at], tool, hash)).or_default().push(at);
        }
    }
    let mut groups: Vec<Vec<usize>> = groups
        .into_values()
        .filter(|calls| calls.len() >= CALLS_MIN)
        .collect();
    leave_out_echoes(view, &mut groups);
    view.keep_largest(&mut groups, Vec::as_slice);
    if groups.is_empty() {
        return Vec::new();
    }
    let costs = view.costs_with_below();
    let finding = |calls: &Vec<usize>| {
        let (first, last) = (&view.steps[calls[0]], &view.steps[calls[calls.len() - 1]]);
        let within_us = View::between(first.started_at, last.started_at);
        let wasted = sum(calls.iter().skip(1).map(|at| costs[*at]));
        let detail = Detail::RepeatedToolCall { within_us };
        view.finding(detail, calls, first.tool.as_deref(), wasted)
    };
    groups.iter().map(finding).collect()
}

/// Whether the step lies within the same call of the same tool.
fn is_seen_above(view: &View<'_>, at: usize) -> bool {
    let own = call(&view.steps[at]);
    view.enclosing(at)
        .any(|above| call(&view.steps[above]) == own)
}

/// Leaves out groups all of whose calls lie within repeated calls of the same tool: another
/// instrumentation's words for the same arguments.
fn leave_out_echoes(view: &View<'_>, groups: &mut Vec<Vec<usize>>) {
    if groups.len() < 2 {
        return;
    }
    let mut is_repeated = vec![false; view.steps.len()];
    for at in groups.iter().flatten() {
        is_repeated[*at] = true;
    }
    let is_echo = |at: &usize| {
        let tool = &view.steps[*at].tool;
        view.enclosing(*at)
            .any(|above| is_repeated[above] && view.steps[above].tool == *tool)
    };
    groups.retain(|calls| !calls.iter().all(is_echo));
}
