//! Runs in our own JSON, as `POST /v1/runs` takes them.

use runwatch_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::TAG;
use super::run::{Error, Step};
use super::world::News;

/// One item of the request.
pub(super) fn run(news: &News) -> Value {
    let run = &news.run;
    let mut item = json!({
        "run_id": run.id.to_string(),
        "agent_id": run.agent.name,
        "agent_type": run.agent.kind,
        "agent_version": run.version,
        "environment": run.environment,
        "release": run.release,
        "tags": [TAG],
        "started_at": time(run.started_us),
        "input": run.input,
        "steps": run.steps.iter().map(step).collect::<Vec<_>>(),
    });
    let members = item.as_object_mut().expect("it was written as an object");
    let maybe = [
        ("workflow_id", run.agent.workflow),
        ("session_id", run.session.as_deref()),
        ("user_id", run.user.as_deref()),
    ];
    for (name, value) in maybe {
        add(members, name, value);
    }
    if let Some((ended_us, status)) = run.end.filter(|_| news.has_ended) {
        add(members, "status", Some(status.name()));
        add(members, "ended_at", Some(time(ended_us)));
        add(
            members,
            "output",
            Some(run.output.clone()).filter(|output| !output.is_null()),
        );
        let failure = run.error.as_ref().map(|error| {
            let mut failure = failure(error);
            failure["occurred_at"] = time(ended_us).into();
            json!([failure])
        });
        add(members, "failures", failure);
    }
    item
}

fn step(step: &Step) -> Value {
    let mut item = json!({
        "step_id": format!("{:016x}", step.id),
        "kind": step.kind.name(),
        "name": step.name,
        "status": if step.error.is_some() { "failed" } else { "succeeded" },
        "started_at": time(step.started_us),
        "ended_at": time(step.ended_us),
        "input": step.input,
    });
    let members = item.as_object_mut().expect("it was written as an object");
    add(
        members,
        "parent_id",
        step.parent.map(|id| format!("{id:016x}")),
    );
    add(members, "model", step.model.map(|model| model.name));
    add(members, "provider", step.model.map(|model| model.provider));
    add(
        members,
        "output",
        Some(step.output.clone()).filter(|output| !output.is_null()),
    );
    add(members, "error", step.error.as_ref().map(failure));
    if step.usage.input > 0 {
        let usage = json!({
            "input_tokens": step.usage.input,
            "output_tokens": step.usage.output,
            "cached_input_tokens": step.usage.cached,
        });
        add(members, "usage", Some(usage));
    }
    item
}

fn failure(error: &Error) -> Value {
    let mut item = json!({"type": error.kind, "message": error.message});
    if let Some(code) = error.code {
        item["code"] = code.into();
    }
    item
}

fn add(members: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value.into());
    }
}

fn time(at_us: i64) -> String {
    Timestamp(at_us).to_rfc3339()
}
