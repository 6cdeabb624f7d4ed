//! Bodies that real SDKs sent: what was understood of each is a snapshot.

use std::fmt::Write;
use std::io::Read;
use std::path::PathBuf;

use runwatch_core::claims::Field;
use runwatch_core::payload::{Owner, Part};
use runwatch_core::run::RunPart;
use runwatch_core::step::Step;
use runwatch_core::summary::{Facts, summarize};
use runwatch_core::text::cut;

use super::builders::key;
use crate::{Decoded, Format, decode_traces};

/// Bytes of an input or output that a snapshot shows.
const SHOWN_BYTES: usize = 160;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/otlp"))
}

/// The recorded bodies of traces, by their names.
pub(super) fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter_map(|name| Some(name.strip_suffix("_v1_traces.body")?.to_owned()))
        .collect();
    names.sort();
    assert!(names.len() > 30, "{names:?}");
    names
}

/// A recorded body, decompressed, and its format.
pub(super) fn body(name: &str) -> (Vec<u8>, Format) {
    let mut body = std::fs::read(folder().join(format!("{name}_v1_traces.body"))).unwrap();
    if body.starts_with(&[0x1f, 0x8b]) {
        let mut inflated = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&*body);
        decoder.read_to_end(&mut inflated).unwrap();
        body = inflated;
    }
    let format = if body.starts_with(b"{") {
        Format::Json
    } else {
        Format::Protobuf
    };
    (body, format)
}

pub(super) fn decode(name: &str) -> Decoded {
    let (body, format) = body(name);
    decode_traces(&body, format, key()).unwrap()
}

/// What was understood of a body: its runs with their conclusions, and their steps.
fn outline(decoded: &Decoded) -> String {
    let mut out = String::new();
    for run in &decoded.parts {
        writeln!(out, "{}", conclusions(run)).unwrap();
        for step in &run.steps {
            write!(out, "{}", step_lines(run, step)).unwrap();
        }
        out.push('\n');
    }
    out
}

fn conclusions(run: &RunPart) -> String {
    let summary = summarize(Facts {
        claims: &run.claims,
        steps: &run.steps,
        told_failures: &[],
        abandoned: false,
    });
    let totals = &summary.totals;
    let mut out = format!("run {}", run.run_id);
    let what = if summary.is_run { "" } else { " (no run)" };
    let agent = summary.agent.as_deref().unwrap_or_default();
    write!(out, "{what} agent={agent:?} {}", summary.status.name()).unwrap();
    for field in [Field::SessionId, Field::UserId, Field::Environment] {
        if let Some(value) = run.claims.get(field) {
            write!(out, " {field:?}={value:?}").unwrap();
        }
    }
    write!(
        out,
        "\n  totals: {} steps, {} failed, tokens {} in, {} out, {} cached, {} reasoning, cost {}",
        totals.steps,
        totals.failed_steps,
        totals.input_tokens,
        totals.output_tokens,
        totals.cached_tokens,
        totals.reasoning_tokens,
        totals
            .cost
            .map_or("-".to_owned(), |cost| cost.dollars().to_string()),
    )
    .unwrap();
    write!(
        out,
        "\n  claims: {}",
        serde_json::to_string(&run.claims).unwrap()
    )
    .unwrap();
    for payload in run.payloads.iter().filter(|of| of.owner == Owner::Run) {
        write!(out, "\n  {:?}: {}", payload.part, shown(&payload.body)).unwrap();
    }
    out
}

fn step_lines(run: &RunPart, step: &Step) -> String {
    let mut out = format!(
        "  {} {:?} {}{}\n",
        step.kind.name(),
        step.name,
        step.status.name(),
        fields(step)
    );
    for part in [Part::Input, Part::Output, Part::Error] {
        if let Some(body) = body_of(run, step, part) {
            writeln!(out, "    {part:?}: {}", shown(body)).unwrap();
        }
    }
    if !step.attributes.is_empty() {
        writeln!(out, "    Filterable: {}", step.attributes).unwrap();
    }
    if let Some(rest) = body_of(run, step, Part::Attributes) {
        let rest: serde_json::Map<String, serde_json::Value> = serde_json::from_str(rest).unwrap();
        let keys: Vec<&str> = rest.keys().map(String::as_str).collect();
        writeln!(out, "    Rest: {}", keys.join(" ")).unwrap();
    }
    out
}

fn fields(step: &Step) -> String {
    let mut out = String::new();
    for (label, text) in [
        ("agent", &step.agent),
        ("model", &step.model),
        ("provider", &step.provider),
        ("tool", &step.tool),
    ] {
        if let Some(text) = text {
            write!(out, " {label}={text:?}").unwrap();
        }
    }
    let usage = &step.usage;
    for (label, count) in [
        ("in", usage.input),
        ("out", usage.output),
        ("cached", usage.cached),
        ("cache_write", usage.cache_write),
        ("reasoning", usage.reasoning),
        ("total", usage.total),
    ] {
        if let Some(count) = count {
            write!(out, " {label}={count}").unwrap();
        }
    }
    if let Some(cost) = step.reported_cost {
        write!(out, " cost={}", cost.dollars()).unwrap();
    }
    if let Some(wait) = step.first_token_us {
        write!(out, " first_token={wait}us").unwrap();
    }
    if let Some(duration) = step.duration_us {
        write!(out, " {}s", duration as f64 / 1e6).unwrap();
    }
    if let Some(error) = &step.error {
        let texts = [&error.kind, &error.code, &error.message];
        let texts = texts.map(|text| text.as_deref().unwrap_or("-"));
        write!(out, " error={texts:?}").unwrap();
    }
    out
}

fn body_of<'r>(run: &'r RunPart, step: &Step, part: Part) -> Option<&'r str> {
    let is_its = |owner: &Owner| matches!(owner, Owner::Steps(ids) if ids.contains(&step.id));
    let mut payloads = run.payloads.iter();
    let payload = payloads.find(|of| of.part == part && is_its(&of.owner))?;
    Some(&payload.body)
}

/// A text with its length, shortened, on one line.
fn shown(body: &str) -> String {
    let start = cut(body, SHOWN_BYTES).escape_debug();
    match body.len() {
        len if len > SHOWN_BYTES => format!("({len}) {start}…"),
        len => format!("({len}) {start}"),
    }
}

#[test]
fn every_span_of_every_body_is_taken() {
    for name in names() {
        let decoded = decode(&name);
        let steps: usize = decoded.parts.iter().map(|part| part.steps.len()).sum();
        assert!(
            decoded.spans > 0 && steps + decoded.duplicates == decoded.spans,
            "{name}: {:?}",
            decoded.rejected
        );
    }
}

#[test]
fn what_is_understood_of_every_body() {
    for name in names() {
        insta::assert_snapshot!(name.as_str(), outline(&decode(&name)));
    }
}
