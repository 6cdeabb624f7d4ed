//! `runwatch tail`: follows runs and steps as they are stored, over `GET /v1/live`.
//!
//! The stream is one of server-sent events. When it breaks off, it is asked for again from the last
//! event on, so that nothing is missed.

mod line;
mod sse;
#[cfg(test)]
mod tests;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::{Method, Response};
use tokio::time::{Instant, sleep};

use crate::args::TailArgs;
use crate::client::{CallError, Client};
use crate::console::{complain, say};
use crate::stop_signals::StopSignals;
use crate::terminal::Paint;

use line::Lines;
use sse::{Event, Events};

const PATH: &str = "/v1/live";
/// How long the stream may say nothing: several times the pause between its signs of life.
const SILENCE_LIMIT: Duration = Duration::from_secs(90);
/// The wait before the first attempt to reconnect; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A stream that lasted so long was a good one: the waits begin anew.
const GOOD_AFTER: Duration = Duration::from_secs(10);

/// Follows until Ctrl-C.
pub(crate) async fn run(args: TailArgs) -> Result<()> {
    let mut stop_signals = StopSignals::listen().context("failed to listen for signals")?;
    let client = Client::with_silence(&args.server, SILENCE_LIMIT)?;
    let mut tail = Tail {
        query: query(&args),
        json: args.json,
        client,
        events: Events::default(),
        lines: Lines::new(Paint::for_output()),
    };
    tokio::select! {
        outcome = tail.follow() => outcome,
        () = stop_signals.received() => Ok(()),
    }
}

struct Tail {
    client: Client,
    query: Vec<(&'static str, String)>,
    json: bool,
    events: Events,
    lines: Lines,
}

fn query(args: &TailArgs) -> Vec<(&'static str, String)> {
    let mut query = Vec::new();
    query.extend(args.agent.clone().map(|agent| ("agent", agent)));
    let statuses = args.status.iter();
    query.extend(statuses.map(|status| ("status", status.name().to_owned())));
    query.extend(args.steps.then(|| ("steps", "true".to_owned())));
    query
}

impl Tail {
    /// Reconnects for ever, except where that cannot help.
    async fn follow(&mut self) -> Result<()> {
        let mut wait = FIRST_WAIT;
        loop {
            let began = Instant::now();
            let broken = match self.connect().await {
                Ok(response) => self.read(response).await,
                Err(error) => Some(error),
            };
            let why = match broken {
                Some(CallError::NotFound) => bail!(
                    "{} has no live stream ({PATH}); it is of an older version",
                    self.client.base()
                ),
                Some(error) if error.retry_after().is_none() => return Err(error.into()),
                Some(error) => error.to_string(),
                None => "the stream ended".to_owned(),
            };
            if began.elapsed() > GOOD_AFTER {
                wait = FIRST_WAIT;
            }
            let pause = self.events.retry().unwrap_or(wait);
            complain(&format!(
                "runwatch: {why}; trying again in {} s",
                pause.as_secs().max(1)
            ));
            sleep(pause).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn connect(&self) -> Result<Response, CallError> {
        let request = self.client.request(Method::GET, PATH).query(&self.query);
        let request = request.header("accept", "text/event-stream");
        let request = match self.events.last_id() {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        self.client.send(request).await
    }

    /// Says what comes until the stream breaks off; none if it ends in good order.
    async fn read(&mut self, mut response: Response) -> Option<CallError> {
        self.events.begin();
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return None,
                Err(error) => return Some(self.client.cut_off(&error)),
            };
            for event in self.events.read(&chunk) {
                let text = match self.json {
                    true => Some(as_json(&event)),
                    false => self.lines.of(&event),
                };
                text.iter().for_each(|text| say(text));
            }
        }
    }
}

/// An event as an object; data that are not JSON are a string.
fn as_json(event: &Event) -> String {
    let data: serde_json::Value =
        serde_json::from_str(&event.data).unwrap_or_else(|_text| event.data.clone().into());
    serde_json::json!({"event": event.kind, "id": event.id, "data": data}).to_string()
}
