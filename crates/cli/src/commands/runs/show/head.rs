//! What is known of a run as a whole.

use serde_json::Value;

use super::View;
use crate::api::{Run, Totals};
use crate::commands::runs::colour_of;
use crate::terminal::{Colour, count, dollars, duration, fitted, moment, padded, printable};

/// Columns that the names of the lines take.
const NAME_WIDTH: usize = 13;

/// One line a fact; what is not known has none.
pub(super) fn lines(run: &Run, view: View) -> Vec<String> {
    let standing = match colour_of(run.standing()) {
        Some(colour) => view.paint.paint(colour, run.standing()),
        None => printable(run.standing()),
    };
    let id = view.paint.paint(Colour::Bold, &printable(&run.run_id));
    let mut lines = vec![format!("Run {id}  {standing}{}", remark(run))];
    let agent_type = run.agent_type.as_deref().map(|kind| format!(" ({kind})"));
    let agent = run.agent() + &agent_type.unwrap_or_default();
    let facts = [
        ("agent", Some(agent)),
        ("started", started(run)),
        ("tokens", Some(tokens(&run.totals))),
        ("cost", run.cost_usd.map(dollars)),
        ("steps", Some(steps(&run.totals))),
        ("models", listed(&run.models)),
        ("tools", listed(&run.tools)),
        ("workflow", run.workflow_id.clone()),
        ("session", run.session_id.clone()),
        ("user", run.user_id.clone()),
        ("environment", run.environment.clone()),
        ("release", run.release.clone()),
        ("tags", listed(&run.tags)),
        ("input", run.input.as_ref().map(preview)),
        ("output", run.output.as_ref().map(preview)),
    ];
    let facts = facts.into_iter();
    lines.extend(facts.filter_map(|(name, fact)| Some(line(name, &fact?, view))));
    lines
}

fn line(name: &str, fact: &str, view: View) -> String {
    let name = view.paint.paint(Colour::Grey, &padded(name, NAME_WIDTH));
    let room = view.width.saturating_sub(NAME_WIDTH + 2);
    format!("  {name}{}", fitted(&printable(fact), room))
}

fn remark(run: &Run) -> &'static str {
    match (run.stalled, run.provisional) {
        (true, _) => "  (it runs, but nothing was received for ten minutes)",
        (false, true) => "  (provisional: its root has not arrived yet)",
        (false, false) => "",
    }
}

fn started(run: &Run) -> Option<String> {
    let started = moment(run.started_at?);
    Some(match run.duration_us {
        Some(took) => format!("{started} UTC, took {}", duration(took)),
        None => format!("{started} UTC, not ended"),
    })
}

fn tokens(totals: &Totals) -> String {
    let part = |tokens: i64, what: &str| match tokens {
        0 => String::new(),
        tokens => format!(" ({} {what})", count(tokens)),
    };
    format!(
        "{} in{}, {} out{}",
        count(totals.input_tokens),
        part(totals.cached_input_tokens, "cached"),
        count(totals.output_tokens),
        part(totals.reasoning_tokens, "reasoning")
    )
}

fn steps(totals: &Totals) -> String {
    match totals.failed_steps {
        0 => count(totals.steps),
        failed => format!("{}, {} failed", count(totals.steps), count(failed)),
    }
}

fn listed(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| names.join(", "))
}

/// The beginning of an input or output: text as it is, anything else as JSON.
fn preview(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}
