//! Text as people and models write it, as far as a compressor can tell: words of a vocabulary,
//! the frequent ones more often.

use crate::random::Random;

/// Words of the vocabulary, as in the reference measurements. The size decides how well the text
/// compresses: with this one the payloads of a run compress about 3.5 : 1 at zstd's level 1, below
/// the 4 : 1 that a generator may not exceed. Real conversations repeat themselves and compress
/// five to ten times.
const VOCABULARY: usize = 650;
/// What words are made of.
const SYLLABLES: [&str; 40] = [
    "re", "fund", "or", "der", "cus", "to", "mer", "ship", "ment", "pay", "in", "voice", "de",
    "liv", "er", "ac", "count", "tick", "et", "sup", "port", "up", "date", "con", "firm", "ques",
    "tion", "an", "swer", "pol", "icy", "ship", "track", "num", "ber", "ad", "dress", "can", "cel",
    "ly",
];

/// A vocabulary.
pub(crate) struct Words(Vec<String>);

impl Words {
    /// Makes the words.
    pub(crate) fn new(random: &mut Random) -> Self {
        let word = |_| {
            let syllables = random.between(1..4);
            (0..syllables).map(|_| *random.one_of(&SYLLABLES)).collect()
        };
        Self((0..VOCABULARY).map(word).collect())
    }

    /// A text of about so many bytes, without quotes or anything else that JSON would escape.
    pub(crate) fn text(&self, random: &mut Random, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 16);
        while text.len() < bytes {
            // The smaller of two draws: low places come up more often, as frequent words do.
            let place = random
                .below(self.0.len() as u64)
                .min(random.below(self.0.len() as u64));
            let place = usize::try_from(place).expect("it is below the length of a vector");
            text.push_str(&self.0[place]);
            text.push(if random.percent(8) { '.' } else { ' ' });
        }
        text
    }

    /// The words, the frequent ones first; some stand there twice.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}
