//! Storing feedback: each judgement once, under its own key, whether or not its run is known.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use runwatch_core::feedback::{Feedback, FeedbackId};
use runwatch_core::ids::{ProjectId, RunId, StepId};
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::ingest::arrays::{Judgements, Params};
use crate::ingest::connection::Writer;
use crate::ingest::{Arrival, Conflict, ConflictingItem, Reply, RunVerdict};

/// A judgement's identity among all projects.
type Key = (ProjectId, RunId, FeedbackId);

/// A judgement that arrives, and where.
struct Arriving<'a> {
    key: Key,
    content_hash: i64,
    feedback: &'a Feedback,
    /// Which arrival, and which of its runs.
    place: (usize, usize),
}

impl Writer {
    /// Stores the feedback of all arrivals that are stored, and adds what became of each to the
    /// replies.
    pub(super) async fn put_feedback(
        &self,
        arrivals: &[Arrival],
        replies: &mut [Reply],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let arriving = arriving(arrivals, replies);
        if arriving.is_empty() {
            return Ok(());
        }
        // The first of each key is tried; the sorted map keeps writers from locking crosswise.
        let mut first: BTreeMap<Key, &Arriving<'_>> = BTreeMap::new();
        for one in &arriving {
            first.entry(one.key).or_insert(one);
        }
        let stored = self.insert_feedback(&first, now).await?;
        for one in &arriving {
            let Some(Reply::Stored(verdicts)) = replies.get_mut(one.place.0) else {
                continue;
            };
            let verdict: &mut RunVerdict = &mut verdicts[one.place.1];
            let is_first = first
                .get(&one.key)
                .is_some_and(|tried| std::ptr::eq(*tried, one));
            match stored.get(&one.key) {
                None if is_first => verdict.stored += 1,
                standing => {
                    let tried = first.get(&one.key).map(|tried| tried.content_hash);
                    let hash = standing.copied().or(tried);
                    if hash == Some(one.content_hash) {
                        verdict.duplicates += 1;
                    } else {
                        verdict.conflicts.push(Conflict {
                            what: ConflictingItem::Feedback(one.feedback.id),
                            message: "feedback with this id says something else".to_owned(),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// Inserts judgements, and gives back what those say that were there before.
    async fn insert_feedback(
        &self,
        first: &BTreeMap<Key, &Arriving<'_>>,
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<Key, i64>> {
        let mut rows = Judgements::default();
        for ((project, run, id), one) in first {
            rows.push((*project, *run, *id), one.content_hash, one.feedback, now);
        }
        let mut params = rows.params();
        params.push(&now);
        let new = self
            .client
            .query(&self.sql.insert_feedback, &params)
            .await?;
        if new.len() == first.len() {
            return Ok(BTreeMap::new());
        }
        let mut known: Vec<Key> = first.keys().copied().collect();
        for row in &new {
            let key = key(row)?;
            known.retain(|other| *other != key);
        }
        let projects: Vec<Uuid> = known.iter().map(|(project, ..)| project.0).collect();
        let runs: Vec<Uuid> = known.iter().map(|(_, run, _)| run.0).collect();
        let ids: Vec<Uuid> = known.iter().map(|(.., id)| id.0).collect();
        let params: Params<'_> = vec![&projects, &runs, &ids];
        let old = self.client.query(&self.sql.read_feedback, &params).await?;
        old.iter()
            .map(|row| Ok((key(row)?, row.try_get(3)?)))
            .collect()
    }
}

fn key(row: &tokio_postgres::Row) -> Result<Key> {
    let (project, run): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
    Ok((ProjectId(project), RunId(run), FeedbackId(row.try_get(2)?)))
}

/// The feedback that is to be stored: none of a request whose key was used before, and none that
/// came with a run that contradicts or was erased.
fn arriving<'a>(arrivals: &'a [Arrival], replies: &[Reply]) -> Vec<Arriving<'a>> {
    let mut arriving = Vec::new();
    for (at, (arrival, reply)) in arrivals.iter().zip(replies).enumerate() {
        let Reply::Stored(verdicts) = reply else {
            continue;
        };
        for (run_at, (run, verdict)) in arrival.runs.iter().zip(verdicts).enumerate() {
            let is_refused = |conflict: &Conflict| conflict.what == ConflictingItem::Run;
            if verdict.erased > 0 || verdict.conflicts.iter().any(is_refused) {
                continue;
            }
            let id = run.part.run_id;
            arriving.extend(run.part.feedback.iter().map(|feedback| Arriving {
                key: (arrival.project, id, feedback.id),
                content_hash: feedback.hash(arrival.content_key, id).finish64(),
                feedback,
                place: (at, run_at),
            }));
        }
    }
    arriving
}

impl<'a> Judgements<'a> {
    fn push(
        &mut self,
        (project, run, id): Key,
        content_hash: i64,
        feedback: &'a Feedback,
        now: DateTime<Utc>,
    ) {
        self.project_id.push(project.0);
        self.run_id.push(run.0);
        self.feedback_id.push(id.0);
        self.content_hash.push(content_hash);
        self.created_at
            .push(feedback.at.and_then(Timestamp::to_utc).unwrap_or(now));
        self.number.push(feedback.value.number());
        self.value_kind.push(feedback.value.kind());
        self.source.push(feedback.source.code());
        self.step_id
            .push(feedback.step.as_ref().map(StepId::as_bytes));
        self.name.push(&feedback.name);
        self.text.push(feedback.value.text());
        self.user_id.push(feedback.user_id.as_deref());
        self.comment.push(feedback.comment.as_deref());
    }
}
