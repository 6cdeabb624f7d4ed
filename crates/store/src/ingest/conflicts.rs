//! Items that contradict what is stored: kept in quarantine, so that nobody's word is lost.

use serde_json::{Map, Value, json};

use runwatch_core::limits::QUARANTINE_ITEM_BYTES_MAX;
use runwatch_core::payload::Encoding;
use runwatch_core::step::Step;
use runwatch_core::text::cut;

use crate::ingest::{
    Arrival, ArrivingRun, CONFLICT, Conflict, ConflictingItem, Quarantined, Reply,
};
use crate::payloads::{parts_of_step, short_hash};

/// What is to be kept of the items of an arrival that contradict, besides their count.
pub(super) fn quarantined(arrival: &Arrival, reply: &Reply) -> Vec<Quarantined> {
    let Reply::Stored(verdicts) = reply else {
        return Vec::new();
    };
    let items = arrival.runs.iter().zip(verdicts);
    items
        .flat_map(|(run, verdict)| verdict.conflicts.iter().map(move |found| keep(run, found)))
        .collect()
}

fn keep(run: &ArrivingRun, conflict: &Conflict) -> Quarantined {
    let (item, said) = match conflict.what {
        ConflictingItem::Run => ("run", json!({ "claims": run.part.claims })),
        ConflictingItem::Step(id) => {
            let step = run.part.steps.iter().find(|step| step.id == id);
            (
                "step",
                step.map(|step| said_of_step(run, step)).unwrap_or_default(),
            )
        }
        ConflictingItem::Failure(id) => {
            let failure = run.part.failures.iter().find(|failure| failure.id == id);
            let said = failure.map(|failure| {
                json!({ "failure_id": id, "type": failure.kind, "code": failure.code,
                    "message": failure.message, "step_id": failure.step })
            });
            ("failure", said.unwrap_or_default())
        }
        ConflictingItem::Feedback(id) => {
            let feedback = run.part.feedback.iter().find(|feedback| feedback.id == id);
            let said = feedback.map(|feedback| {
                json!({ "id": id, "name": feedback.name, "number": feedback.value.number(),
                    "text": feedback.value.text(), "comment": feedback.comment,
                    "user_id": feedback.user_id, "source": feedback.source,
                    "step_id": feedback.step })
            });
            ("feedback", said.unwrap_or_default())
        }
    };
    let body = json!({ "run_id": run.part.run_id, item: said }).to_string();
    Quarantined {
        item,
        code: CONFLICT.to_owned(),
        message: conflict.message.clone(),
        body: cut(&body, QUARANTINE_ITEM_BYTES_MAX).as_bytes().to_vec(),
    }
}

/// What was said of a step, in the words of the native form.
fn said_of_step(run: &ArrivingRun, step: &Step) -> Value {
    let error = step.error.as_ref();
    let mut said = json!({
        "step_id": step.id,
        "parent_id": step.parent,
        "name": step.name,
        "kind": step.kind,
        "status": step.status.name(),
        "started_at": step.started_at.to_rfc3339(),
        "ended_at": step.ended_at().map(|at| at.to_rfc3339()),
        "model": step.model,
        "provider": step.provider,
        "usage": {
            "input_tokens": step.usage.input,
            "output_tokens": step.usage.output,
            "cached_input_tokens": step.usage.cached,
            "reasoning_tokens": step.usage.reasoning,
        },
        "cost_usd": step.reported_cost.map(|cost| cost.dollars()),
        "error": error.map(|error| json!({ "type": error.kind, "code": error.code, "message": error.message })),
    });
    let parts = run.chunk.as_ref().map(|chunk| {
        parts_of_step(
            &chunk.steps,
            &chunk.body,
            (step.id, short_hash(step.content_hash)),
        )
    });
    let payloads: Map<String, Value> = (parts.and_then(Result::ok).into_iter().flatten())
        .map(|part| {
            (
                format!("{:?}", part.part).to_lowercase(),
                value(part.encoding, part.body),
            )
        })
        .collect();
    said["payloads"] = Value::Object(payloads);
    said
}

fn value(encoding: Encoding, body: String) -> Value {
    match encoding {
        Encoding::Json => serde_json::from_str(&body).unwrap_or(Value::String(body)),
        Encoding::Text => Value::String(body),
    }
}
