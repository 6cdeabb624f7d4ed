//! Needles: texts that only a few runs have, all of which have to be found.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use runwatch_core::time::Timestamp;
use runwatch_service::clock::{Clock, SystemClock};
use serde_json::json;
use tokio::time::sleep;
use uuid::Uuid;

use crate::http::Client;
use crate::load::{Target, draw_runs};
use crate::native;
use crate::query::SPREAD;
use crate::random::Random;
use crate::search::numbers::NUMBERS;
use crate::shape::Run;
use crate::stack::LOOK_PAUSE;
use crate::template::{Format, Identity, Template};

/// What the ids of the runs come from.
const SEED: u64 = 40;
/// Runs that have one.
pub(super) const NEEDLES: usize = WORDS * RUNS_OF_A_WORD + NUMBERS + 12;
/// Rare words, and runs that have the same one.
pub(super) const WORDS: usize = 12;
const RUNS_OF_A_WORD: usize = 2;
/// Which needle comes next in time: so many places further. It has no divisor in common with
/// [`NEEDLES`], so that each has its turn, and those of a kind are far apart.
const STRIDE: usize = 17;
/// The step that has it: a call of a tool.
const STEP: usize = 2;

/// Texts beyond ASCII, each with the number of runs that have it.
const SCRIPTS: [(&str, usize); 6] = [
    (CHINESE, 4),
    (FLAMINGO, 2),
    // With a colour of the skin, joined with a rocket.
    ("\u{1F469}\u{1F3FD}\u{200D}\u{1F680}", 2),
    (ARABIC, 2),
    ("ÜBERGRÖẞENTRÄGER", 1),
    (GERMAN, 1),
];
/// A tortoiseshell umbrella.
pub(super) const CHINESE: &str = "玳瑁色的雨伞";
/// An emoji alone.
pub(super) const FLAMINGO: &str = "\u{1F9A9}";
/// What the joined emoji begins with.
pub(super) const WOMAN: &str = "\u{1F469}";
/// Zanzibar.
pub(super) const ARABIC: &str = "زنجبار";
/// A bearer of excess size; another run has it in capital letters.
pub(super) const GERMAN: &str = "übergrößenträger";

/// A run that was sent with a needle.
pub(super) struct Needle {
    /// The needle.
    pub(super) text: String,
    /// The run.
    pub(super) run: Uuid,
    /// When it started.
    pub(super) started_at: Timestamp,
}

/// A rare word; from [`WORDS`] on one that nothing has.
pub(super) fn word(number: usize) -> String {
    format!("zanzibar-{}", 10 + number)
}

/// An order whose number ends like this.
fn order(number: &str) -> String {
    format!("7{number}")
}

/// The needles, each as often as there are runs that have it, in the order of time.
pub(super) fn texts(numbers: &[String]) -> Vec<String> {
    let words = (0..WORDS * RUNS_OF_A_WORD).map(|at| word(at / RUNS_OF_A_WORD));
    let orders = numbers.iter().map(|number| order(number));
    let scripts = SCRIPTS
        .iter()
        .flat_map(|(text, runs)| std::iter::repeat_n((*text).to_owned(), *runs));
    let texts: Vec<String> = words.chain(orders).chain(scripts).collect();
    let count = texts.len();
    (0..count)
        .map(|at| texts[at * STRIDE % count].clone())
        .collect()
}

/// Sends a run with each text to both projects beside the load, of which `sent` are sent: one after
/// each equal share, started when the load's runs of then did. Gives those of the first project.
pub(super) async fn send(
    projects: [&Target; 2],
    texts: Vec<String>,
    sent: &AtomicUsize,
    load: usize,
) -> Result<Vec<Needle>> {
    let mut clients = Vec::new();
    for target in projects {
        let client = Client::connect(target.address).await;
        clients.push((client.context("ingest-api does not listen")?, target));
    }
    let (_, runs) = draw_runs();
    let mut random = Random::new(SEED);
    let mut needles = Vec::new();
    let count = texts.len();
    for (at, (text, mut run)) in texts.into_iter().zip(runs).enumerate() {
        // The last is sent before the load has ended.
        while sent.load(Ordering::Relaxed) * count < load * at {
            sleep(LOOK_PAUSE).await;
        }
        put(&mut run, &text);
        let template = Template::new(native::render(&run), Format::Native, &run);
        let ago = SPREAD.mul_f64(1.0 - at as f64 / count as f64);
        let ago_us = i64::try_from(ago.as_micros()).unwrap_or(i64::MAX);
        let started_at = Timestamp(SystemClock.now().0 - ago_us - template.lasts_us());
        let mut ids = Vec::new();
        for (client, target) in &mut clients {
            let identity = Identity {
                run: Uuid::from_u64_pair(random.number(), random.number()),
                step_seed: random.number(),
                started_at,
            };
            let mut body = Vec::new();
            template.append(&identity, &mut body);
            client.post("/v1/runs", &target.key, &body).await?.ok()?;
            ids.push(identity.run);
        }
        needles.push(Needle {
            text,
            run: ids[0],
            started_at,
        });
    }
    Ok(needles)
}

/// Puts a text into a run, as what somebody asked about.
fn put(run: &mut Run, text: &str) {
    let step = &mut run.steps[STEP];
    let asked = step.input["question"].as_str().unwrap_or_default();
    let asked = format!("{asked} {text} {asked}");
    step.input = json!({"limit": 20, "question": asked});
}
