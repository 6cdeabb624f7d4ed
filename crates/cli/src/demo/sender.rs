//! Sends what is new, in requests of a fitting size, and again where that helps.

#[cfg(test)]
mod tests;

use std::time::Duration;

use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::sleep;

use super::run::Form;
use super::world::News;
use super::{native, otlp};
use crate::client::{CallError, Client};
use crate::console::say;

/// Steps of one request.
const STEPS_PER_REQUEST: usize = 2_000;
/// Runs of one request.
const RUNS_PER_REQUEST: usize = 500;
/// The longest wait between two attempts.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// What was sent, and what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// Runs that were heard of for the first time.
    pub(super) runs: usize,
    /// Runs that have ended.
    pub(super) ended: usize,
    pub(super) steps: usize,
    pub(super) requests: usize,
    /// Items of which the installation knew everything already.
    pub(super) duplicates: u64,
    /// Items that were refused.
    pub(super) rejected: u64,
}

/// Who sends.
#[derive(Debug)]
pub(super) struct Sender {
    client: Client,
    pub(super) sent: Sent,
    /// Why the last attempt failed, until one succeeds.
    trouble: Option<String>,
}

/// What `POST /v1/runs` answers; and, with its other members, what `POST /v1/traces` does.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Answer {
    duplicates: u64,
    rejected: Vec<Value>,
    partial_success: PartialSuccess,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PartialSuccess {
    /// OTLP/JSON writes 64-bit numbers as strings.
    rejected_spans: Value,
}

impl Sender {
    /// Sends to an installation.
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            sent: Sent::default(),
            trouble: None,
        }
    }

    /// Sends all of it, each run in its form. Whatever passes is waited for; anything else is an
    /// error.
    pub(super) async fn send(&mut self, news: Vec<News>) -> Result<()> {
        let is_native = |one: &News| one.run.agent.form == Form::Native;
        let (natives, traces): (Vec<News>, Vec<News>) = news.into_iter().partition(is_native);
        for part in requests(natives) {
            let runs = part.iter().map(native::run).collect();
            self.post("/v1/runs", &Value::Array(runs)).await?;
            self.sent.add(&part);
        }
        for part in requests(traces) {
            self.post("/v1/traces", &otlp::export(&part)).await?;
            self.sent.add(&part);
        }
        Ok(())
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<()> {
        let mut wait = Duration::from_secs(1);
        loop {
            match self.client.post::<Answer>(path, body).await {
                Ok(answer) => {
                    self.answered(&answer);
                    return Ok(());
                }
                Err(error) => {
                    let Some(asked) = error.retry_after() else {
                        return Err(error.into());
                    };
                    self.explain(&error);
                    sleep(wait.max(asked)).await;
                    wait = (wait * 2).min(WAIT_MAX);
                }
            }
        }
    }

    fn answered(&mut self, answer: &Answer) {
        if self.trouble.take().is_some() {
            say("It answers again; what was missed is sent now.");
        }
        let spans = match &answer.partial_success.rejected_spans {
            Value::String(number) => number.parse().unwrap_or(0),
            number => number.as_u64().unwrap_or(0),
        };
        self.sent.requests += 1;
        self.sent.duplicates += answer.duplicates;
        self.sent.rejected += spans + answer.rejected.len() as u64;
        if let Some(first) = answer.rejected.first() {
            say(&format!("Refused: {first}"));
        }
    }

    /// Says why it waits, once for each reason.
    fn explain(&mut self, error: &CallError) {
        let why = error.to_string();
        if self.trouble.as_ref() != Some(&why) {
            say(&format!("Waiting: {why}"));
            self.trouble = Some(why);
        }
    }
}

impl Sent {
    fn add(&mut self, news: &[News]) {
        self.runs += news.iter().filter(|one| one.is_new).count();
        self.ended += news.iter().filter(|one| one.has_ended).count();
        self.steps += news.iter().map(|one| one.run.steps.len()).sum::<usize>();
    }
}

/// Divides what is new into requests.
fn requests(news: Vec<News>) -> Vec<Vec<News>> {
    let mut requests: Vec<Vec<News>> = Vec::new();
    let mut steps = 0;
    for one in news {
        let count = one.run.steps.len();
        let fits =
            |part: &Vec<News>| part.len() < RUNS_PER_REQUEST && steps + count <= STEPS_PER_REQUEST;
        match requests.last_mut().filter(|part| fits(part)) {
            Some(part) => {
                steps += count;
                part.push(one);
            }
            None => {
                steps = count;
                requests.push(vec![one]);
            }
        }
    }
    requests
}
