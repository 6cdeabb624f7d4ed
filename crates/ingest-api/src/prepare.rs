//! What is done to every run that arrives, whatever it was sent as, before it queues up for its
//! transaction: names and times made fit, costs and failure types decided, conclusions drawn,
//! payloads compressed.

use std::collections::{BTreeMap, HashSet};

use runwatch_core::failures::classify::{Evidence, classify};
use runwatch_core::hash::ContentKey;
use runwatch_core::ids::StepId;
use runwatch_core::limits::{
    DECODED_BYTES_MAX, ERROR_MESSAGE_BYTES_MAX, FUTURE_MINUTES_MAX, PAST_DAYS_MAX,
    STEP_DURATION_DAYS_MAX,
};
use runwatch_core::payload::{Owner, Part};
use runwatch_core::prices::{Call, PriceBook};
use runwatch_core::redact::Redactor;
use runwatch_core::run::RunPart;
use runwatch_core::step::{Step, StepStatus, flags};
use runwatch_core::summary::{Facts, summarize};
use runwatch_core::text;
use runwatch_core::time::{DAY_US, MINUTE_US, Timestamp};
use runwatch_store::error::Result;
use runwatch_store::ingest::ArrivingRun;
use runwatch_store::payloads;

#[cfg(test)]
mod tests;

/// What preparing needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The secret under which the project's contents are hashed.
    pub key: ContentKey,
    /// When the request was received.
    pub received_at: Timestamp,
    /// What models cost.
    pub prices: &'a PriceBook,
    /// What is taken out of texts.
    pub redactor: &'a Redactor,
}

impl Context<'_> {
    /// Whether a time lies so near to that of receipt that it can be believed.
    pub(crate) fn believes(&self, at: Timestamp) -> bool {
        let earliest = self.received_at.0 - PAST_DAYS_MAX * DAY_US;
        let latest = self.received_at.0 + FUTURE_MINUTES_MAX * MINUTE_US;
        (earliest..=latest).contains(&at.0)
    }
}

/// Prepares what a request says of one run. `is_item` tells whether the run itself was sent, or
/// only something of it.
pub(crate) fn prepare(context: Context<'_>, mut part: RunPart, is_item: bool) -> ArrivingRun {
    context.redactor.run(context.key, &mut part);
    for step in &mut part.steps {
        fit_names(step);
        fit_times(context, step);
        price(context, step);
        decide_failure(step);
    }
    fit_payloads(&mut part, DECODED_BYTES_MAX);
    let chunk = payloads::chunk(context.key, &part);
    part.payloads = Vec::new();
    summarized(part, chunk, is_item)
}

/// Divides a run in two, so that what the database refuses can be found; none if it is one item.
pub(crate) fn split(key: ContentKey, run: &ArrivingRun) -> Result<Option<[ArrivingRun; 2]>> {
    let has_more = run.is_item || !run.part.failures.is_empty() || !run.part.feedback.is_empty();
    let steps = &run.part.steps;
    if steps.is_empty() || (steps.len() == 1 && !has_more) {
        return Ok(None);
    }
    let (first, second) = steps.split_at(steps.len() / 2);
    let chunk_without = |dropped: &[Step], of_run: &[Part]| {
        let dropped: HashSet<StepId> = dropped.iter().map(|step| step.id).collect();
        let chunk = run
            .chunk
            .as_ref()
            .map(|chunk| chunk.without(key, &dropped, of_run));
        chunk.transpose().map(Option::flatten)
    };
    let part = |steps: &[Step]| RunPart {
        claims: run.part.claims.clone(),
        steps: steps.to_vec(),
        ..RunPart::empty(run.part.run_id)
    };
    let with_run = RunPart {
        failures: run.part.failures.clone(),
        feedback: run.part.feedback.clone(),
        ..part(first)
    };
    Ok(Some([
        summarized(with_run, chunk_without(second, &[])?, run.is_item),
        summarized(part(second), chunk_without(first, &Part::OF_RUN)?, false),
    ]))
}

