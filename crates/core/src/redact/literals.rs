//! What is known by the text that it begins with: searched for with vectors, many at once.

use aho_corasick::{AhoCorasick, Input, Span, packed};

use super::Detector;
use super::find::Find;
use super::keys::{KEYS, Key};

/// Bytes by which the vectors tell texts from others, at most: texts that have so many are not
/// searched for together with shorter ones, which would be looked at closer far too often.
const FINGERPRINT: usize = 4;

/// Searches for everything that has a beginning of its own.
#[derive(Debug, Default)]
pub(super) struct Literals(Vec<Literal>);

#[derive(Debug)]
struct Literal {
    keys: Vec<Key>,
    search: Search,
}

#[derive(Debug)]
enum Search {
    /// With vectors.
    Packed(packed::Searcher),
    /// On machines whose vectors are not known.
    Automaton(AhoCorasick),
}

impl Search {
    fn new(texts: &[&str]) -> Self {
        match packed::Searcher::new(texts) {
            Some(packed) => Self::Packed(packed),
            None => Self::Automaton(AhoCorasick::new(texts).expect("a few short texts")),
        }
    }

    fn next(&self, bytes: &[u8], from: usize) -> Option<(usize, usize)> {
        let found = match self {
            Self::Packed(search) => search.find_in(bytes, Span::from(from..bytes.len())),
            Self::Automaton(search) => search.find(Input::new(bytes).range(from..)),
        }?;
        Some((found.pattern().as_usize(), found.start()))
    }
}

impl Literals {
    /// Searches for what these detectors look for.
    pub(super) fn new(detectors: &[Detector]) -> Self {
        let wanted = |(_, _, shape): &Key| detectors.contains(&shape.detector());
        let keys = KEYS.into_iter().filter(wanted);
        let (long, short): (Vec<Key>, Vec<Key>) =
            keys.partition(|(text, skipped, _)| text.len() - skipped >= FINGERPRINT);
        let groups = [short, long].into_iter().filter(|keys| !keys.is_empty());
        Self(groups.map(Literal::new).collect())
    }

    /// Adds what begins with one of the texts and is what it looks like.
    pub(super) fn find(&self, text: &str, finds: &mut Vec<Find>) {
        for literal in &self.0 {
            literal.find(text.as_bytes(), finds);
        }
    }
}

impl Literal {
    fn new(keys: Vec<Key>) -> Self {
        let texts = keys.iter().map(|(text, skipped, _)| text.get(*skipped..));
        let texts: Vec<&str> = texts.map(Option::unwrap_or_default).collect();
        let search = Search::new(&texts);
        Self { keys, search }
    }

    fn find(&self, bytes: &[u8], finds: &mut Vec<Find>) {
        let mut from = 0;
        while let Some((index, at)) = self.search.next(bytes, from) {
            from = at + 1;
            // Texts can be alike from the searched byte on.
            let searched = self
                .keys
                .get(index)
                .and_then(|(text, skipped, _)| text.get(*skipped..));
            for (text, skipped, shape) in &self.keys {
                let start = at.checked_sub(*skipped);
                if text.get(*skipped..) == searched
                    && let Some(start) = start
                    && bytes
                        .get(start..at + text.len() - skipped)
                        .is_some_and(|b| b == text.as_bytes())
                    && let Some(range) = shape.range(bytes, start, start + text.len())
                {
                    from = from.max(range.end);
                    finds.push(Find::new(range, shape.detector()));
                }
            }
        }
    }
}
