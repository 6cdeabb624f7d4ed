//! What is searched for, and what has to be found.

#[cfg(test)]
mod tests;

use runwatch_core::time::{DAY_US, Timestamp};
use uuid::Uuid;

use crate::random::Random;
use crate::search::needles::{ARABIC, CHINESE, FLAMINGO, GERMAN, Needle, WOMAN, WORDS, word};
use crate::search::numbers::text_of_step;
use crate::shape::{AGENTS, Run};
use crate::words::Words;

/// Common words that are asked about.
const COMMON: usize = 10;
/// Bytes from which on a word can be told from a part of others.
const WORD_BYTES_MIN: usize = 7;
/// Steps of the drawn runs that have a word and pass a filter, so that a page of hits is there.
const STEPS_MIN: usize = 10;

/// A kind of question.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// The most milliseconds that half of the answers may take.
    pub(super) wanted_p50_ms: Option<f64>,
    /// Asked in turn.
    pub(super) questions: Vec<Question>,
}

/// A question.
#[derive(Debug)]
pub(super) struct Question {
    /// What is looked for, as somebody types it.
    pub(super) words: String,
    /// Only in runs that started within the last day.
    pub(super) last_day: bool,
    /// Only in failed runs of this agent.
    pub(super) failed_of: Option<&'static str>,
    /// What has to be found.
    pub(super) expected: Expected,
}

/// What has to be found.
#[derive(Debug)]
pub(super) enum Expected {
    /// One step of each of these runs, by their starts, and nothing else.
    Runs(Vec<(Uuid, Timestamp)>),
    /// A page of steps that have these words.
    Page(Vec<String>),
}

impl Question {
    fn new(words: &str, expected: Expected) -> Self {
        Self {
            words: words.to_owned(),
            last_day: false,
            failed_of: None,
            expected,
        }
    }

    /// The parameters of the call, at a time.
    pub(super) fn parameters(&self, now: Timestamp) -> Vec<(&'static str, String)> {
        let mut parameters = vec![("q", self.words.clone())];
        if self.last_day {
            parameters.push(("started_after", Self::a_day_before(now).to_rfc3339()));
        }
        if let Some(agent) = self.failed_of {
            parameters.push(("agent", agent.to_owned()));
            parameters.push(("status", "failed".to_owned()));
        }
        parameters
    }

    /// From when on runs are looked at if only those of the last day are.
    pub(super) fn a_day_before(now: Timestamp) -> Timestamp {
        Timestamp(now.0 - DAY_US)
    }
}

/// All kinds, about what the drawn runs have in common and about the needles.
pub(super) fn kinds(
    words: &Words,
    drawn: &[Run],
    needles: &[Needle],
    numbers: &[String],
) -> Vec<Kind> {
    let kind = |name, wanted_p50_ms, questions| Kind {
        name,
        wanted_p50_ms,
        questions,
    };
    let rare = |words: &str| Question::new(words, Expected::Runs(having(words, needles)));
    let all_rare = |words: &[&str]| words.iter().map(|words| rare(words)).collect::<Vec<_>>();
    let page = |words: &[&str]| {
        let owned = words.iter().map(|word| (*word).to_owned()).collect();
        Question::new(&words.join(" "), Expected::Page(owned))
    };
    let in_last_day = |mut question: Question| {
        question.last_day = true;
        question
    };
    let common = common_words(words);
    let rare_words: Vec<String> = (0..WORDS).map(word).collect();
    let absent = [&word(WORDS), "kilimanjaro", "yellowknife"].map(rare);
    let pairs = common.windows(2).map(page).collect();
    let rare_parts = rare_words.iter().map(|word| rare(part(word)));
    let common_parts = common.iter().map(|word| page(&[part(word)]));
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let rare_words = rare_words.iter().map(|word| rare(word)).collect();
    vec![
        kind("rare word", Some(50.0), rare_words),
        kind("word that nothing has", None, absent.into()),
        kind(
            "common word",
            None,
            common.iter().map(|it| page(&[it])).collect(),
        ),
        kind("two common words", None, pairs),
        kind(
            "part of a rare word, last 24 h",
            Some(500.0),
            rare_parts.map(in_last_day).collect(),
        ),
        kind(
            "part of a common word, last 24 h",
            Some(500.0),
            common_parts.map(in_last_day).collect(),
        ),
        kind("part of a number", None, all_rare(&numbers)),
        // All of it, and its first two characters.
        kind("Chinese", None, all_rare(&[CHINESE, first_two(CHINESE)])),
        kind("emoji", None, all_rare(&[FLAMINGO, WOMAN])),
        kind("Arabic, German", None, all_rare(&[ARABIC, GERMAN])),
        kind("all rare words, by pages", None, all_rare(&["zanzibar"])),
        kind(
            "common word, failed runs of an agent",
            None,
            in_failed_runs(&common, drawn, page),
        ),
    ]
}

/// The runs whose needle has what is looked for.
fn having(words: &str, needles: &[Needle]) -> Vec<(Uuid, Timestamp)> {
    let words = words.to_lowercase();
    needles
        .iter()
        .filter(|needle| needle.text.to_lowercase().contains(&words))
        .map(|needle| (needle.run, needle.started_at))
        .collect()
}

/// Long words that are frequent, the most frequent first.
fn common_words(words: &Words) -> Vec<&str> {
    let mut common = Vec::new();
    for word in words.all() {
        if word.len() >= WORD_BYTES_MIN && !common.contains(&word) {
            common.push(word);
        }
    }
    common.truncate(COMMON);
    common
}

/// A word without its first two letters.
fn part(word: &str) -> &str {
    word.get(2..).unwrap_or(word)
}

/// For each word an agent, drawn from those that have enough failed steps with the word.
fn in_failed_runs(
    common: &[&str],
    drawn: &[Run],
    page: impl Fn(&[&str]) -> Question,
) -> Vec<Question> {
    let failed = |run: &&Run| run.steps.iter().any(|step| step.error.is_some());
    let mut random = Random::new(0);
    let mut questions = Vec::new();
    for word in common {
        let agents = AGENTS.iter().map(|(agent, ..)| *agent).filter(|agent| {
            let runs = drawn.iter().filter(failed);
            let steps = runs
                .filter(|run| run.agent == *agent)
                .flat_map(|it| &it.steps);
            steps
                .filter(|step| text_of_step(step).contains(word))
                .count()
                >= STEPS_MIN
        });
        let agents: Vec<&str> = agents.collect();
        if !agents.is_empty() {
            let failed_of = Some(*random.one_of(&agents));
            questions.push(Question {
                failed_of,
                ..page(&[word])
            });
        }
    }
    questions
}

/// The first two characters.
fn first_two(text: &str) -> &str {
    let end = text.char_indices().nth(2).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}
