//! Which failures a run has: those it was told of, and its deepest failed steps.

use std::collections::{HashMap, HashSet};

use crate::failures::classify::{Evidence, classify};
use crate::failures::fingerprint::{fingerprint, template};
use crate::failures::{FailureId, FailureType, ToldFailure};
use crate::ids::StepId;
use crate::step::{Step, StepStatus};
use crate::summary::{Facts, Failure, Summary};
use crate::time::Timestamp;
use crate::tree::Tree;

/// One failure per failed step whose failed descendants do not already explain it (the deepest
/// cause), unless one that was told names the step; and those that were told.
pub(super) fn of(facts: Facts<'_>, tree: &Tree, summary: &Summary) -> Vec<Failure> {
    let failed = |at: usize| facts.steps[at].status == StepStatus::Failed;
    if facts.told_failures.is_empty() && !(0..facts.steps.len()).any(failed) {
        return Vec::new();
    }
    let explained = tree.has_marked_descendant(failed);
    let told: HashSet<StepId> = facts
        .told_failures
        .iter()
        .filter_map(|failure| failure.step)
        .collect();
    let by_id: HashMap<StepId, &Step> = facts.steps.iter().map(|step| (step.id, step)).collect();
    let agent = summary.agent.as_deref().unwrap_or_default();
    let steps = (0..facts.steps.len())
        .filter(|at| failed(*at) && !explained[*at])
        .map(|at| &facts.steps[at])
        .filter(|step| !told.contains(&step.id))
        .map(|step| of_step(step, agent));
    let told = facts.told_failures.iter().map(|failure| {
        let step = failure.step.and_then(|id| by_id.get(&id).copied());
        of_told(failure, step, summary, agent)
    });
    let mut failures: Vec<Failure> = steps.chain(told).collect();
    failures.sort_unstable_by_key(|failure| failure.id);
    failures
}

fn of_step(step: &Step, agent: &str) -> Failure {
    let error = step.error.as_ref();
    let message = error.and_then(|error| error.message.clone().or_else(|| error.kind.clone()));
    let kind = error
        .and_then(|error| error.decided)
        .unwrap_or_else(|| decide(step));
    grouped(
        Failure {
            id: FailureId::of_step(step.id),
            step: Some(step.id),
            step_name: step.name.clone(),
            kind,
            code: error.and_then(|error| error.code.clone()),
            message: message.unwrap_or_default(),
            at: step.ended_at().unwrap_or(step.started_at),
            told: None,
            fingerprint: crate::failures::Fingerprint(uuid::Uuid::nil()),
            template: String::new(),
        },
        agent,
    )
}

fn of_told(told: &ToldFailure, step: Option<&Step>, summary: &Summary, agent: &str) -> Failure {
    let end = |step: &Step| step.ended_at().unwrap_or(step.started_at);
    let at = told
        .at
        .or(step.map(end))
        .or(summary.ended_at)
        .or(summary.started_at);
    grouped(
        Failure {
            id: told.id,
            step: told.step,
            step_name: step.map(|step| step.name.clone()).unwrap_or_default(),
            kind: told.kind,
            code: told.code.clone(),
            message: told.message.clone(),
            at: at.unwrap_or(Timestamp(0)),
            told: Some(told.at),
            fingerprint: crate::failures::Fingerprint(uuid::Uuid::nil()),
            template: String::new(),
        },
        agent,
    )
}

/// The type that the rules decide for a failed step.
fn decide(step: &Step) -> FailureType {
    let error = step.error.as_ref();
    classify(Evidence {
        step: Some(step.kind),
        kind: error.and_then(|error| error.kind.as_deref()),
        code: error.and_then(|error| error.code.as_deref()),
        message: error.and_then(|error| error.message.as_deref()),
    })
}

fn grouped(mut failure: Failure, agent: &str) -> Failure {
    failure.template = template(&failure.message);
    failure.fingerprint = fingerprint(failure.kind, agent, &failure.step_name, &failure.template);
    failure
}
