//! Looking at the texts of a document: which of its steps have all words.

use std::collections::HashMap;

use runwatch_core::payload::Encoding;
use runwatch_search::query::{Matcher, Query as Words, Terms};
use runwatch_store::payloads::{ChunkText, OpenChunk};
use runwatch_store::search::DocumentTexts;
use runwatch_store::steps::BriefStep;

use crate::routes::search::hit::{Matched, name};

/// A step with all words, or the run as a whole, and the texts in which some are.
pub(super) struct Verified<'a> {
    pub(super) step: Option<&'a BriefStep>,
    pub(super) texts: Vec<Matched<'a>>,
}

/// Texts with words in them.
#[derive(Default)]
struct Matches<'a> {
    terms: Terms,
    texts: Vec<Matched<'a>>,
}

impl<'a> Matches<'a> {
    fn add(&mut self, terms: Terms, text: Matched<'a>) {
        if !terms.is_empty() {
            self.terms = self.terms.union(terms);
            self.texts.push(text);
        }
    }
}

/// The run as a whole and the steps of a document that have all words, in their order.
pub(super) fn verify<'a>(
    document: &'a DocumentTexts,
    words: &Words,
    matcher: &mut Matcher,
) -> Vec<Verified<'a>> {
    let mut of_run = Matches::default();
    let mut of_steps: HashMap<u32, Matches<'a>> = HashMap::new();
    if let Some(chunk) = &document.chunk {
        for text in readable(chunk) {
            let terms = match text.encoding {
                Encoding::Json => matcher.matches_json(text.body),
                Encoding::Text => matcher.matches_text(text.body),
            };
            let matched = Matched {
                place: name(text.part),
                encoding: text.encoding,
                body: text.body,
            };
            if text.owners.is_empty() {
                of_run.add(terms, matched);
            }
            for owner in text.owners {
                of_steps.entry(owner).or_default().add(terms, matched);
            }
        }
    }
    for message in &document.told {
        of_run.add(matcher.matches_text(message), plain("error", message));
    }
    let run = of_run.terms.is_all(words).then_some(Verified {
        step: None,
        texts: of_run.texts,
    });
    let steps = document.steps.iter().filter_map(|(step, position)| {
        let matches = position.and_then(|position| of_steps.remove(&position));
        let mut matches = matches.unwrap_or_default();
        for (place, text) in said(step) {
            matches.add(matcher.matches_text(text), plain(place, text));
        }
        matches.terms.is_all(words).then_some(Verified {
            step: Some(step),
            texts: matches.texts,
        })
    });
    run.into_iter().chain(steps).collect()
}

/// The texts of a chunk; none if it cannot be read, so that the others are found all the same.
fn readable(chunk: &OpenChunk) -> impl Iterator<Item = ChunkText<'_>> {
    let texts = chunk.texts().inspect_err(|error| {
        tracing::error!(%error, "A payload chunk cannot be searched");
    });
    texts.into_iter().flatten()
}

/// What a step says besides its payloads.
fn said(step: &BriefStep) -> impl Iterator<Item = (&'static str, &str)> {
    let errors = [&step.error_message, &step.error_type, &step.error_code];
    let errors = errors
        .into_iter()
        .flatten()
        .map(|text| ("error", text.as_str()));
    errors.chain([("name", step.name.as_str())])
}

fn plain<'a>(place: &'static str, body: &'a str) -> Matched<'a> {
    Matched {
        place,
        encoding: Encoding::Text,
        body,
    }
}
