//! What was found in a text, and the text without it.

use std::ops::Range;

use super::borders::whole_escapes;
use super::{Detector, Inner, mail, numbers};
use crate::limits::REDACTION_NAME_BYTES_MAX;

/// What every replacement begins with.
const LABEL_START: &str = "[redacted:";

/// Bytes of the shortest card number; no IBAN, key or token is shorter. Most names are.
const SHORTEST: usize = 13;

/// How often what was redacted is looked at once more.
const ROUNDS_MAX: usize = 4;

/// Something that has to go, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Find {
    /// Where it is.
    pub(super) range: Range<usize>,
    /// What found it.
    pub(super) by: By,
}

/// What found something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// A detector of ours.
    Detector(Detector),
    /// The pattern at this place in the rules.
    Pattern(usize),
}

impl Find {
    pub(super) fn new(range: Range<usize>, detector: Detector) -> Self {
        Self {
            range,
            by: By::Detector(detector),
        }
    }
}

impl Inner {
    /// What our detectors find in a text, in no order; no memory is asked for if that is nothing.
    pub(super) fn detect(&self, text: &str) -> Vec<Find> {
        let mut finds = Vec::new();
        let has = |detector| self.detectors.contains(&detector);
        if has(Detector::EmailAddresses) {
            mail::find(text, &mut finds);
        }
        if text.len() >= SHORTEST {
            let (cards, ibans) = (has(Detector::CardNumbers), has(Detector::Ibans));
            if cards || ibans {
                numbers::find(text.as_bytes(), cards, ibans, &mut finds);
            }
            self.literals.find(text, &mut finds);
        }
        finds
    }

    /// What the patterns of one's own find in a text, without what was redacted before.
    fn match_patterns(&self, text: &str, finds: &mut Vec<Find>) {
        for (index, (_, regex)) in self.patterns.iter().enumerate() {
            let found = regex.find_iter(text).map(|found| found.range());
            finds.extend(
                found
                    .filter_map(|range| whole_escapes(text.as_bytes(), range))
                    .filter(|range| !touches_label(text, range))
                    .map(|range| Find {
                        range,
                        by: By::Pattern(index),
                    }),
            );
        }
    }

    /// The text without what is found in it; none if nothing is.
    pub(super) fn redact_text(&self, text: &str) -> Option<String> {
        self.without(text, self.detect(text))
    }

    /// The text without these finds and what the patterns find; none if that is nothing. What was
    /// replaced may uncover what stood beside it, so it is looked at once more.
    pub(super) fn without(&self, text: &str, mut finds: Vec<Find>) -> Option<String> {
        if !self.patterns.is_empty() {
            self.match_patterns(text, &mut finds);
        }
        let mut redacted = self.replace(text, finds)?;
        for _ in 0..ROUNDS_MAX {
            match self.replace(&redacted, self.detect(&redacted)) {
                Some(again) => redacted = again,
                None => break,
            }
        }
        Some(redacted)
    }

    /// Puts labels in the place of finds; those that overlap are one.
    fn replace(&self, text: &str, mut finds: Vec<Find>) -> Option<String> {
        if finds.is_empty() {
            return None;
        }
        finds.sort_by_key(|find| (find.range.start, usize::MAX - find.range.end));
        finds.dedup_by(|later, find| {
            let overlaps = later.range.start < find.range.end;
            if overlaps {
                find.range.end = find.range.end.max(later.range.end);
            }
            overlaps
        });
        let (mut out, mut copied) = (String::with_capacity(text.len()), 0);
        for find in finds {
            out.push_str(text.get(copied..find.range.start).unwrap_or_default());
            out.push_str(LABEL_START);
            out.push_str(match find.by {
                By::Detector(detector) => detector.label(),
                By::Pattern(index) => self.patterns.get(index).map_or("", |(name, _)| name),
            });
            out.push(']');
            copied = find.range.end;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        Some(out)
    }
}

/// Whether the range has something of a replacement in it: a pattern that fits the labels too would
/// redact them again and again.
fn touches_label(text: &str, range: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let len_max = LABEL_START.len() + REDACTION_NAME_BYTES_MAX + 1;
    let from = range.start.saturating_sub(len_max);
    let to = bytes.len().min(range.end + LABEL_START.len());
    let near = bytes.get(from..to).unwrap_or_default();
    memchr::memmem::find_iter(near, LABEL_START).any(|at| {
        let start = from + at;
        let label = bytes.iter().skip(start).take(len_max);
        let end = label.clone().position(|byte| *byte == b']');
        start < range.end && end.is_some_and(|len| start + len >= range.start)
    })
}
