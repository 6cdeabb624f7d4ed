//! The steps of a run as a tree, each with a bar that shows when it ran.

use std::collections::HashMap;

use super::View;
use crate::api::{Failure, Node, Run, Timeline};
use crate::commands::runs::colour_of;
use crate::terminal::{
    Colour, bar, count, dollars, duration, fitted, padded, printable, shown_width,
};

/// Columns of a bar, at least and at most.
const BAR_MIN: usize = 10;
const BAR_MAX: usize = 40;
/// Columns that a step's name may take together with what stands before it.
const NAME_MAX: usize = 44;
/// Columns that a model's name may take.
const MODEL_MAX: usize = 24;
/// Levels by which a step is shifted to the right; deeper ones stand below each other.
const LEVELS_MAX: usize = 12;
/// Blanks between the columns of a line.
const GAP: usize = 2;

/// A line before its columns are as wide as the widest.
struct Line<'a> {
    node: &'a Node,
    name: String,
    numbers: [String; 4],
}

/// One line a step, and one more for what went wrong in it.
pub(super) fn lines(run: &Run, timeline: &Timeline, view: View) -> Vec<String> {
    let nodes = &timeline.nodes[..timeline.nodes.len().min(view.steps_max)];
    let lines: Vec<Line<'_>> = nodes.iter().map(Line::of).collect();
    let widest = |cell: &dyn Fn(&Line<'_>) -> usize| lines.iter().map(cell).max().unwrap_or(0);
    let name_width = widest(&|line| shown_width(&line.name));
    let widths: Vec<usize> = (0..4)
        .map(|at| widest(&|line| shown_width(&line.numbers[at])))
        .collect();
    let gaps = GAP * widths.iter().filter(|width| **width > 0).count();
    let used = name_width + widths.iter().sum::<usize>() + gaps + 2 * GAP;
    let bar_width = view.width.saturating_sub(used).clamp(BAR_MIN, BAR_MAX);
    let whole = whole(run, nodes);
    let errors = errors(run);
    let mut text = Vec::new();
    for line in &lines {
        let bar = line.bar(whole, bar_width, view);
        text.push(line.text(name_width, &widths, &bar, view));
        if let Some(error) = line.error(&errors) {
            let indent = line.indent() + 2;
            let error = fitted(&printable(&error), view.width.saturating_sub(indent + GAP));
            let error = view.paint.paint(Colour::Red, &error);
            text.push(format!("{}{error}", " ".repeat(indent + GAP)));
        }
    }
    let all = timeline
        .steps
        .max(i64::try_from(timeline.nodes.len()).unwrap_or(i64::MAX));
    if let more @ 1.. = all - i64::try_from(nodes.len()).unwrap_or(i64::MAX) {
        let hint = "--steps shows more, the API's /steps all";
        let more = format!("  … {} more steps ({hint})", count(more));
        text.push(view.paint.paint(Colour::Grey, &more));
    }
    text
}

/// The type of a failure with its code.
pub(super) fn kind_of(failure: &Failure) -> String {
    match &failure.code {
        Some(code) => format!("{} ({code}):", failure.r#type),
        None => format!("{}:", failure.r#type),
    }
}

/// From the first start to the last end, so that every bar lies within.
fn whole(run: &Run, nodes: &[Node]) -> (i64, i64) {
    let first = nodes.iter().map(|node| node.started_us).min();
    let last = nodes.iter().map(end_of).max();
    let end = run.duration_us.unwrap_or(0).max(last.unwrap_or(0));
    (first.unwrap_or(0).min(0), end)
}

fn end_of(node: &Node) -> i64 {
    node.started_us
        .saturating_add(node.duration_us.unwrap_or(0))
}

/// What went wrong by the step that it went wrong in.
fn errors(run: &Run) -> HashMap<&str, String> {
    let mut errors = HashMap::new();
    for failure in &run.failures {
        if let Some(step) = &failure.step_id {
            let error = || format!("{} {}", kind_of(failure), failure.message);
            errors.entry(step.as_str()).or_insert_with(error);
        }
    }
    errors
}

impl<'a> Line<'a> {
    fn of(node: &'a Node) -> Self {
        let mark = match node.status.as_str() {
            "failed" => '✗',
            "running" => '…',
            "cancelled" => '-',
            _ => '✓',
        };
        let indent = " ".repeat(2 * node.depth.min(LEVELS_MAX));
        let name = printable(&format!("{} {}", node.kind, node.name));
        let model = node.model.as_deref().unwrap_or_default();
        let tokens = match (node.input_tokens, node.output_tokens) {
            (None, None) => String::new(),
            (input, output) => {
                let count = |tokens: Option<i64>| count(tokens.unwrap_or(0));
                format!("{}→{}", count(input), count(output))
            }
        };
        Self {
            node,
            name: fitted(&format!("{indent}{mark} {name}"), NAME_MAX),
            numbers: [
                fitted(&printable(model), MODEL_MAX),
                tokens,
                node.cost_usd.map(dollars).unwrap_or_default(),
                node.duration_us.map(duration).unwrap_or_default(),
            ],
        }
    }

    fn indent(&self) -> usize {
        2 * self.node.depth.min(LEVELS_MAX)
    }

    fn bar(&self, whole: (i64, i64), width: usize, view: View) -> String {
        let node = self.node;
        // What runs has no end yet.
        let end = match node.duration_us {
            Some(_) => end_of(node),
            None => whole.1,
        };
        let bar = bar(node.started_us..end, whole.0..whole.1, width);
        match node.status.as_str() {
            "succeeded" => bar,
            status => view
                .paint
                .paint(colour_of(status).unwrap_or(Colour::Grey), &bar),
        }
    }

    fn text(&self, name_width: usize, widths: &[usize], bar: &str, view: View) -> String {
        let name = padded(&self.name, name_width);
        let name = match self.node.status.as_str() {
            "succeeded" => name,
            status => view
                .paint
                .paint(colour_of(status).unwrap_or(Colour::Grey), &name),
        };
        let mut text = format!("  {name}");
        for (at, (number, width)) in self.numbers.iter().zip(widths).enumerate() {
            if *width == 0 {
                continue;
            }
            let blanks = " ".repeat(width - shown_width(number));
            text.push_str(&" ".repeat(GAP));
            // The model stands left as text does, the numbers right.
            match at {
                0 => text.push_str(&format!("{number}{blanks}")),
                _ => text.push_str(&format!("{blanks}{number}")),
            }
        }
        format!("{text}  {bar}")
    }

    fn error(&self, errors: &HashMap<&str, String>) -> Option<String> {
        let told = errors.get(self.node.step_id.as_str()).cloned();
        told.or_else(|| {
            let failed = self.node.status == "failed";
            self.node.error_type.clone().filter(|_| failed)
        })
    }
}
