//! Runs in the native JSON form of `POST /v1/runs`, as somebody writes it who does not know the
//! conventions of OpenTelemetry: what has a field of its own goes there, and the parameters of a
//! model call are one object.

use serde_json::{Map, Value, json};

use crate::shape::{Kind, Run, Step};
use crate::template::{PLACEHOLDER_RUN, placeholder_end, placeholder_start, placeholder_step};

/// Attributes that have a field of their own in the native form.
const FIELDS: [&str; 9] = [
    "gen_ai.operation.name",
    "gen_ai.agent.name",
    "gen_ai.agent.version",
    "gen_ai.tool.name",
    "gen_ai.provider.name",
    "gen_ai.response.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.cache_read.input_tokens",
];

/// A run as one JSON object.
pub(crate) fn render(run: &Run) -> Vec<u8> {
    let failed = run.steps.first().is_some_and(|root| root.error.is_some());
    let steps = run
        .steps
        .iter()
        .enumerate()
        .map(|(place, rendered)| step(place, rendered));
    let run = json!({
        "run_id": PLACEHOLDER_RUN,
        "agent_id": run.agent,
        "agent_version": "2.3.1",
        "environment": run.environment,
        "session_id": run.session,
        "user_id": run.user,
        "status": if failed { "failed" } else { "succeeded" },
        "started_at": placeholder_start(0).to_rfc3339(),
        "ended_at": placeholder_end(0).to_rfc3339(),
        "steps": steps.collect::<Vec<Value>>(),
    });
    run.to_string().into_bytes()
}

fn step(place: usize, step: &Step) -> Value {
    let (mut attributes, mut parameters) = (Map::new(), Map::new());
    for (key, value) in step
        .attributes
        .iter()
        .filter(|(key, _)| !FIELDS.contains(key))
    {
        match key.strip_prefix("gen_ai.request.") {
            Some(parameter) => parameters.insert(parameter.to_owned(), value.clone()),
            None => attributes.insert((*key).to_owned(), value.clone()),
        };
    }
    if !parameters.is_empty() {
        attributes.insert("parameters".to_owned(), Value::Object(parameters));
    }
    let mut told = json!({
        "step_id": format!("{:016x}", placeholder_step(place)),
        "name": step.name,
        "kind": match step.kind {
            Kind::Agent => "agent",
            Kind::Model { .. } => "llm",
            Kind::Tool { .. } => "tool",
        },
        "status": if step.error.is_some() { "failed" } else { "succeeded" },
        "started_at": placeholder_start(place).to_rfc3339(),
        "ended_at": placeholder_end(place).to_rfc3339(),
        "input": step.input,
        "output": step.output,
        "attributes": attributes,
    });
    if place > 0 {
        told["parent_id"] = json!(format!("{:016x}", placeholder_step(0)));
    }
    if let Kind::Model {
        model,
        provider,
        input_tokens,
        output_tokens,
    } = step.kind
    {
        told["model"] = json!(model);
        told["provider"] = json!(provider);
        told["usage"] = json!({
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cached_input_tokens": input_tokens / 2,
        });
    }
    if let Some((kind, message)) = &step.error {
        told["error"] = json!({"type": kind, "message": message});
    }
    told
}
