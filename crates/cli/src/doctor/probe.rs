//! The probe: a run is sent and read back, as an agent and its owner would.

use std::time::Instant;

use serde_json::{Value, json};
use uuid::Uuid;

use super::report::{Area, Report};
use crate::args::DoctorArgs;
use crate::args::server::{ServerArgs, URL_DEFAULT};
use crate::client::{self, Client};
use crate::clock;

/// The agent of the runs that are sent.
const AGENT: &str = "runwatch-doctor";

/// Sends a run and reads it back.
pub(super) async fn check(args: &DoctorArgs, report: &mut Report) {
    let server = ServerArgs {
        url: args.url.clone().unwrap_or_else(|| URL_DEFAULT.to_owned()),
        key: args.key.clone(),
    };
    match probe(&server).await {
        Ok((stored_ms, read_ms)) => {
            let what =
                format!("a run was stored after {stored_ms} ms and read back after {read_ms} ms");
            report.ok(Area::Probe, what);
        }
        Err(error) => {
            let what = format!("a run could not be sent and read back: {error}");
            let advice =
                "give a key with the scopes ingest and read, and mend what is wrong above first";
            report.problem(Area::Probe, what, advice);
        }
    }
}

async fn probe(server: &ServerArgs) -> client::Result<(u128, u128)> {
    let client = Client::new(server)?;
    let run = Uuid::now_v7();
    let now = clock::now().to_rfc3339();
    let body = json!({
        "run_id": run.to_string(), "agent_id": AGENT, "agent_type": "probe", "tags": ["doctor"],
        "status": "succeeded", "started_at": now, "ended_at": now,
        "input": {"question": "Does it arrive?"}, "output": {"answer": "It does."},
        "steps": [{"name": "probe", "kind": "tool", "started_at": now, "ended_at": now}],
    });
    let began = Instant::now();
    let _verdicts: Value = client.post("/v1/runs", &body).await?;
    let stored = began.elapsed().as_millis();
    let began = Instant::now();
    let _run: Value = client.get(&format!("/v1/runs/{run}"), &[]).await?;
    Ok((stored, began.elapsed().as_millis()))
}
