//! Few of the model calls cost most of the money.

use std::cmp::Reverse;

use crate::findings::view::View;
use crate::findings::{Detail, Finding, Runaway};
use crate::limits::FINDING_STEPS_MAX;
use crate::money::NanoUsd;
use crate::summary::effective_cost;

/// Model calls with a known cost from which on their costs are compared: a quarter is then three
/// calls or more, so that no single one makes the difference between quarters by chance.
pub(super) const CALLS_MIN: usize = 12;

/// What the model calls must cost together for rising costs to be told: half a dollar, far above
/// what an ordinary answer costs.
pub(super) const RISING_TOTAL_MIN: NanoUsd = NanoUsd(500_000_000);

/// How many times the first quarter the last one must cost. Where prompts grow evenly, that takes
/// one that ends nine times as long as it began: ordinary conversations stay below.
const RISING_TIMES_MIN: i128 = 4;

/// What the model calls must cost together for a single one to be told: a dollar, since one dear
/// answer at the end of cheap preparations is how many agents are built.
const ONE_CALL_TOTAL_MIN: NanoUsd = NanoUsd(1_000_000_000);

/// Percent of that which the single call must cost.
const ONE_CALL_MIN_PERCENT: i128 = 80;

/// A call and its cost.
type Priced = (usize, NanoUsd);

/// At most one finding, about the run's model calls with a known cost, [`CALLS_MIN`] at least:
/// either one costs [`ONE_CALL_MIN_PERCENT`] of a total of at least [`ONE_CALL_TOTAL_MIN`]; or the
/// last quarter of them by their start costs [`RISING_TIMES_MIN`] times the first or more, and all
/// of them at least [`RISING_TOTAL_MIN`].
///
/// A quarter is rounded down to whole calls. A first quarter that cost nothing compares with
/// nothing. Where both hold, the single call is what there is to see.
pub(super) fn find(view: &View<'_>) -> Vec<Finding> {
    let cost = |at: usize| Some((at, effective_cost(&view.steps[at])?));
    let calls: Vec<Priced> = view.model_calls().filter_map(cost).collect();
    if calls.len() < CALLS_MIN {
        return Vec::new();
    }
    let found = one_call(view, &calls).or_else(|| rising(view, &calls));
    found.into_iter().collect()
}

fn one_call(view: &View<'_>, calls: &[Priced]) -> Option<Finding> {
    let total = total(calls);
    let (dearest, cost) = calls.iter().copied().max_by_key(|(_, cost)| *cost)?;
    let is_most = i128::from(cost.0) * 100 >= i128::from(total.0) * ONE_CALL_MIN_PERCENT;
    if total < ONE_CALL_TOTAL_MIN || !is_most {
        return None;
    }
    let detail = Detail::RunawayCost(Runaway::OneCall { total });
    let model = view.steps[dearest].model.as_deref();
    Some(view.finding(detail, &[dearest], model, Some(cost)))
}

fn rising(view: &View<'_>, calls: &[Priced]) -> Option<Finding> {
    let quarter = calls.len() / 4;
    let (first, last) = (&calls[..quarter], &calls[calls.len() - quarter..]);
    let (first_quarter, last_quarter) = (total(first), total(last));
    let least = i128::from(first_quarter.0) * RISING_TIMES_MIN;
    let is_rising = first_quarter.0 > 0 && i128::from(last_quarter.0) >= least;
    if total(calls) < RISING_TOTAL_MIN || !is_rising {
        return None;
    }
    let detail = Detail::RunawayCost(Runaway::Rising {
        first_quarter,
        last_quarter,
    });
    let model = |at: usize| view.steps[at].model.as_deref();
    let (one, _) = last.first()?;
    let subject = model(*one).filter(|one| last.iter().all(|(at, _)| model(*at) == Some(*one)));
    let finding = view.finding(detail, &dearest(last), subject, Some(last_quarter));
    Some(Finding {
        count: i64::try_from(quarter).unwrap_or(i64::MAX),
        ..finding
    })
}

/// As many as a finding names of the dearest, by their start.
fn dearest(calls: &[Priced]) -> Vec<usize> {
    let mut dearest: Vec<usize> = (0..calls.len()).collect();
    dearest.sort_by_key(|at| Reverse(calls[*at].1));
    dearest.truncate(FINDING_STEPS_MAX);
    dearest.sort_unstable();
    dearest.into_iter().map(|at| calls[at].0).collect()
}

fn total(calls: &[Priced]) -> NanoUsd {
    let add = |sum: i64, (_, cost): &Priced| sum.saturating_add(cost.0);
    NanoUsd(calls.iter().fold(0, add))
}
