//! The transaction of a flush.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::{try_join, try_join_all};
use tokio::try_join;
use uuid::Uuid;

use runwatch_core::claims::Claims;
use runwatch_core::failures::ToldFailure;
use runwatch_core::ids::{ProjectId, RunId};
use runwatch_core::limits::STEPS_SUMMARIZED_AT_INGEST_MAX;
use runwatch_core::rollup::Contribution;
use runwatch_core::summary::Summary;
use runwatch_core::time::Timestamp;

use crate::error::{Result, StoreError};
use crate::ingest::arrays::{Params, Runs};
use crate::ingest::changes::Changes;
use crate::ingest::connection::Writer;
use crate::ingest::deltas::{FlushDeltas, Old};
use crate::ingest::erased::{Flushed, leave_out};
use crate::ingest::merge::{LeftOut, Merged, Stored, merge, summarize_all};
use crate::ingest::read::told;
use crate::ingest::{Arrival, ArrivingRun, Reply, RunKey, RunVerdict};
use crate::payloads::Chunk;

/// Where a part of a run stands among the arrivals: which arrival, which of its runs.
type Place = (usize, usize);

/// A payload chunk that is to be stored, with the run that it is of and that run's partition.
pub(super) type StoredChunk<'a> = (RunKey, NaiveDate, Cow<'a, Chunk>);

/// A run of the flush with everything that is to be written of it.
pub(super) struct Resolved<'a> {
    pub(super) key: RunKey,
    places: Vec<Place>,
    pub(super) parts: Vec<&'a ArrivingRun>,
    pub(super) merged: Merged<'a>,
    pub(super) summary: Cow<'a, Summary>,
    pub(super) run_day: NaiveDate,
    /// What it contributed before; none if it is new.
    pub(super) old: Option<Old>,
    /// It has too many steps to be summed up here.
    pub(super) deferred: bool,
    /// When it started, as far as was known before.
    pub(super) known_start: Option<Timestamp>,
    /// It was stalled or abandoned and is not any more, whatever arrives.
    pub(super) is_reopened: bool,
}

/// A run that was there before, as the upsert gives it back.
struct Locked {
    claims: Claims,
    contribution: Contribution,
    steps: i64,
    started_at: DateTime<Utc>,
    is_reopened: bool,
}

impl Writer {
    /// Everything between BEGIN and COMMIT.
    pub(super) async fn transaction(
        &self,
        arrivals: &[Arrival],
        erased: &HashSet<RunKey>,
    ) -> Result<Flushed> {
        // The id of the transaction shows whoever erases that it is under way.
        let begin = "SELECT rw_now() FROM pg_current_xact_id()";
        let (_, now) = try_join(
            self.client.batch_execute("BEGIN"),
            self.client.query_one(begin, &[]),
        )
        .await?;
        let now: DateTime<Utc> = now.try_get(0)?;
        let reused = self.reused_keys(arrivals, now).await?;
        let mut runs = fresh(arrivals, &reused, erased);
        // The second is sent behind the first, and not before the locks are taken is it looked at.
        let (_, more) = try_join(
            self.claim(&mut runs, now),
            self.find_erased(arrivals, erased),
        )
        .await?;
        if !more.is_empty() {
            self.client.batch_execute("ROLLBACK").await?;
            return Ok(Flushed::Erased(more));
        }
        let chunks = chunks(arrivals, &runs)?;
        let mut replies = replies(arrivals, &runs, &reused);
        leave_out(arrivals, &mut replies, erased);
        self.put_feedback(arrivals, &mut replies, now).await?;
        let mut deltas = FlushDeltas::default();
        runs.iter().for_each(|run| deltas.change(run));
        deltas.count(arrivals, &replies, now);
        let changes = Changes::of_flush(&runs, &chunks, now)?;
        self.make_room(&runs).await?;
        try_join!(
            self.update_runs(&runs, now),
            self.insert_steps(&runs),
            self.insert_chunks(&chunks),
            self.insert_failures(&runs),
            self.insert_deltas(deltas),
            self.insert_changes(changes, now),
            self.insert_quarantine(arrivals, &replies, now),
        )?;
        self.client.batch_execute("COMMIT").await?;
        Ok(Flushed::Stored(replies))
    }

