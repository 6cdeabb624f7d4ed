//! `runwatch runs show`.

mod head;
#[cfg(test)]
mod tests;
mod tree;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::api::{Finding, Run, Timeline};
use crate::args::ShowRunArgs;
use crate::client::{CallError, Client};
use crate::console::say;
use crate::terminal::{self, Colour, Paint, count, dollars, fitted, printable};

/// Failures that are listed below the steps.
const FAILURES_MAX: usize = 10;

/// How much is shown, and how.
#[derive(Clone, Copy, Debug)]
struct View {
    paint: Paint,
    width: usize,
    steps_max: usize,
}

/// Shows a run as text or as JSON.
pub(super) async fn run(args: ShowRunArgs) -> Result<()> {
    let client = Client::new(&args.server)?;
    let path = format!("/v1/runs/{}", args.run);
    let run: Value = match client.get(&path, &[]).await {
        Err(CallError::NotFound) => bail!(
            "there is no run {} in the project of this key; `runwatch runs list` shows the latest",
            args.run
        ),
        run => run?,
    };
    let timeline: Value = client.get(&format!("{path}/timeline"), &[]).await?;
    if args.json {
        say(&with_timeline(run, timeline)?);
        return Ok(());
    }
    let unknown_form = "the run has a form that this version does not know";
    let run: Run = serde_json::from_value(run).context(unknown_form)?;
    let timeline: Timeline = serde_json::from_value(timeline).context(unknown_form)?;
    let view = View {
        paint: Paint::for_output(),
        width: terminal::width(),
        steps_max: args.steps as usize,
    };
    say(&text(&run, &timeline, view));
    Ok(())
}

fn with_timeline(mut run: Value, timeline: Value) -> Result<String> {
    if let Some(members) = run.as_object_mut() {
        members.insert("timeline".to_owned(), timeline);
    }
    Ok(serde_json::to_string(&run)?)
}

/// Head, steps, failures that no shown step stands for, and findings.
fn text(run: &Run, timeline: &Timeline, view: View) -> String {
    let mut lines = head::lines(run, view);
    let heading = |text: &str| view.paint.paint(Colour::Bold, text);
    if !timeline.nodes.is_empty() {
        lines.extend([String::new(), heading("Steps")]);
        lines.extend(tree::lines(run, timeline, view));
    }
    let others = other_failures(run, timeline, view);
    if !others.is_empty() {
        lines.extend([String::new(), heading("Failures")]);
        lines.extend(others);
    }
    let findings: Vec<String> = run.findings.iter().map(|it| finding(it, view)).collect();
    if !findings.is_empty() {
        lines.extend([String::new(), heading("Findings")]);
        lines.extend(findings);
    }
    lines.join("\n")
}

fn finding(finding: &Finding, view: View) -> String {
    let cost = finding.cost_usd.map(|cost| format!(" ({})", dollars(cost)));
    let text = format!("{}{}", finding.message, cost.unwrap_or_default());
    let text = fitted(&printable(&text), view.width - 2);
    format!("  {}", view.paint.paint(Colour::Yellow, &text))
}

fn other_failures(run: &Run, timeline: &Timeline, view: View) -> Vec<String> {
    let shown = timeline.nodes.iter().take(view.steps_max);
    let shown: Vec<&str> = shown.map(|node| node.step_id.as_str()).collect();
    let is_other = |step: Option<&str>| step.is_none_or(|step| !shown.contains(&step));
    let others = run.failures.iter();
    let others: Vec<_> = others
        .filter(|failure| is_other(failure.step_id.as_deref()))
        .collect();
    let line = |failure: &&crate::api::Failure| {
        let step = match failure.step_name.as_str() {
            "" => String::new(),
            name => format!("{name}: "),
        };
        let text = format!("{} {step}{}", tree::kind_of(failure), failure.message);
        let text = fitted(&printable(&text), view.width - 2);
        format!("  {}", view.paint.paint(Colour::Red, &text))
    };
    let mut lines: Vec<String> = others.iter().take(FAILURES_MAX).map(line).collect();
    if let Some(more @ 1..) = others.len().checked_sub(FAILURES_MAX) {
        lines.push(format!(
            "  … {} more",
            count(i64::try_from(more).unwrap_or(i64::MAX))
        ));
    }
    lines
}
