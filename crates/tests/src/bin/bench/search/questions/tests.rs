use std::collections::HashMap;

use super::*;
use crate::load::draw_runs;
use crate::search::{needles, numbers};

fn all() -> Vec<Kind> {
    let (words, drawn) = draw_runs();
    let numbers = numbers::with_false_candidates(&drawn);
    let needles = needles::texts(&numbers).into_iter().map(|text| Needle {
        text,
        run: Uuid::now_v7(),
        started_at: Timestamp(0),
    });
    let needles: Vec<Needle> = needles.collect();
    kinds(&words, &drawn, &needles, &numbers)
}

/// How many runs have to be found, question by question; of pages none is told.
fn runs(kind: &Kind) -> Vec<usize> {
    let runs = |question: &Question| match &question.expected {
        Expected::Runs(runs) => Some(runs.len()),
        Expected::Page(_) => None,
    };
    kind.questions.iter().filter_map(runs).collect()
}

#[test]
fn every_needle_is_asked_about() {
    let kinds = all();
    let runs: HashMap<&str, Vec<usize>> = kinds.iter().map(|it| (it.name, runs(it))).collect();

    assert_eq!(runs["rare word"], [2; WORDS]);
    assert_eq!(runs["part of a rare word, last 24 h"], [2; WORDS]);
    assert_eq!(runs["word that nothing has"], [0; 3]);
    assert_eq!(runs["part of a number"], [1; 4]);
    assert_eq!(runs["Chinese"], [4; 2]);
    assert_eq!(runs["emoji"], [2; 2]);
    assert_eq!(runs["Arabic, German"], [2; 2]);
    assert_eq!(runs["all rare words, by pages"], [2 * WORDS]);
}

#[test]
fn common_words_are_different_ones_and_some_are_in_failed_runs() {
    let kinds = all();
    let of = |name| kinds.iter().find(|kind| kind.name == name).unwrap();
    let common: Vec<&str> = of("common word")
        .questions
        .iter()
        .map(|question| question.words.as_str())
        .collect();

    assert_eq!(common.len(), COMMON);
    assert_eq!(of("two common words").questions.len(), COMMON - 1);
    let filtered = &of("common word, failed runs of an agent").questions;
    assert!(filtered.len() > COMMON / 2, "{}", filtered.len());
    assert!(filtered.iter().all(|it| it.failed_of.is_some()));
}
