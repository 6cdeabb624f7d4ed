//! A database as text: what is stored, without when and in which pieces it came.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use runwatch_core::ids::StepId;
use runwatch_store::payloads::short_hash;
use runwatch_store::payloads::{ListedStep, StoredPart, listed_steps, parts_of_run, parts_of_step};
use serde_json::Value;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

/// Tables whose rows follow from what was said of runs, whatever the requests were that said it.
const TABLES: [&str; 10] = [
    "agent_runs",
    "agent_steps",
    "agent_failures",
    "run_feedback",
    "usage_deltas",
    "usage_minute",
    "usage_hour",
    "usage_minute_total",
    "usage_hour_total",
    "failure_groups",
];
/// Columns that depend on when something was received.
const RECEIPT: &str = "ARRAY['received_at', 'last_received_at', 'run_day']";

/// Every row of the telemetry tables, and every part of every payload, in a stable order.
pub async fn dump(admin: &Client) -> String {
    let mut text = String::new();
    for table in TABLES {
        let statement = format!(
            "SELECT (to_jsonb(t) - {RECEIPT}) FROM {table} t ORDER BY (to_jsonb(t) - {RECEIPT})::text"
        );
        let rows = admin.query(&statement, &[]).await.expect(table);
        for row in rows {
            let row: Value = row.get(0);
            writeln!(text, "{table} {row}").expect("text takes text");
        }
    }
    for line in payloads(admin).await {
        writeln!(text, "agent_payloads {line}").expect("text takes text");
    }
    text
}

/// The parts of all runs and steps. A part that two requests brought is one part, and those of a
/// copy of a step that was replaced since are nobody's.
async fn payloads(admin: &Client) -> BTreeSet<String> {
    let standing = admin
        .query(
            "SELECT project_id, run_id, step_id, content_hash FROM agent_steps",
            &[],
        )
        .await
        .expect("the steps are read");
    let standing: BTreeMap<(Uuid, Uuid, StepId), u32> =
        standing.iter().map(standing_step).collect();
    let chunks = admin
        .query(
            "SELECT project_id, run_id, steps, body FROM agent_payloads",
            &[],
        )
        .await
        .expect("the chunks are read");
    let mut lines = BTreeSet::new();
    for chunk in &chunks {
        let (project, run): (Uuid, Uuid) = (chunk.get(0), chunk.get(1));
        let (steps, body): (&[u8], &[u8]) = (chunk.get(2), chunk.get(3));
        let of_run = parts_of_run(body).expect("a stored chunk is readable");
        lines.extend(of_run.iter().map(|part| line(project, run, None, part)));
        for step in listed_steps(steps).expect("a stored chunk lists its steps") {
            let (id, hash): ListedStep = step;
            if standing.get(&(project, run, id)) != Some(&hash) {
                continue;
            }
            let parts = parts_of_step(steps, body, step).expect("a stored chunk is readable");
            lines.extend(parts.iter().map(|part| line(project, run, Some(id), part)));
        }
    }
    lines
}

fn standing_step(row: &Row) -> ((Uuid, Uuid, StepId), u32) {
    let id = StepId::from_bytes(row.get(2)).expect("a stored step has an id");
    ((row.get(0), row.get(1), id), short_hash(row.get(3)))
}

fn line(project: Uuid, run: Uuid, step: Option<StepId>, part: &StoredPart) -> String {
    let StoredPart {
        part,
        encoding,
        body,
    } = part;
    format!("{project} {run} {step:?} {part:?} {encoding:?} {body}")
}
