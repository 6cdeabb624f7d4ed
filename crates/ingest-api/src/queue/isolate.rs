//! Isolation: when the database refuses a flush for its data, the flush is divided until the item
//! that is to blame stands alone, so that one bad item never loses its neighbours.

use runwatch_store::error::{Result, StoreError};
use runwatch_store::ingest::{Arrival, ArrivingRun, Quarantined, Reply, RunVerdict, Writer};

use crate::prepare::split;
use crate::queue::{Answer, NotStored, Refused};

/// Code under which an item is refused that the database will not take.
pub(crate) const NOT_STORABLE: &str = "not_storable";

/// Stores arrivals, and finds out what of them cannot be stored. The outer error is for all of
/// them: none is stored then.
pub(super) async fn store(
    writer: &mut Writer,
    arrivals: &[Arrival],
) -> Result<Vec<Result<Answer, NotStored>>> {
    match writer.flush(arrivals).await {
        Ok(replies) => {
            let answer = |reply| {
                Ok(Answer {
                    reply,
                    refused: Vec::new(),
                })
            };
            return Ok(replies.into_iter().map(answer).collect());
        }
        Err(StoreError::Refused(error)) => {
            tracing::warn!(%error, "A flush holds an item that the database refuses; looking for it");
        }
        Err(error) => return Err(error),
    }
    let mut answers = Vec::with_capacity(arrivals.len());
    for arrival in arrivals {
        // What was stored before stays stored, whatever happens to the next.
        answers.push(store_one(writer, arrival).await.map_err(|error| {
            tracing::warn!(%error, "A request could not be stored");
            NotStored
        }));
    }
    Ok(answers)
}

/// Stores one arrival: whole, else run by run, else step by step.
async fn store_one(writer: &mut Writer, arrival: &Arrival) -> Result<Answer> {
    match writer.flush(std::slice::from_ref(arrival)).await {
        Ok(mut replies) => {
            let reply = replies.pop().unwrap_or(Reply::Stored(Vec::new()));
            return Ok(Answer {
                reply,
                refused: Vec::new(),
            });
        }
        Err(StoreError::Refused(_)) => {}
        Err(error) => return Err(error),
    }
    // Whoever sends it again gets the same verdict, so what was refused before is kept only once.
    let mut rest = Arrival {
        runs: Vec::new(),
        ..arrival.clone()
    };
    let (mut verdicts, mut refused) = (Vec::new(), Vec::new());
    for (at, run) in arrival.runs.iter().enumerate() {
        let mut verdict = RunVerdict::default();
        let mut open = vec![run.clone()];
        while let Some(part) = open.pop() {
            let alone = Arrival {
                runs: vec![part],
                ..without_extras(arrival)
            };
            match writer.flush(std::slice::from_ref(&alone)).await {
                Ok(replies) => add(&mut verdict, replies),
                Err(StoreError::Refused(error)) => {
                    match split(arrival.content_key, &alone.runs[0])? {
                        Some(halves) => open.extend(halves),
                        None => {
                            refused.push(refuse(&mut rest, at, &alone.runs[0], &error.to_string()));
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        verdicts.push(verdict);
    }
    writer.flush(&[rest]).await?;
    Ok(Answer {
        reply: Reply::Stored(verdicts),
        refused,
    })
}

fn without_extras(arrival: &Arrival) -> Arrival {
    Arrival {
        runs: Vec::new(),
        quarantine: Vec::new(),
        rejected: std::collections::BTreeMap::new(),
        duplicates: 0,
        ..arrival.clone()
    }
}

fn add(verdict: &mut RunVerdict, replies: Vec<Reply>) {
    for reply in replies {
        let Reply::Stored(verdicts) = reply else {
            continue;
        };
        for part in verdicts {
            verdict.stored += part.stored;
            verdict.duplicates += part.duplicates;
            verdict.conflicts.extend(part.conflicts);
            verdict.erased += part.erased;
        }
    }
}

fn refuse(rest: &mut Arrival, at: usize, run: &ArrivingRun, error: &str) -> Refused {
    *rest.rejected.entry(NOT_STORABLE.to_owned()).or_default() += 1;
    let step = run.part.steps.first();
    rest.quarantine.push(Quarantined {
        item: match step {
            Some(_) => "step",
            None if run.part.is_only_feedback() => "feedback",
            None => "run",
        },
        code: NOT_STORABLE.to_owned(),
        message: error.to_owned(),
        body: format!("{:?}", run.part).into_bytes(),
    });
    Refused {
        run: at,
        step: step.map(|step| step.id),
    }
}
