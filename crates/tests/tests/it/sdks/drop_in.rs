//! SDKs of other systems, with nothing changed but the address and the key.
//!
//! Each program prints what it sent, in the words of the API: a run, its steps, its scores.

use runwatch_tests::actor::Actor;
use runwatch_tests::holds::{holds, holds_somewhere};
use runwatch_tests::sdks::{langfuse, langsmith, openai_agents, send_with_node, send_with_python};
use serde_json::Value;

use super::with_installation;

/// The run, each of its steps and each of its scores can be read as they were sent.
async fn is_read_back(reader: &Actor, sent: &[Value]) {
    let [sent] = sent else {
        panic!("one run is sent: {sent:?}")
    };
    let id = sent["run_id"].as_str().expect("a run has an id");
    let run = reader.run(id).await.expect(200).json();
    let mut lost = differences(&run, &sent["run"]);
    let steps = all_steps(reader, id).await;
    for step in list(&sent["steps"]) {
        let found = steps.iter().find(|read| is_the_same(read, step));
        let found = found.unwrap_or_else(|| panic!("{step:#} is none of {steps:#?}"));
        lost.extend(differences(found, step));
    }
    assert!(lost.is_empty(), "{}\nin {run:#}", lost.join("\n"));
    if let Some(scores) = sent.get("scores") {
        are_scores(reader, id, list(scores)).await;
    }
}

/// Whether it is the step that was sent: by its id, where its sender knows it, else by name or kind.
fn is_the_same(read: &Value, sent: &Value) -> bool {
    let names = ["step_id", "name", "kind"];
    let known = names.into_iter().find(|field| sent.get(field).is_some());
    known.is_some_and(|field| read[field] == sent[field])
}

/// What was not read as it was sent, field by field.
fn differences(read: &Value, sent: &Value) -> Vec<String> {
    let sent = sent.as_object().expect("it has fields");
    let lost = sent
        .iter()
        .filter(|(field, value)| !holds(&read[*field], value));
    lost.map(|(field, value)| {
        let (name, found) = (&read["name"], &read[field]);
        format!("{name} {field}: sent {value}, read {found}")
    })
    .collect()
}

async fn all_steps(reader: &Actor, run: &str) -> Vec<Value> {
    let skeleton = reader.steps(run).await.expect(200).json();
    let mut steps = Vec::new();
    for chunk in list(&skeleton["chunks"]) {
        for id in list(&chunk["step_id"]) {
            let id = id.as_str().expect("an id is text");
            steps.push(reader.step(run, id).await.expect(200).json());
        }
    }
    steps
}

async fn are_scores(reader: &Actor, run: &str, scores: &[Value]) {
    let read = reader.get(&format!("/v1/runs/{run}/feedback")).await;
    let read = read.expect(200).json();
    for score in scores {
        assert!(
            holds_somewhere(&read, score),
            "{score:#} is not in {read:#}"
        );
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("it is a list")
}

#[test]
fn langfuse_from_python() {
    with_installation(async |reader, to| {
        let sent = send_with_python("send_langfuse.py", langfuse(&to.url(), &to.key()));
        is_read_back(reader, &sent).await;
    });
}

#[test]
fn langfuse_from_javascript() {
    with_installation(async |reader, to| {
        let sent = send_with_node("send_langfuse.js", langfuse(&to.url(), &to.key()));
        is_read_back(reader, &sent).await;
    });
}

#[test]
fn langsmith_in_opentelemetry_mode() {
    with_installation(async |reader, to| {
        let sent = send_with_python("send_langsmith.py", langsmith(&to.url(), &to.key()));
        is_read_back(reader, &sent).await;
    });
}

#[test]
fn openai_agents_by_its_own_exporter() {
    with_installation(async |reader, to| {
        let sent = send_with_python("send_openai_agents.py", openai_agents(&to.url(), &to.key()));
        is_read_back(reader, &sent).await;
    });
}
