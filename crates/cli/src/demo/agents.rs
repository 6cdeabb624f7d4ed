//! The agents: who they are, how often they run, and what a run of each is like.

mod coding;
mod invoices;
mod reports;
mod research;
mod search;
mod support;
mod texts;

use runwatch_core::time::{DAY_US, HOUR_US, MINUTE_US, Timestamp};
use serde_json::Value;
use uuid::Builder;

use super::incident::{Incident, Trouble};
use super::random::Random;
use super::run::{Agent, Form, Model, Run};
use super::scene::{Scene, Told};

/// All agents. Shares are of a thousand runs.
pub(super) const AGENTS: [Agent; 6] = [
    agent("docs-search", "rag", None, Form::Otlp, 440),
    agent("support-bot", "customer_support", None, Form::Otlp, 300),
    agent(
        "invoice-extractor",
        "extraction",
        Some("accounts-payable"),
        Form::Native,
        180,
    ),
    agent("research-agent", "research", None, Form::Otlp, 50),
    agent(
        "coding-agent",
        "coding",
        Some("pull-requests"),
        Form::Native,
        20,
    ),
    agent(
        "report-builder",
        "batch",
        Some("nightly-reports"),
        Form::Native,
        10,
    ),
];

const GPT_MINI: Model = model("gpt-5.4-mini", "openai");
const GPT_PRO: Model = model("gpt-5.4-pro", "openai");
const SONNET: Model = model("claude-sonnet-5", "anthropic");
const OPUS: Model = model("claude-opus-5", "anthropic");
const FLASH: Model = model("gemini-2.5-flash", "gcp.gemini");
const MISTRAL: Model = model("mistral-small-latest", "mistral_ai");
const EMBEDDING: Model = model("text-embedding-3-small", "openai");

/// Raised whenever the story changes, so that runs of another version are other runs and do not
/// contradict those that it sent.
const STORY: u64 = 1;

/// Of a hundred runs in a busy hour, how many there are in each hour of the day (UTC).
const HOURS: [i64; 24] = [
    18, 14, 12, 12, 15, 22, 38, 60, 82, 95, 100, 98, 90, 94, 100, 98, 92, 84, 70, 56, 46, 38, 30,
    24,
];

const fn agent(
    name: &'static str,
    kind: &'static str,
    workflow: Option<&'static str>,
    form: Form,
    share: i64,
) -> Agent {
    Agent {
        name,
        kind,
        workflow,
        form,
        share,
    }
}

const fn model(name: &'static str, provider: &'static str) -> Model {
    Model { name, provider }
}

/// The runs of all agents that begin in a minute. They follow from the seed and the minute alone.
pub(super) fn runs_of_minute(seed: u64, rate: u32, minute: i64) -> Vec<Run> {
    let hour = (minute * MINUTE_US).rem_euclid(DAY_US) / HOUR_US;
    let busy = HOURS[usize::try_from(hour).unwrap_or(0)];
    let mut runs = Vec::new();
    for (agent, number) in AGENTS.iter().zip(0_u64..) {
        let key = [seed, STORY, minute.unsigned_abs(), number];
        let mut random = Random::of(&key);
        // Runs of a hundred thousand: the rest decides whether there is one more.
        let expected = agent.share * busy * i64::from(rate);
        let count = expected / 100_000 + i64::from(random.below(100_000) < expected % 100_000);
        for one in 0..count.unsigned_abs() {
            let random = Random::of(&[key[0], key[1], key[2], key[3], one + 1]);
            runs.push(run(seed, agent, minute, random));
        }
    }
    runs.sort_by_key(|run| run.started_us);
    runs
}

fn run(seed: u64, agent: &'static Agent, minute: i64, mut random: Random) -> Run {
    let started_us = minute * MINUTE_US + random.below(MINUTE_US);
    let ms = u64::try_from(started_us / 1_000).unwrap_or(0);
    let id = Builder::from_unix_timestamp_millis(ms, &random.bytes()).into_uuid();
    let (release, version) = release_of(started_us);
    let environment = if random.permille(880) {
        "production"
    } else {
        "staging"
    };
    let run = Run {
        id,
        agent,
        version,
        release,
        environment,
        session: None,
        user: None,
        started_us,
        end: None,
        input: Value::Null,
        output: Value::Null,
        error: None,
        steps: Vec::new(),
    };
    let trouble = Incident::at(seed, started_us).map(|incident| incident.trouble);
    let mut scene = Scene::new(run, random, trouble);
    let told = tell(&mut scene, agent);
    let hangs = agent.name == "report-builder" && scene.is(Trouble::HungRuns);
    scene.end(told, hangs)
}

fn tell(scene: &mut Scene, agent: &Agent) -> Told {
    match agent.name {
        "docs-search" => search::tell(scene),
        "support-bot" => support::tell(scene),
        "invoice-extractor" => invoices::tell(scene),
        "research-agent" => research::tell(scene),
        "coding-agent" => coding::tell(scene),
        _ => reports::tell(scene),
    }
}

/// The release and version of a week: something new is out every Monday.
fn release_of(at_us: i64) -> (String, String) {
    // 1970-01-01 was a Thursday.
    let week = (at_us.div_euclid(DAY_US) + 3).div_euclid(7);
    let date = Timestamp((week * 7 - 3) * DAY_US).to_utc();
    let release = date.map(|date| date.format("%Y.%m.%d").to_string());
    (
        release.unwrap_or_default(),
        format!("2.{}.{}", week / 8 % 20, week % 8),
    )
}
