//! How what arrives is merged with what is there: pure, and the same result for every order.
//!
//! A finished step is immutable: an identical copy is a duplicate, another one a conflict. An
//! unfinished copy yields to a finished one, whichever comes first; of two different unfinished
//! copies the one with the greater hash stays, a choice that no order of arrival changes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use runwatch_core::claims::{Claims, Field};
use runwatch_core::failures::{FailureId, ToldFailure};
use runwatch_core::ids::StepId;
use runwatch_core::payload::Part;
use runwatch_core::step::Step;
use runwatch_core::summary::{Facts, Summary, summarize};

use crate::ingest::{ArrivingRun, Conflict, ConflictingItem, RunVerdict};

/// What is stored of a run.
#[derive(Debug, Default)]
pub(super) struct Stored {
    pub(super) claims: Claims,
    /// All its steps, or only those that arrive again if it has too many.
    pub(super) steps: Vec<Step>,
    pub(super) told_failures: Vec<ToldFailure>,
}

/// What is to be stored of a run.
pub(super) struct Merged<'a> {
    pub(super) claims: Cow<'a, Claims>,
    /// Arriving steps that are to be inserted, by part.
    pub(super) steps: Vec<(usize, &'a Step)>,
    /// Stored steps that are replaced by one of them.
    pub(super) replaced: Vec<StepId>,
    /// All failures that were told.
    pub(super) told_failures: Vec<ToldFailure>,
    /// Those of them that were not stored before.
    pub(super) new_failures: Vec<&'a ToldFailure>,
    /// What became of each part.
    pub(super) verdicts: Vec<RunVerdict>,
    /// What is left out of each part's payloads.
    pub(super) left_out: Vec<LeftOut>,
    /// Whether anything was new.
    pub(super) changed: bool,
}

/// What is left out of the payloads of a part, because it is there already or was refused.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    pub(super) steps: HashSet<StepId>,
    /// Parts of the run as a whole.
    pub(super) of_run: Vec<Part>,
}

impl LeftOut {
    /// Whether all of it is stored.
    pub(super) fn is_nothing(&self) -> bool {
        self.steps.is_empty() && self.of_run.is_empty()
    }
}

/// Where the copy of a step that stands so far comes from.
#[derive(Clone, Copy)]
struct Standing {
    content_hash: i64,
    is_finished: bool,
    /// The part that brought it; none if it is stored.
    part: Option<usize>,
}

enum Decision {
    New,
    Duplicate,
    Replace,
    Conflict,
}

/// Merges what several requests say of one run into what is stored of it.
pub(super) fn merge<'a>(stored: Option<&Stored>, parts: &[&'a ArrivingRun]) -> Merged<'a> {
    let mut merging = Merging {
        standing: stored.map(standing).unwrap_or_default(),
        fresh: HashMap::new(),
        merged: Merged {
            claims: Cow::Owned(
                stored
                    .map(|stored| stored.claims.clone())
                    .unwrap_or_default(),
            ),
            steps: Vec::new(),
            replaced: Vec::new(),
            told_failures: stored
                .map(|stored| stored.told_failures.clone())
                .unwrap_or_default(),
            new_failures: Vec::new(),
            verdicts: Vec::new(),
            left_out: Vec::new(),
            changed: false,
        },
    };
    let mut is_new = stored.is_none();
    for (at, part) in parts.iter().enumerate() {
        let (verdict, left_out) = merging.take(at, part, is_new);
        is_new = false;
        merging.merged.changed |= verdict.stored > 0;
        merging.merged.verdicts.push(verdict);
        merging.merged.left_out.push(left_out);
    }
    merging.finish(parts)
}

/// What follows from everything: what is stored and stays, and what arrives and is taken.
pub(super) fn summarize_all(stored: &Stored, merged: &Merged<'_>) -> Summary {
    let replaced: HashSet<StepId> = merged.replaced.iter().copied().collect();
    let kept = stored
        .steps
        .iter()
        .filter(|step| !replaced.contains(&step.id))
        .cloned();
    let mut steps: Vec<Step> = kept
        .chain(merged.steps.iter().map(|(_, step)| (*step).clone()))
        .collect();
    steps.sort_unstable_by_key(|step| step.id);
    summarize(Facts {
        claims: &merged.claims,
        steps: &steps,
        told_failures: &merged.told_failures,
        abandoned: false,
    })
}

fn standing(stored: &Stored) -> HashMap<StepId, Standing> {
    let standing = |step: &Step| Standing {
        content_hash: step.content_hash,
        is_finished: step.is_finished(),
        part: None,
    };
    stored
        .steps
        .iter()
        .map(|step| (step.id, standing(step)))
        .collect()
}

struct Merging<'a> {
    standing: HashMap<StepId, Standing>,
    fresh: HashMap<StepId, &'a Step>,
    merged: Merged<'a>,
}

