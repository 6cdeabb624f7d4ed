//! What follows from all that is known of a run: its status, totals, failures, findings and
//! contribution.
//!
//! It is a pure function of the stored facts, never of the order in which they arrived.

mod contribution;
mod failures;
mod status;
#[cfg(test)]
mod tests;

use crate::claims::{Claims, Field};
use crate::failures::{FailureId, FailureType, Fingerprint, ToldFailure};
use crate::findings::{self, Finding};
use crate::ids::StepId;
use crate::money::NanoUsd;
use crate::rollup::Contribution;
use crate::run::RunStatus;
use crate::step::{Step, StepKind, StepStatus};
use crate::time::Timestamp;
use crate::tree::Tree;

/// All that is known of a run.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What was said of it as a whole.
    pub claims: &'a Claims,
    /// Its steps.
    pub steps: &'a [Step],
    /// The failures that its sender told of.
    pub told_failures: &'a [ToldFailure],
    /// Nothing was received for so long that its end is not waited for any more.
    pub abandoned: bool,
}

/// What follows from the [`Facts`] of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Whether it is a run, or a trace of something else.
    pub is_run: bool,
    /// Where it stands.
    pub status: RunStatus,
    /// Known only through parts of it: neither told as a whole nor has its root arrived.
    pub provisional: bool,
    /// The agent's name.
    pub agent: Option<String>,
    /// When it started; none if nothing says so.
    pub started_at: Option<Timestamp>,
    /// When it ended; none while it runs.
    pub ended_at: Option<Timestamp>,
    /// The step whose input and output are the run's, unless they were told.
    pub main_step: Option<StepId>,
    /// Counts and sums over its steps.
    pub totals: Totals,
    /// Models that its steps used, in order, each once.
    pub models: Vec<String>,
    /// Tools that its steps called, in order, each once.
    pub tools: Vec<String>,
    /// What went wrong in it.
    pub failures: Vec<Failure>,
    /// Costly patterns that its steps show, the largest first.
    pub findings: Vec<Finding>,
    /// What it adds to the rollups.
    pub contribution: Contribution,
}

/// Counts and sums over the steps of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// All steps.
    pub steps: i64,
    /// Steps that failed.
    pub failed_steps: i64,
    /// Tokens of prompts, cached ones included.
    pub input_tokens: i64,
    /// Tokens of answers, reasoning included.
    pub output_tokens: i64,
    /// The part of `input_tokens` that was read from a cache.
    pub cached_tokens: i64,
    /// The part of `output_tokens` that was reasoning.
    pub reasoning_tokens: i64,
    /// Cost; none if no step's cost is known.
    pub cost: Option<NanoUsd>,
}

/// A failure as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its id within the run.
    pub id: FailureId,
    /// The step that it happened in.
    pub step: Option<StepId>,
    /// That step's name; empty if none is known.
    pub step_name: String,
    /// Its type.
    pub kind: FailureType,
    /// Code of the provider, tool or program.
    pub code: Option<String>,
    /// Message.
    pub message: String,
    /// When it happened: as told, else the end of its step, else that of the run.
    pub at: Timestamp,
    /// Whether the sender told of it by itself, and when it then said that it happened.
    pub told: Option<Option<Timestamp>>,
    /// The group that it belongs to.
    pub fingerprint: Fingerprint,
    /// Its message with the variable parts removed: the group's title.
    pub template: String,
}

/// Draws the conclusions from what is known of a run.
pub fn summarize(facts: Facts<'_>) -> Summary {
    let tree = Tree::new(facts.steps);
    let root = earliest(tree.roots(), facts.steps);
    let (top_agent, named_agent) = top_agents(&tree, facts.steps);
    let counted = counted_usage(&tree, facts.steps);
    let end = status::end(facts, root, named_agent.or(top_agent));
    let mut summary = Summary {
        is_run: facts.claims.is_run() || facts.steps.iter().any(|step| step.kind.makes_a_run()),
        status: end.status,
        provisional: !facts.claims.is_run() && root.is_none(),
        agent: agent(facts, &tree, root, [top_agent, named_agent]).map(str::to_owned),
        started_at: started_at(facts),
        ended_at: end.at,
        main_step: top_agent.or(root).map(|at| facts.steps[at].id),
        totals: totals(facts.steps, &counted),
        models: distinct(facts.steps, |step| step.model.as_deref()),
        tools: distinct(facts.steps, |step| step.tool.as_deref()),
        findings: findings::of(facts.steps, &tree, &counted),
        ..Summary::default()
    };
    summary.failures = failures::of(facts, &tree, &summary);
    summary.contribution = contribution::of(facts, &counted, &summary);
    summary
}