fn summarized(part: RunPart, chunk: Option<payloads::Chunk>, is_item: bool) -> ArrivingRun {
    let summary = summarize(Facts {
        claims: &part.claims,
        steps: &part.steps,
        told_failures: &part.failures,
        abandoned: false,
    });
    ArrivingRun {
        part,
        summary,
        chunk,
        is_item,
    }
}

fn fit_names(step: &mut Step) {
    let mut said = step.flags;
    let mut fit = |name: &mut String| {
        let (fitting, replaced, is_cut) = text::name(name);
        said |= if replaced { flags::SANITIZED } else { 0 };
        said |= if is_cut { flags::TRUNCATED } else { 0 };
        if replaced || is_cut {
            *name = fitting.into_owned();
        }
    };
    fit(&mut step.name);
    let names = [
        &mut step.agent,
        &mut step.model,
        &mut step.provider,
        &mut step.tool,
        &mut step.capability,
    ];
    names.into_iter().flatten().for_each(&mut fit);
    if let Some(error) = &mut step.error {
        [&mut error.kind, &mut error.code]
            .into_iter()
            .flatten()
            .for_each(&mut fit);
        if let Some(message) = &mut error.message {
            *message = fit_message(message);
        }
    }
    step.flags = said;
}

/// A failure's message as it is kept beside its step.
pub(crate) fn fit_message(message: &str) -> String {
    text::cut(&text::without_nul(message), ERROR_MESSAGE_BYTES_MAX).to_owned()
}

/// A start that cannot be believed becomes the time of receipt, so that one wrong clock does not
/// spoil every list and rollup; the duration is kept.
fn fit_times(context: Context<'_>, step: &mut Step) {
    if !context.believes(step.started_at) {
        step.started_at = context.received_at;
        step.flags |= flags::CLOCK;
    }
    if let Some(duration) = &mut step.duration_us {
        let longest = STEP_DURATION_DAYS_MAX * DAY_US;
        if !(0..=longest).contains(duration) {
            *duration = (*duration).clamp(0, longest);
            step.flags |= flags::CLOCK;
        }
    }
}

/// Leaves out what does not fit into so many bytes, and flags the steps that it is of. A request has no more
/// itself, but what it has may be longer as JSON; a chunk that is too large could not be read again.
fn fit_payloads(part: &mut RunPart, mut room: usize) {
    let mut cut: HashSet<StepId> = HashSet::new();
    // What is said of the run itself is little: it comes first.
    part.payloads
        .sort_by_key(|payload| payload.owner != Owner::Run);
    part.payloads.retain(|payload| {
        let (owners, count): (&[StepId], _) = match &payload.owner {
            Owner::Run => (&[], 0),
            Owner::Steps(steps) => (steps, steps.len()),
        };
        let fits = payload.body.len() + count <= room;
        if fits {
            room -= payload.body.len() + count;
        } else {
            cut.extend(owners);
        }
        fits
    });
    for step in &mut part.steps {
        if cut.contains(&step.id) {
            step.flags |= flags::TRUNCATED;
        }
    }
}

fn price(context: Context<'_>, step: &mut Step) {
    let Some(model) = step.model.as_deref().filter(|_| step.usage.is_some()) else {
        return;
    };
    let call = Call {
        provider: step.provider.as_deref(),
        model,
        usage: step.usage,
        at: step.started_at,
    };
    if let Some(priced) = context.prices.price(&call) {
        step.cost = Some(priced.cost);
        step.price_version = Some(priced.version);
    }
}

fn decide_failure(step: &mut Step) {
    if step.status != StepStatus::Failed {
        return;
    }
    let error = step.error.get_or_insert_default();
    error.decided = Some(classify(Evidence {
        step: Some(step.kind),
        kind: error.kind.as_deref(),
        code: error.code.as_deref(),
        message: error.message.as_deref(),
    }));
}

/// Counts refused items by the code of their reason.
pub(crate) fn by_code<'c>(codes: impl Iterator<Item = &'c str>) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for code in codes {
        *counts.entry(code.to_owned()).or_default() += 1;
    }
    counts
}