impl<'a> Merging<'a> {
    fn take(&mut self, at: usize, part: &'a ArrivingRun, is_new: bool) -> (RunVerdict, LeftOut) {
        let mut verdict = RunVerdict::default();
        let claims = &part.part.claims;
        if let Some(contradiction) = self.merged.claims.contradiction(claims) {
            let message = contradiction.to_string();
            verdict.conflicts.push(Conflict {
                what: ConflictingItem::Run,
                message,
            });
            let steps = part.part.steps.iter().map(|step| step.id).collect();
            let of_run = Part::OF_RUN.to_vec();
            return (verdict, LeftOut { steps, of_run });
        }
        let mut of_run = self.known_parts(claims);
        let adds = self.add_claims(claims);
        let says_more = is_new || adds;
        if part.is_item {
            if says_more {
                verdict.stored += 1
            } else {
                verdict.duplicates += 1
            }
        }
        self.merged.changed |= says_more;
        if !says_more {
            of_run = Part::OF_RUN.to_vec();
        }
        let mut left_out = LeftOut {
            steps: HashSet::new(),
            of_run,
        };
        for step in &part.part.steps {
            self.take_step(at, step, &mut verdict, &mut left_out);
        }
        for failure in &part.part.failures {
            self.take_failure(failure, &mut verdict);
        }
        (verdict, left_out)
    }

    /// The parts of the run that are stored already as these claims have them.
    fn known_parts(&self, claims: &Claims) -> Vec<Part> {
        let fields = [(Field::Input, Part::Input), (Field::Output, Part::Output)];
        let is_known = |field| {
            let known = self.merged.claims.get(field);
            known.is_some() && known == claims.get(field)
        };
        let known = fields.into_iter().filter(|(field, _)| is_known(*field));
        known.map(|(_, part)| part).collect()
    }

    /// Whether the claims say anything that was not said before.
    fn add_claims(&mut self, claims: &'a Claims) -> bool {
        if self.merged.claims.is_empty() {
            self.merged.claims = Cow::Borrowed(claims);
            return !claims.is_empty();
        }
        let mut all = self.merged.claims.clone().into_owned();
        all.merge(claims.clone());
        let says_more = all != *self.merged.claims;
        self.merged.claims = Cow::Owned(all);
        says_more
    }

    fn take_step(
        &mut self,
        at: usize,
        step: &'a Step,
        verdict: &mut RunVerdict,
        left_out: &mut LeftOut,
    ) {
        match decide(self.standing.get(&step.id), step) {
            Decision::New => verdict.stored += 1,
            Decision::Replace => {
                verdict.stored += 1;
                let old = self
                    .standing
                    .get(&step.id)
                    .and_then(|standing| standing.part);
                match old {
                    None => self.merged.replaced.push(step.id),
                    Some(part) if part == at => {}
                    Some(part) => {
                        self.merged.left_out[part].steps.insert(step.id);
                    }
                }
            }
            Decision::Duplicate => {
                verdict.duplicates += 1;
                left_out.steps.insert(step.id);
                return;
            }
            Decision::Conflict => {
                left_out.steps.insert(step.id);
                verdict.conflicts.push(Conflict {
                    what: ConflictingItem::Step(step.id),
                    message: "a finished step with this id says something else".to_owned(),
                });
                return;
            }
        }
        let standing = Standing {
            content_hash: step.content_hash,
            is_finished: step.is_finished(),
            part: Some(at),
        };
        self.standing.insert(step.id, standing);
        self.fresh.insert(step.id, step);
    }

    fn take_failure(&mut self, failure: &'a ToldFailure, verdict: &mut RunVerdict) {
        let id: FailureId = failure.id;
        match self
            .merged
            .told_failures
            .iter()
            .find(|known| known.id == id)
        {
            None => {
                verdict.stored += 1;
                self.merged.told_failures.push(failure.clone());
                self.merged.new_failures.push(failure);
            }
            Some(known) if known == failure => verdict.duplicates += 1,
            Some(_) => verdict.conflicts.push(Conflict {
                what: ConflictingItem::Failure(id),
                message: "a failure with this id says something else".to_owned(),
            }),
        }
    }

    fn finish(mut self, parts: &[&'a ArrivingRun]) -> Merged<'a> {
        for (at, part) in parts.iter().enumerate() {
            let stands = |step: &&Step| {
                self.standing
                    .get(&step.id)
                    .is_some_and(|standing| standing.part == Some(at))
                    && self
                        .fresh
                        .get(&step.id)
                        .is_some_and(|fresh| std::ptr::eq(*fresh, *step))
            };
            let steps = part.part.steps.iter().filter(stands).map(|step| (at, step));
            self.merged.steps.extend(steps);
        }
        self.merged
            .told_failures
            .sort_unstable_by_key(|failure| failure.id);
        self.merged
    }
}

fn decide(standing: Option<&Standing>, step: &Step) -> Decision {
    let Some(standing) = standing else {
        return Decision::New;
    };
    match (standing.is_finished, step.is_finished()) {
        _ if standing.content_hash == step.content_hash => Decision::Duplicate,
        (false, true) => Decision::Replace,
        (true, false) => Decision::Duplicate,
        (true, true) => Decision::Conflict,
        (false, false) if step.content_hash > standing.content_hash => Decision::Replace,
        (false, false) => Decision::Duplicate,
    }
}