    /// The arrivals whose idempotency key was used before with another body.
    async fn reused_keys(
        &self,
        arrivals: &[Arrival],
        now: DateTime<Utc>,
    ) -> Result<HashSet<usize>> {
        let mut keys: BTreeMap<(Uuid, &str), Vec<(usize, Uuid)>> = BTreeMap::new();
        for (at, arrival) in arrivals.iter().enumerate() {
            if let Some(idempotency) = &arrival.idempotency {
                let key = (arrival.project.0, idempotency.key.as_str());
                keys.entry(key)
                    .or_default()
                    .push((at, idempotency.body_hash));
            }
        }
        if keys.is_empty() {
            return Ok(HashSet::new());
        }
        let (projects, texts): (Vec<Uuid>, Vec<&str>) = keys.keys().copied().unzip();
        let hashes: Vec<Uuid> = keys.values().map(|uses| uses[0].1).collect();
        let insert: Params<'_> = vec![&projects, &texts, &hashes, &now];
        self.client
            .execute(&self.sql.idempotency_keys, &insert)
            .await?;
        let rows = self
            .client
            .query(&self.sql.idempotency_bodies, &[&projects, &texts])
            .await?;
        let mut reused = HashSet::new();
        for row in &rows {
            let first: Uuid = row.try_get(2)?;
            let uses = keys.get(&(row.try_get(0)?, row.try_get(1)?));
            let others = uses
                .into_iter()
                .flatten()
                .filter(|(_, hash)| *hash != first);
            reused.extend(others.map(|(at, _)| *at));
        }
        Ok(reused)
    }

    /// Writes the runs that are new and locks those that are not; of the latter it reads what is
    /// stored and merges it with what arrives.
    async fn claim(&self, runs: &mut [Resolved<'_>], now: DateTime<Utc>) -> Result<()> {
        if runs.is_empty() {
            return Ok(());
        }
        let mut rows = Runs::default();
        for run in runs.iter() {
            rows.push(run.key, &run.merged.claims, &run.summary);
        }
        let mut params = rows.params();
        params.push(&now);
        let answers = self.client.query(&self.sql.claim_runs, &params).await?;
        let mut locked: HashMap<RunKey, Locked> = HashMap::new();
        let mut days: HashMap<RunKey, NaiveDate> = HashMap::new();
        for row in &answers {
            let key = (ProjectId(row.try_get(0)?), RunId(row.try_get(1)?));
            let run_day: NaiveDate = row.try_get(2)?;
            days.insert(key, run_day);
            if row.try_get(3)? {
                locked.insert(key, Locked::read(row)?);
            }
        }
        for run in runs.iter_mut() {
            let missing =
                || StoreError::Unreadable("a run that the upsert did not answer".to_owned());
            run.run_day = *days.get(&run.key).ok_or_else(missing)?;
        }
        let known = runs.iter_mut().filter_map(|run| {
            let locked = locked.remove(&run.key)?;
            Some(self.resolve_known(run, locked))
        });
        try_join_all(known).await?;
        Ok(())
    }

    /// Merges what arrives of a run with what is stored of it.
    async fn resolve_known(&self, run: &mut Resolved<'_>, locked: Locked) -> Result<()> {
        let arriving: usize = run.parts.iter().map(|part| part.part.steps.len()).sum();
        let all = locked.steps + i64::try_from(arriving).unwrap_or(i64::MAX);
        run.deferred = all > STEPS_SUMMARIZED_AT_INGEST_MAX;
        run.is_reopened = locked.is_reopened;
        run.known_start = Some(Timestamp(locked.started_at.timestamp_micros()));
        let ids: Vec<&[u8]> = (run.parts.iter())
            .flat_map(|part| part.part.steps.iter().map(|step| step.id.as_bytes()))
            .collect();
        let only = run.deferred.then_some(ids.as_slice());
        let (steps, failures) = try_join(
            self.read_steps(run.key, run.run_day, only),
            self.read_failures(run.key, run.run_day),
        )
        .await?;
        let told_failures: Vec<ToldFailure> = failures.iter().filter_map(told).collect();
        let stored = Stored {
            claims: locked.claims,
            steps,
            told_failures,
        };
        run.merged = merge(Some(&stored), &run.parts);
        run.summary = Cow::Owned(if run.deferred {
            only_new_told(&run.summary, &stored.told_failures)
        } else {
            summarize_all(&stored, &run.merged)
        });
        run.old = Some(Old {
            contribution: locked.contribution,
            failures,
        });
        Ok(())
    }
}

impl Locked {
    fn read(row: &tokio_postgres::Row) -> Result<Self> {
        let unreadable = |error: serde_json::Error| StoreError::Unreadable(error.to_string());
        Ok(Self {
            claims: serde_json::from_str(row.try_get(4)?).map_err(unreadable)?,
            contribution: Contribution::from_bytes(row.try_get(5)?)?,
            steps: row.try_get(6)?,
            started_at: row.try_get(7)?,
            is_reopened: row.try_get(8)?,
        })
    }
}

/// The runs of all arrivals, sorted by project and run, as if none of them were there before.
fn fresh<'a>(
    arrivals: &'a [Arrival],
    left_out: &HashSet<usize>,
    erased: &HashSet<RunKey>,
) -> Vec<Resolved<'a>> {
    let mut places: BTreeMap<RunKey, Vec<Place>> = BTreeMap::new();
    for (at, arrival) in arrivals
        .iter()
        .enumerate()
        .filter(|(at, _)| !left_out.contains(at))
    {
        let runs = arrival.runs.iter().enumerate();
        for (run_at, run) in runs.filter(|(_, run)| !run.part.is_only_feedback()) {
            let key = (arrival.project, run.part.run_id);
            if !erased.contains(&key) {
                places.entry(key).or_default().push((at, run_at));
            }
        }
    }
    let resolved = |(key, places): (RunKey, Vec<Place>)| {
        let parts: Vec<&ArrivingRun> = places
            .iter()
            .map(|(at, run_at)| &arrivals[*at].runs[*run_at])
            .collect();
        let merged = merge(None, &parts);
        let summary = match parts.as_slice() {
            [only] => Cow::Borrowed(&only.summary),
            _ => Cow::Owned(summarize_all(&Stored::default(), &merged)),
        };
        let run_day = NaiveDate::default();
        Resolved {
            key,
            places,
            parts,
            merged,
            summary,
            run_day,
            old: None,
            deferred: false,
            known_start: None,
            is_reopened: false,
        }
    };
    places.into_iter().map(resolved).collect()
}

