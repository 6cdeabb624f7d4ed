//! The same thing tried again and again, each time in vain.

use std::collections::HashMap;

use crate::findings::view::{View, sum};
use crate::findings::{Detail, Finding};
use crate::step::{Step, StepKind, StepStatus};
use crate::time::MINUTE_US;

/// Failed attempts from which on it is a storm. The clients of OpenAI and Anthropic try again twice by
/// default (`max_retries` in their SDKs): five failures in a row are seldom meant.
pub(super) const ATTEMPTS_MIN: usize = 5;

/// Microseconds from the end of one attempt to the start of the next within which they belong together:
/// those clients wait 8 s at most, and a minute is what rate limits ask for.
const NEXT_WITHIN_US: i64 = MINUTE_US;

/// What makes attempts the same: kind, tool or else model, and name.
type Attempted<'a> = (StepKind, &'a str, &'a str);

/// Attempts by their start, and whether the next one succeeded.
struct Storm {
    attempts: Vec<usize>,
    recovered: bool,
}

/// A finding for every [`ATTEMPTS_MIN`] or more failed steps of the same kind, tool or model, and
/// name, siblings or not, each of which starts within [`NEXT_WITHIN_US`] of the end of the one before.
///
/// A success in between ends the storm: what is answered every other time is no storm. Steps that
/// run or were called off neither end nor feed it. Where an attempt lies within another of the same
/// name, the inner one counts. A storm each of whose attempts holds attempts of another storm is
/// left out, as failures are: the deepest cause stands for it.
pub(super) fn find(view: &View<'_>) -> Vec<Finding> {
    let mut storms = Vec::new();
    for attempts in attempts(view).values() {
        split(view, attempts, &mut storms);
    }
    leave_out_explained(view, &mut storms);
    view.keep_largest(&mut storms, |storm| &storm.attempts);
    if storms.is_empty() {
        return Vec::new();
    }
    let costs = view.costs_with_below();
    let finding = |storm: &Storm| {
        let steps = || storm.attempts.iter().map(|at| &view.steps[*at]);
        let first = &view.steps[storm.attempts[0]];
        let ends = steps().map(|step| step.ended_at().unwrap_or(step.started_at));
        let last_end = ends.max().unwrap_or(first.started_at);
        let detail = Detail::RetryStorm {
            within_us: View::between(first.started_at, last_end),
            recovered: storm.recovered,
        };
        let wasted = sum(storm.attempts.iter().map(|at| costs[*at]));
        view.finding(detail, &storm.attempts, subject(first), wasted)
    };
    storms.iter().map(finding).collect()
}

fn attempted(step: &Step) -> Attempted<'_> {
    let what = step.tool.as_deref().or(step.model.as_deref());
    (step.kind, what.unwrap_or_default(), &step.name)
}

fn subject(step: &Step) -> Option<&str> {
    let named = Some(step.name.as_str()).filter(|name| !name.is_empty());
    let tool = step.tool.as_deref().or(step.model.as_deref());
    tool.or(step.agent.as_deref()).or(named)
}

/// Of everything that failed often enough all attempts that ended, by their start.
fn attempts<'a>(view: &View<'a>) -> HashMap<Attempted<'a>, Vec<usize>> {
    let steps = view.steps;
    let has_failed = |at: usize| steps[at].status == StepStatus::Failed;
    let mut holds_another = vec![false; steps.len()];
    for at in (0..steps.len()).filter(|at| has_failed(*at)) {
        for above in view.enclosing(at).filter(|above| has_failed(*above)) {
            holds_another[above] |= attempted(&steps[above]) == attempted(&steps[at]);
        }
    }
    let mut failures: HashMap<Attempted<'a>, usize> = HashMap::new();
    for at in (0..steps.len()).filter(|at| has_failed(*at) && !holds_another[*at]) {
        *failures.entry(attempted(&steps[at])).or_default() += 1;
    }
    let mut attempts: HashMap<Attempted<'a>, Vec<usize>> = failures
        .into_iter()
        .filter(|(_, count)| *count >= ATTEMPTS_MIN)
        .map(|(attempted, _)| (attempted, Vec::new()))
        .collect();
    if attempts.is_empty() {
        return attempts;
    }
    for at in view.order.iter().copied() {
        let is_attempt = match steps[at].status {
            StepStatus::Failed => !holds_another[at],
            StepStatus::Unset | StepStatus::Succeeded => true,
            StepStatus::Running | StepStatus::Cancelled => false,
        };
        if is_attempt && let Some(same) = attempts.get_mut(&attempted(&steps[at])) {
            same.push(at);
        }
    }
    attempts
}

/// Splits attempts at successes and long pauses, and keeps what is long enough.
fn split(view: &View<'_>, attempts: &[usize], storms: &mut Vec<Storm>) {
    let mut row: Vec<usize> = Vec::new();
    let mut end = |row: &mut Vec<usize>, recovered: bool| {
        let attempts = std::mem::take(row);
        if attempts.len() >= ATTEMPTS_MIN {
            storms.push(Storm {
                attempts,
                recovered,
            });
        }
    };
    for at in attempts.iter().copied() {
        let step = &view.steps[at];
        if step.status != StepStatus::Failed {
            end(&mut row, true);
            continue;
        }
        let last = row.last().map(|last| &view.steps[*last]);
        let last = last.map(|last| last.ended_at().unwrap_or(last.started_at));
        if last.is_some_and(|last| View::between(last, step.started_at) > NEXT_WITHIN_US) {
            end(&mut row, false);
        }
        row.push(at);
    }
    end(&mut row, false);
}

fn leave_out_explained(view: &View<'_>, storms: &mut Vec<Storm>) {
    if storms.len() < 2 {
        return;
    }
    let mut is_attempt = vec![false; view.steps.len()];
    for at in storms.iter().flat_map(|storm| &storm.attempts) {
        is_attempt[*at] = true;
    }
    let explained = view.tree.has_marked_descendant(|at| is_attempt[at]);
    storms.retain(|storm| !storm.attempts.iter().all(|at| explained[*at]));
}
