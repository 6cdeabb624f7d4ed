//! The answer of a dry run as text.

#[cfg(test)]
mod tests;

use serde::Deserialize;

use crate::commands::runs::colour_of;
use crate::terminal::{Colour, Paint, count, dollars, fitted, padded, printable};

/// Columns of an attribute's name.
const NAME_WIDTH: usize = 44;

/// What would become of a file.
#[derive(Debug, Deserialize)]
pub(super) struct Validation {
    form: String,
    accepted: i64,
    duplicates: i64,
    rejected: i64,
    runs: Vec<Run>,
    items: Vec<Item>,
    not_understood: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Run {
    run_id: String,
    is_run: bool,
    agent_id: Option<String>,
    status: String,
    session_id: Option<String>,
    user_id: Option<String>,
    steps: i64,
    failed_steps: i64,
    input_tokens: i64,
    output_tokens: i64,
    cost_usd: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Item {
    index: usize,
    verdict: String,
    #[serde(default)]
    steps: Vec<Step>,
    steps_total: Option<i64>,
    #[serde(default)]
    attributes: Vec<Attribute>,
    #[serde(default)]
    rejections: Vec<Rejection>,
}

#[derive(Debug, Deserialize)]
struct Step {
    kind: String,
    name: String,
    status: String,
    model: Option<String>,
    error: Option<StepError>,
}

#[derive(Debug, Deserialize)]
struct StepError {
    failure_type: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Attribute {
    name: String,
    fields: Vec<String>,
    outranked_for: Option<String>,
    understood: bool,
    kept: String,
}

#[derive(Debug, Deserialize)]
struct Rejection {
    code: String,
    field: Option<String>,
    message: String,
}

/// The counts, the runs, the items, and the names that nothing is known of.
pub(super) fn text(validation: &Validation, paint: Paint, width: usize) -> String {
    let mut lines = vec![paint.paint(Colour::Bold, &counts(validation))];
    for run in &validation.runs {
        lines.push(String::new());
        lines.extend(run_lines(run, paint, width));
    }
    if !validation.items.is_empty() {
        lines.push(String::new());
    }
    for item in &validation.items {
        lines.extend(item_lines(item, paint, width));
    }
    let items = validation.accepted + validation.duplicates + validation.rejected;
    let listed = i64::try_from(validation.items.len()).unwrap_or(i64::MAX);
    if items > listed {
        lines.push(format!("… {} more", count(items - listed)));
    }
    if !validation.not_understood.is_empty() {
        let names = printable(&validation.not_understood.join(", "));
        lines.extend([String::new(), format!("Kept, but not understood: {names}")]);
    }
    lines.join("\n")
}

fn counts(validation: &Validation) -> String {
    let form = match validation.form.as_str() {
        "otlp" => "OpenTelemetry traces",
        _ => "Native form",
    };
    format!(
        "{form}: {} would be stored, {} said twice, {} refused",
        count(validation.accepted),
        count(validation.duplicates),
        count(validation.rejected)
    )
}

fn run_lines(run: &Run, paint: Paint, width: usize) -> Vec<String> {
    let what = if run.is_run { "run" } else { "trace, no run" };
    let agent = printable(run.agent_id.as_deref().unwrap_or_default());
    let head = fitted(&format!("{what} {} {agent}", run.run_id), width - 12);
    let status = match colour_of(&run.status) {
        Some(colour) => paint.paint(colour, &run.status),
        None => run.status.clone(),
    };
    let mut facts = vec![
        format!("{} steps", count(run.steps)),
        format!("{} failed", count(run.failed_steps)),
        format!("{} tokens in", count(run.input_tokens)),
        format!("{} out", count(run.output_tokens)),
    ];
    facts.extend(run.cost_usd.map(dollars));
    let named = |label: &str, text: &Option<String>| {
        let text = text.as_deref()?;
        Some(format!("{label} {}", printable(text)))
    };
    facts.extend(named("session", &run.session_id));
    facts.extend(named("user", &run.user_id));
    vec![
        format!("{head} {status}"),
        fitted(&format!("  {}", facts.join(", ")), width),
    ]
}

fn item_lines(item: &Item, paint: Paint, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if item.verdict == "duplicate" {
        lines.push(format!("[{}] said twice", item.index));
    }
    for rejection in &item.rejections {
        let field = rejection.field.as_deref().map(|field| format!(" {field}"));
        let text = format!(
            "[{}] refused, {}{}: {}",
            item.index,
            rejection.code,
            field.unwrap_or_default(),
            rejection.message
        );
        lines.push(paint.paint(Colour::Red, &printable(&text)));
    }
    for step in &item.steps {
        lines.push(step_line(item.index, step, width));
    }
    let described = i64::try_from(item.steps.len()).unwrap_or(i64::MAX);
    if let Some(more @ 1..) = item.steps_total.map(|total| total - described) {
        lines.push(format!("      … {} more steps", count(more)));
    }
    let attributes = item.attributes.iter();
    lines.extend(attributes.map(|attribute| attribute_line(attribute, width)));
    lines
}

fn step_line(index: usize, step: &Step, width: usize) -> String {
    let model = step.model.as_deref().map(|model| format!(" {model}"));
    let error = step.error.as_ref().map(|error| {
        let kind = error.failure_type.as_deref().unwrap_or("failure");
        format!(", {kind}: {}", error.message.as_deref().unwrap_or_default())
    });
    let text = format!(
        "[{index}] {} {}{} {}{}",
        step.kind,
        step.name,
        model.unwrap_or_default(),
        step.status,
        error.unwrap_or_default()
    );
    fitted(&printable(&text), width)
}

/// The name, what it became, and where the value is found again.
fn attribute_line(attribute: &Attribute, width: usize) -> String {
    let became = match (&*attribute.fields, &attribute.outranked_for) {
        ([], Some(field)) => format!("{field}, but another goes before it"),
        ([], None) if attribute.understood => "known".to_owned(),
        ([], None) => "not understood".to_owned(),
        (fields, _) => fields.join(", "),
    };
    let kept = match attribute.kept.as_str() {
        "field" => String::new(),
        kept => format!(" ({kept})"),
    };
    let name = padded(&printable(&attribute.name), NAME_WIDTH);
    fitted(&format!("      {name} {became}{kept}"), width)
}