/// Of a run that is not summed up here, the failures that were told and are new: they are what the
/// worker will need besides the steps.
fn only_new_told(fresh: &Summary, known: &[ToldFailure]) -> Summary {
    let is_new = |id| known.iter().all(|known| known.id != id);
    let told = fresh
        .failures
        .iter()
        .filter(|failure| failure.told.is_some());
    let failures = told.filter(|failure| is_new(failure.id)).cloned().collect();
    Summary {
        failures,
        ..Summary::default()
    }
}

/// The payload chunks to be stored, without what is there already or was refused.
fn chunks<'a>(arrivals: &[Arrival], runs: &[Resolved<'a>]) -> Result<Vec<StoredChunk<'a>>> {
    let mut chunks = Vec::new();
    for run in runs {
        for ((part, left_out), place) in run.parts.iter().zip(&run.merged.left_out).zip(&run.places)
        {
            let Some(chunk) = &part.chunk else { continue };
            let key = arrivals[place.0].content_key;
            let kept = match left_out {
                nothing if nothing.is_nothing() => Some(Cow::Borrowed(chunk)),
                LeftOut { steps, of_run } => chunk.without(key, steps, of_run)?.map(Cow::Owned),
            };
            chunks.extend(kept.map(|chunk| (run.key, run.run_day, chunk)));
        }
    }
    Ok(chunks)
}

/// What became of each request, its runs in its own order.
fn replies(arrivals: &[Arrival], runs: &[Resolved<'_>], reused: &HashSet<usize>) -> Vec<Reply> {
    let mut verdicts: Vec<Vec<RunVerdict>> = arrivals
        .iter()
        .map(|arrival| vec![RunVerdict::default(); arrival.runs.len()])
        .collect();
    for run in runs {
        for ((at, run_at), verdict) in run.places.iter().zip(&run.merged.verdicts) {
            verdicts[*at][*run_at] = verdict.clone();
        }
    }
    let reply = |(at, verdicts)| {
        if reused.contains(&at) {
            Reply::KeyReused
        } else {
            Reply::Stored(verdicts)
        }
    };
    verdicts.into_iter().enumerate().map(reply).collect()
}
