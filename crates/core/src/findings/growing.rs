//! A prompt that grows from call to call and is never cut.

use std::collections::HashMap;

use crate::findings::view::{View, sum};
use crate::findings::{Detail, Finding};
use crate::step::{Step, StepStatus};
use crate::summary::effective_cost;

/// Calls from which on growth is looked at: below, a conversation is expected to gather.
pub(super) const CALLS_MIN: usize = 10;

/// How many times the first prompt the last one must be: each call then pays again for everything
/// that was said, and the sum of the prompts grows with the square of the calls.
const GROWTH_MIN: i64 = 4;

/// Tokens that the last prompt must have: below, growth costs cents whatever its shape.
const LAST_TOKENS_MIN: i64 = 20_000;

/// Percent of a prompt that the next one may lose and still count as not cut: tool results that are
/// left out, or a shorter system prompt. Who summarizes or cuts a conversation saves more.
const FALL_MAX_PERCENT: i64 = 10;

/// A call and the tokens of its prompt.
type Prompt = (usize, i64);

/// Whose conversation a call belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Lineage<'a> {
    /// That of one agent step.
    Agent(usize),
    /// That of the agent steps of this name under one step (or none), each of which makes one call:
    /// frameworks open such a step for every turn.
    Turns(Option<usize>, &'a str),
    /// No agent stands above it.
    Nobody,
}

/// Tokens of the prompt of a model call that this rule counts: one that ended and says how many.
/// None at all is how some senders say that they do not know.
pub(super) fn prompt_tokens(step: &Step) -> Option<i64> {
    let tokens = step.usage.input.or(step.usage.total)?;
    (tokens > 0 && step.status != StepStatus::Running).then_some(i64::from(tokens))
}

/// Whether a prompt that grew so has grown enough.
pub(super) fn is_growth(first_tokens: i64, last_tokens: i64) -> bool {
    last_tokens >= LAST_TOKENS_MIN && last_tokens >= first_tokens.saturating_mul(GROWTH_MIN)
}

/// A finding for every agent and model with [`CALLS_MIN`] or more calls, by their start, whose
/// prompts never fall by more than [`FALL_MAX_PERCENT`] from one to the next, the last one of at
/// least [`LAST_TOKENS_MIN`] tokens and [`GROWTH_MIN`] times the first.
///
/// The agent is the nearest step of kind agent above; without any, calls of one model belong
/// together. Models are kept apart because agents let a small one do side jobs. Calls without known
/// tokens are passed over.
pub(super) fn find(view: &View<'_>) -> Vec<Finding> {
    let agents = view.agents();
    let calls: Vec<Prompt> = view
        .model_calls()
        .filter_map(|at| Some((at, prompt_tokens(&view.steps[at])?)))
        .collect();
    let mut calls_of: HashMap<usize, usize> = HashMap::new();
    for agent in calls.iter().filter_map(|(at, _)| agents[*at]) {
        *calls_of.entry(agent).or_default() += 1;
    }
    let mut groups: HashMap<_, Vec<Prompt>> = HashMap::new();
    for (at, tokens) in calls {
        let lineage = match agents[at] {
            Some(agent) if calls_of[&agent] > 1 => Lineage::Agent(agent),
            Some(agent) => Lineage::Turns(view.tree.parent(agent), agent_name(&view.steps[agent])),
            None => Lineage::Nobody,
        };
        let key = (lineage, view.steps[at].model.as_deref());
        groups.entry(key).or_default().push((at, tokens));
    }
    let grown = groups.into_values().filter(|calls| grows(calls));
    let mut grown: Vec<(Vec<usize>, Detail)> = grown
        .map(|calls| {
            let detail = Detail::GrowingContext {
                first_tokens: calls[0].1,
                last_tokens: calls[calls.len() - 1].1,
            };
            (calls.into_iter().map(|(at, _)| at).collect(), detail)
        })
        .collect();
    view.keep_largest(&mut grown, |(calls, _)| calls);
    let finding = |(calls, detail): &(Vec<usize>, Detail)| {
        let agent = agents[calls[0]].map(|agent| agent_name(&view.steps[agent]));
        let agent = agent.filter(|name| !name.is_empty());
        let subject = agent.or(view.steps[calls[0]].model.as_deref());
        let cost = sum(calls.iter().map(|at| effective_cost(&view.steps[*at])));
        view.finding(*detail, calls, subject, cost)
    };
    grown.iter().map(finding).collect()
}

fn agent_name(agent: &Step) -> &str {
    agent.agent.as_deref().unwrap_or(&agent.name)
}

fn grows(calls: &[Prompt]) -> bool {
    let (Some((_, first)), Some((_, last))) = (calls.first(), calls.last()) else {
        return false;
    };
    let is_kept =
        |[(_, before), (_, after)]: &[Prompt; 2]| after * 100 >= before * (100 - FALL_MAX_PERCENT);
    calls.len() >= CALLS_MIN && is_growth(*first, *last) && calls.array_windows::<2>().all(is_kept)
}
