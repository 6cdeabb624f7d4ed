//! Whether what was found is what had to be found.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use runwatch_core::time::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::search::questions::{Expected, Question};

/// Checks all hits of a question that was asked at a time. Of a page of hits `is_full` says whether it
/// has as many as were asked for.
pub(super) fn check(
    question: &Question,
    now: Timestamp,
    hits: &[Value],
    is_full: bool,
) -> Result<()> {
    let mut before = None;
    for hit in hits {
        let started_at = hit["run"]["started_at"].as_str();
        let started_at = started_at.and_then(Timestamp::parse_rfc3339);
        let started_at = started_at.with_context(|| format!("no start: {hit}"))?;
        let is_in_order = before.is_none_or(|before| started_at <= before);
        ensure!(is_in_order, "a later run comes after an earlier one: {hit}");
        before = Some(started_at);
        let is_too_early = question.last_day && started_at < Question::a_day_before(now);
        ensure!(!is_too_early, "it started too early: {hit}");
        if let Some(agent) = question.failed_of {
            let run = &hit["run"];
            let passes = run["agent_id"] == agent && run["status"] == "failed";
            ensure!(passes, "it does not pass the filter: {hit}");
        }
    }
    match &question.expected {
        Expected::Runs(runs) => {
            let from = question.last_day.then(|| Question::a_day_before(now));
            are_those(hits, runs, from)
        }
        Expected::Page(words) => {
            ensure!(
                is_full,
                "only {} hits: more runs are needed to measure this",
                hits.len()
            );
            hits.iter().try_for_each(|hit| has_words(hit, words))
        }
    }
}

/// Whether the hits are a step of each run that started from a time on, and nothing else.
fn are_those(hits: &[Value], runs: &[(Uuid, Timestamp)], from: Option<Timestamp>) -> Result<()> {
    let in_time = |(_, started_at): &&(Uuid, Timestamp)| from.is_none_or(|at| at <= *started_at);
    let runs = runs.iter().filter(in_time);
    let expected: BTreeSet<String> = runs.map(|(run, _)| run.to_string()).collect();
    let is_step = |hit: &&Value| hit["step"]["step_id"].is_string();
    let run = |hit: &Value| hit["run"]["run_id"].as_str().unwrap_or_default().to_owned();
    let found: BTreeSet<String> = hits.iter().filter(is_step).map(run).collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    let others: Vec<_> = found.difference(&expected).collect();
    ensure!(
        missing.is_empty() && others.is_empty(),
        "not found: {missing:?}; found though not sent: {others:?}"
    );
    ensure!(
        hits.len() == expected.len(),
        "{} hits, but {} runs with one step each",
        hits.len(),
        expected.len()
    );
    Ok(())
}

/// Whether a hit shows a word in each of its snippets; several words need not stand near each other, but
/// each that is alone has to be there.
fn has_words(hit: &Value, words: &[String]) -> Result<()> {
    let snippets = hit["snippets"].as_array().context("no snippets")?;
    ensure!(!snippets.is_empty(), "nothing is shown: {hit}");
    for snippet in snippets {
        let text = snippet["text"].as_str().unwrap_or_default().to_lowercase();
        let has_one = words.iter().any(|word| text.contains(word.as_str()));
        ensure!(has_one, "none of {words:?}: {hit}");
    }
    Ok(())
}