/// The cost that counts for a step: what its sender reported, else what the price table says.
pub fn effective_cost(step: &Step) -> Option<NanoUsd> {
    step.reported_cost.or(step.cost)
}

fn earliest(among: &[usize], steps: &[Step]) -> Option<usize> {
    among
        .iter()
        .copied()
        .min_by_key(|at| (steps[*at].started_at, steps[*at].id))
}

/// The topmost step of kind agent, nearest to the top, then earliest; and the topmost of those that
/// name an agent, since frameworks wrap their agents into a workflow without a name.
fn top_agents(tree: &Tree, steps: &[Step]) -> (Option<usize>, Option<usize>) {
    let is_agent = |at: &usize| steps[*at].kind == StepKind::Agent;
    if !(0..steps.len()).any(|at| is_agent(&at)) {
        return (None, None);
    }
    let depths = tree.depths();
    let agents = (0..steps.len()).filter(is_agent);
    let order = |at: &usize| (depths[*at], steps[*at].started_at, steps[*at].id);
    let named = agents.clone().filter(|at| steps[*at].agent.is_some());
    (agents.min_by_key(order), named.min_by_key(order))
}

/// The agent's name: the first source of otel.md §3.3 that says one.
fn agent<'a>(
    facts: Facts<'a>,
    tree: &Tree,
    root: Option<usize>,
    [top_agent, named_agent]: [Option<usize>; 2],
) -> Option<&'a str> {
    let steps = facts.steps;
    let named = |text: &'a str| Some(text).filter(|text| !text.is_empty());
    let top = root.or_else(|| earliest(tree.tops(), steps));
    let claims = facts.claims;
    claims
        .told(Field::AgentName)
        .or_else(|| steps[named_agent?].agent.as_deref())
        .or_else(|| claims.get(Field::AgentName))
        .or_else(|| named(&steps[top_agent?].name))
        .or_else(|| steps[top?].agent.as_deref())
        .or_else(|| named(&steps[root?].name))
        .or_else(|| claims.get(Field::ServiceName))
        .or_else(|| named(&steps[top?].name))
}

/// As it was said, else the start of the first step, else the time of receipt.
fn started_at(facts: Facts<'_>) -> Option<Timestamp> {
    let said = facts.claims.said(Field::StartedAt).and_then(status::time);
    said.or_else(|| facts.steps.iter().map(|step| step.started_at).min())
        .or_else(|| facts.claims.get(Field::StartedAt).and_then(status::time))
}

/// Whose usage and cost count: steps that carry some while no descendant does; and agents and
/// chains only when no other step's counts (otel.md §3.4 rule 1: their sums repeat their children's,
/// also where those are missing).
fn counted_usage(tree: &Tree, steps: &[Step]) -> Vec<bool> {
    let carries = |at: usize| steps[at].usage.is_some() || effective_cost(&steps[at]).is_some();
    let below = tree.has_marked_descendant(carries);
    let sums_up = |at: usize| matches!(steps[at].kind, StepKind::Agent | StepKind::Chain);
    let lowest: Vec<bool> = (0..steps.len())
        .map(|at| carries(at) && !below[at])
        .collect();
    let any_call = (0..steps.len()).any(|at| lowest[at] && !sums_up(at));
    (0..steps.len())
        .map(|at| lowest[at] && !(any_call && sums_up(at)))
        .collect()
}

fn totals(steps: &[Step], counted: &[bool]) -> Totals {
    let mut totals = Totals {
        steps: len(steps.len()),
        ..Totals::default()
    };
    for (step, counted) in steps.iter().zip(counted) {
        totals.failed_steps += i64::from(step.status == StepStatus::Failed);
        if *counted {
            let usage = step.usage;
            totals.input_tokens += i64::from(usage.input.or(usage.total).unwrap_or(0));
            totals.output_tokens += i64::from(usage.output.unwrap_or(0));
            totals.cached_tokens += i64::from(usage.cached.unwrap_or(0));
            totals.reasoning_tokens += i64::from(usage.reasoning.unwrap_or(0));
            if let Some(cost) = effective_cost(step) {
                let sum = totals.cost.get_or_insert_default();
                sum.0 = sum.0.saturating_add(cost.0);
            }
        }
    }
    totals
}

fn distinct<'a>(steps: &'a [Step], field: impl Fn(&'a Step) -> Option<&'a str>) -> Vec<String> {
    let names: std::collections::BTreeSet<&str> = steps.iter().filter_map(field).collect();
    names
        .into_iter()
        .take(crate::limits::NAMES_PER_RUN_MAX)
        .map(str::to_owned)
        .collect()
}

fn len(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
