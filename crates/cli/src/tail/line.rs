//! Events as lines.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use runwatch_core::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::sse::Event;
use crate::api::Run;
use crate::commands::runs::colour_of;
use crate::terminal::{Colour, Paint, count, dollars, duration, moment, padded, printable};

/// Columns of the widest state.
const STANDING_WIDTH: usize = 9;
/// Columns that agents take at least, so that most lines stand below each other.
const AGENT_WIDTH: usize = 26;
/// Columns that the kind of a step takes.
const KIND_WIDTH: usize = 9;
/// Blanks before a step, so that it stands below its run's state.
const STEP_INDENT: &str = "           ";
/// What is said where the server has forgotten some changes.
const GAP: &str = "--:--:--  some changes are missing here; `runwatch runs list` has the runs";
/// Runs whose last line is remembered.
const RUNS_MAX: usize = 10_000;

/// Writes lines, and remembers what was said of each run, so that only changes are.
#[derive(Debug)]
pub(super) struct Lines {
    paint: Paint,
    said: HashMap<String, String>,
}

/// A run with when something was last received of it.
#[derive(Debug, Deserialize)]
struct LiveRun {
    #[serde(flatten)]
    run: Run,
    #[serde(default)]
    last_received_at: Option<String>,
}

/// A step.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LiveStep {
    kind: String,
    name: String,
    status: String,
    duration_us: Option<i64>,
    model: Option<String>,
    /// A number, or an object with those in and out.
    tokens: Value,
    cost_usd: Option<f64>,
    /// A message, or an object with type and message.
    error: Value,
}

impl Lines {
    /// Has said nothing yet.
    pub(super) fn new(paint: Paint) -> Self {
        let said = HashMap::new();
        Self { paint, said }
    }

    /// The line of an event, if there is something new to say.
    pub(super) fn of(&mut self, event: &Event) -> Option<String> {
        match event.kind.as_str() {
            "run" => self.run(&serde_json::from_str(&event.data).ok()?),
            "step" => Some(self.step(&serde_json::from_str(&event.data).ok()?)),
            "gap" => Some(self.paint.paint(Colour::Grey, GAP)),
            _ => None,
        }
    }

    fn run(&mut self, live: &LiveRun) -> Option<String> {
        let run = &live.run;
        let failures = run.failure_types.join(",");
        let state = format!("{} {failures}", run.standing());
        if self.said.get(&run.run_id) == Some(&state) {
            return None;
        }
        // Forgetting all is simple, and says at most one line twice for each run.
        if self.said.len() >= RUNS_MAX {
            self.said.clear();
        }
        self.said.insert(run.run_id.clone(), state);
        let at = live.last_received_at.as_deref();
        let at = at.and_then(Timestamp::parse_rfc3339).or(run.started_at);
        let standing = padded(&printable(run.standing()), STANDING_WIDTH);
        let standing = match colour_of(run.standing()) {
            Some(colour) => self.paint.paint(colour, &standing),
            None => standing,
        };
        let agent = padded(&printable(&run.agent()), AGENT_WIDTH);
        let facts = [
            run.duration_us.map(duration),
            steps(run.totals.steps),
            run.cost_usd.map(dollars),
        ];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        let mut line = format!("{}  {standing}  {agent}", time(at));
        line.push_str(
            &self
                .paint
                .paint(Colour::Grey, &format!("  {}", printable(&run.run_id))),
        );
        if !facts.is_empty() {
            line.push_str(&format!("  {}", facts.join(", ")));
        }
        if !failures.is_empty() {
            let failures = self.paint.paint(Colour::Red, &printable(&failures));
            line.push_str(&format!("  {failures}"));
        }
        Some(line)
    }

    fn step(&self, step: &LiveStep) -> String {
        let colour = colour_of(&step.status).filter(|_| step.status != "succeeded");
        let mark = match step.status.as_str() {
            "failed" => "✗",
            "running" => "…",
            "cancelled" => "-",
            _ => "✓",
        };
        let kind = padded(&printable(&step.kind), KIND_WIDTH);
        let name = format!("{mark} {kind} {}", printable(&step.name));
        let name = match colour {
            Some(colour) => self.paint.paint(colour, &name),
            None => name,
        };
        let facts = [
            step.duration_us.map(duration),
            step.model.clone(),
            tokens(&step.tokens),
            step.cost_usd.map(dollars),
        ];
        let facts: Vec<String> = facts
            .into_iter()
            .flatten()
            .map(|fact| printable(&fact))
            .collect();
        let mut line = format!("{STEP_INDENT}{name}  {}", facts.join(", "));
        if let Some(error) = error(&step.error) {
            line.push_str(&format!(
                "  {}",
                self.paint.paint(Colour::Red, &printable(&error))
            ));
        }
        line.trim_end().to_owned()
    }
}

fn steps(number: i64) -> Option<String> {
    match number {
        ..=0 => None,
        1 => Some("1 step".to_owned()),
        number => Some(format!("{} steps", count(number))),
    }
}

/// The time of day.
fn time(at: Option<Timestamp>) -> String {
    let at = at.map(moment).unwrap_or_default();
    let (_day, time) = at.split_once(' ').unwrap_or(("", "--:--:--"));
    time.to_owned()
}

fn tokens(tokens: &Value) -> Option<String> {
    let of = |names: [&str; 2]| names.iter().find_map(|name| tokens.get(name)?.as_i64());
    let (input, output) = (
        of(["input_tokens", "input"]),
        of(["output_tokens", "output"]),
    );
    match (tokens.as_i64(), input, output) {
        (Some(all), ..) => Some(format!("{} tokens", count(all))),
        (None, None, None) => None,
        (None, input, output) => {
            let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
            Some(format!("{}→{} tokens", count(input), count(output)))
        }
    }
}

fn error(error: &Value) -> Option<String> {
    let of = |name: &str| error.get(name).and_then(Value::as_str);
    match (error.as_str(), of("type"), of("message")) {
        (Some(text), ..) => Some(text.to_owned()),
        (None, Some(kind), Some(message)) => Some(format!("{kind}: {message}")),
        (None, kind, message) => kind.or(message).map(str::to_owned),
    }
}
