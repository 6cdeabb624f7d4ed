//! Runs that were erased are not taken again, though somebody may send them once more.

use std::collections::HashSet;

use uuid::Uuid;

use runwatch_core::ids::{ProjectId, RunId};

use crate::error::Result;
use crate::ingest::arrays::Params;
use crate::ingest::connection::Writer;
use crate::ingest::{Arrival, ArrivingRun, Reply, RunKey};

/// Erased runs that a writer remembers, so that whoever goes on sending one costs a second transaction only once.
const REMEMBERED_MAX: usize = 10_000;

/// What a transaction came to.
pub(super) enum Flushed {
    /// It is committed.
    Stored(Vec<Reply>),
    /// It is rolled back: these runs were erased.
    Erased(Vec<RunKey>),
}

/// All runs that something is said of, feedback too.
pub(super) fn keys(arrivals: &[Arrival]) -> impl Iterator<Item = RunKey> + '_ {
    let of_one = |arrival: &Arrival| {
        let project = arrival.project;
        let runs = arrival.runs.iter();
        runs.map(move |run| (project, run.part.run_id)).collect()
    };
    arrivals.iter().flat_map::<Vec<RunKey>, _>(of_one)
}

/// Says of the runs that are left out how many items that are.
pub(super) fn leave_out(arrivals: &[Arrival], replies: &mut [Reply], erased: &HashSet<RunKey>) {
    if erased.is_empty() {
        return;
    }
    for (arrival, reply) in arrivals.iter().zip(replies) {
        let Reply::Stored(verdicts) = reply else {
            continue;
        };
        for (run, verdict) in arrival.runs.iter().zip(verdicts) {
            if erased.contains(&(arrival.project, run.part.run_id)) {
                verdict.erased = items(run);
            }
        }
    }
}

fn items(run: &ArrivingRun) -> i64 {
    let part = &run.part;
    let items = part.steps.len() + part.failures.len() + part.feedback.len();
    i64::try_from(items).unwrap_or(i64::MAX) + i64::from(run.is_item)
}

impl Writer {
    /// Which runs of the arrivals were erased.
    ///
    /// It has to be asked by the transaction that writes them, after it has locked the runs and has an id of its
    /// own. An erasure that commits before is seen here. One that commits later either waited for the
    /// lock, and deletes what is written now; or knows that this transaction is under way, and looks again
    /// for feedback when it is over.
    pub(super) async fn find_erased(
        &self,
        arrivals: &[Arrival],
        left_out: &HashSet<RunKey>,
    ) -> Result<Vec<RunKey>> {
        let mut wanted: Vec<RunKey> = keys(arrivals)
            .filter(|key| !left_out.contains(key))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (projects, runs): (Vec<Uuid>, Vec<Uuid>) = wanted
            .into_iter()
            .map(|(project, run)| (project.0, run.0))
            .unzip();
        let params: Params<'_> = vec![&projects, &runs];
        let rows = self.client.query(&self.sql.find_erased, &params).await?;
        let key = |row: &tokio_postgres::Row| {
            let (project, run): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
            Ok((ProjectId(project), RunId(run)))
        };
        rows.iter().map(key).collect()
    }

    /// The runs of the arrivals that are known to be erased.
    pub(super) fn known_erased(&self, arrivals: &[Arrival]) -> HashSet<RunKey> {
        if self.erased.is_empty() {
            return HashSet::new();
        }
        let known = keys(arrivals).filter(|key| self.erased.contains(key));
        known.collect()
    }

    /// Remembers erased runs: they are so for ever.
    pub(super) fn remember_erased(&mut self, runs: &[RunKey]) {
        if self.erased.len() + runs.len() > REMEMBERED_MAX {
            self.erased.clear();
        }
        self.erased.extend(runs.iter().take(REMEMBERED_MAX));
    }
}
