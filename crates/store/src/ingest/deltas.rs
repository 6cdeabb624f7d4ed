//! What a flush changes of what several runs share, by project.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use runwatch_core::claims::Field;
use runwatch_core::failures::{FailureId, Fingerprint};
use runwatch_core::ids::{ProjectId, RunId};
use runwatch_core::rollup::{Contribution, Deltas, GroupChange, GroupText, Outcome};
use runwatch_core::summary::{Failure, Summary};
use runwatch_core::time::Timestamp;

use crate::ingest::read::StoredFailure;
use crate::ingest::write::Resolved;
use crate::ingest::{Arrival, Reply, RunKey};

/// Code under which items that contradict are counted and kept.
pub const CONFLICT: &str = "conflict";
/// Code under which items of runs are counted that were erased.
pub const ERASED: &str = "erased";

/// The deltas of a flush.
#[derive(Default)]
pub(super) struct FlushDeltas(BTreeMap<ProjectId, Deltas>);

impl FlushDeltas {
    /// Adds what a run contributes now, and takes back what it contributed before.
    pub(super) fn change(&mut self, resolved: &Resolved<'_>) {
        let deltas = self.0.entry(resolved.key.0).or_default();
        let release = resolved.merged.claims.get(Field::Release);
        let old = resolved.old.as_ref().filter(|_| !resolved.deferred);
        change(deltas, resolved.key.1, old, &resolved.summary, release);
    }

    /// Adds what follows now from a run's facts, and takes back what followed before.
    pub(super) fn resummarized(
        &mut self,
        (project, run): RunKey,
        old: &Old,
        summary: &Summary,
        release: Option<&str>,
    ) {
        change(
            self.0.entry(project).or_default(),
            run,
            Some(old),
            summary,
            release,
        );
    }

    /// Counts what became of the items of the requests.
    pub(super) fn count(&mut self, arrivals: &[Arrival], replies: &[Reply], now: DateTime<Utc>) {
        let now = Timestamp(now.timestamp_micros());
        for (arrival, reply) in arrivals.iter().zip(replies) {
            let deltas = self.0.entry(arrival.project).or_default();
            for (code, items) in &arrival.rejected {
                deltas.count(now, Outcome::Rejected(code.clone()), *items);
            }
            deltas.count(now, Outcome::Duplicate, arrival.duplicates);
            let Reply::Stored(verdicts) = reply else {
                continue;
            };
            for verdict in verdicts {
                deltas.count(now, Outcome::Stored, verdict.stored);
                deltas.count(now, Outcome::Duplicate, verdict.duplicates);
                let conflicts = i64::try_from(verdict.conflicts.len()).unwrap_or(i64::MAX);
                deltas.count(now, Outcome::Rejected(CONFLICT.to_owned()), conflicts);
                deltas.count(now, Outcome::Rejected(ERASED.to_owned()), verdict.erased);
            }
        }
    }

    /// The rows to be stored: projects, ids and bodies.
    pub(super) fn into_rows(self) -> (Vec<Uuid>, Vec<Uuid>, Vec<Vec<u8>>) {
        let (mut projects, mut ids, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
        for (project, mut deltas) in self.0 {
            deltas.compact();
            if !deltas.is_empty() {
                projects.push(project.0);
                ids.push(Uuid::now_v7());
                bodies.push(deltas.to_bytes());
            }
        }
        (projects, ids, bodies)
    }
}

/// What a run contributed before.
pub(super) struct Old {
    pub(super) contribution: Contribution,
    pub(super) failures: Vec<StoredFailure>,
}

fn change(
    deltas: &mut Deltas,
    run: RunId,
    old: Option<&Old>,
    summary: &Summary,
    release: Option<&str>,
) {
    if let Some(old) = old {
        old.contribution.add_to(&mut deltas.usage, -1);
    }
    summary.contribution.add_to(&mut deltas.usage, 1);
    let old = old.map_or(&[][..], |old| &old.failures);
    let was = |stored: &'_ StoredFailure| {
        let (id, fingerprint, at) = identity(&stored.failure);
        (id, fingerprint, at, stored.release.clone())
    };
    let is = |failure: &Failure| {
        let (id, fingerprint, at) = identity(failure);
        (id, fingerprint, at, release.map(str::to_owned))
    };
    let before: HashSet<_> = old.iter().map(was).collect();
    let after: HashSet<_> = summary.failures.iter().map(is).collect();
    for stored in old.iter().filter(|stored| !after.contains(&was(stored))) {
        deltas.change_group(stored.failure.fingerprint, GroupChange::taking_back());
    }
    let agent = summary.agent.as_deref().unwrap_or_default();
    for failure in summary
        .failures
        .iter()
        .filter(|failure| !before.contains(&is(failure)))
    {
        deltas.change_group(failure.fingerprint, addition(failure, agent, run, release));
    }
}

/// What makes two records of a failure the same one for its group, besides the release.
fn identity(failure: &Failure) -> (FailureId, Fingerprint, Timestamp) {
    (failure.id, failure.fingerprint, failure.at)
}

fn addition(failure: &Failure, agent: &str, run: RunId, release: Option<&str>) -> GroupChange {
    GroupChange {
        group: Some(GroupText {
            kind: failure.kind,
            agent: agent.to_owned(),
            step: failure.step_name.clone(),
            template: failure.template.clone(),
        }),
        count: 1,
        takes_back: false,
        first: Some((failure.at, run, release.map(str::to_owned))),
        last: Some(failure.at),
    }
}
