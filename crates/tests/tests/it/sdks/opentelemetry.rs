//! OpenTelemetry's own SDKs, over HTTP and over gRPC.

use std::collections::BTreeSet;

use runwatch_tests::actor::Actor;
use runwatch_tests::answer::Answer;
use runwatch_tests::json_leaves::leaves;
use runwatch_tests::sdks::{opentelemetry, send_with_node, send_with_python};
use serde_json::{Value, json};
use uuid::Uuid;

use super::with_installation;

/// Every span can be read with its place, its times and all of its values.
async fn are_read_back(reader: &Actor, spans: &[Value]) {
    for span in spans {
        let text = |field: &str| span[field].as_str().expect("a span has all fields");
        let run = Uuid::parse_str(text("trace_id"))
            .expect("a trace id is one")
            .to_string();
        let answer: Answer = reader.step(&run, text("span_id")).await.expect(200);
        let step = answer.json();
        assert_eq!(step["parent_id"], span["parent_id"], "{span}");
        let us = |field: &str| text(field).parse::<i64>().expect("a time is a number") / 1_000;
        assert_eq!(
            step["duration_us"],
            json!(us("end_ns") - us("start_ns")),
            "{span}"
        );
        let found: BTreeSet<String> = leaves(&step).into_iter().collect();
        let mut sent = leaves(&span["attributes"]);
        sent.extend(leaves(&span["events"]));
        sent.push(text("name").to_owned());
        for value in sent {
            let is_there = found.contains(&value)
                || value.len() > 100 && found.iter().any(|text| text.contains(&value));
            assert!(is_there, "lost {value:?} of {span:#} in {step:#}");
        }
    }
}

/// The names of the agents whose runs are there.
async fn agents(reader: &Actor) -> BTreeSet<String> {
    let runs = reader.get("/v1/runs").await.expect(200).json();
    let runs = runs["runs"].as_array().expect("it is a list");
    let names = runs.iter().filter_map(|run| run["agent_id"].as_str());
    names.map(str::to_owned).collect()
}

async fn python_sends_two_runs(reader: &Actor, url: &str, key: &str, protocol: &str) {
    let spans = send_with_python("send.py", opentelemetry(url, key, protocol));
    assert!(spans.len() >= 5, "{spans:?}");
    are_read_back(reader, &spans).await;
    let sent = ["support-bot", "weather-bot"].map(str::to_owned);
    assert_eq!(agents(reader).await, BTreeSet::from(sent));
}

async fn javascript_sends_a_run(reader: &Actor, url: &str, key: &str, protocol: &str) {
    let spans = send_with_node("send.js", opentelemetry(url, key, protocol));
    assert_eq!(spans.len(), 2);
    are_read_back(reader, &spans).await;
    let runs = reader
        .get("/v1/runs?agent=support-bot")
        .await
        .expect(200)
        .json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1, "{runs}");
}

#[test]
fn python_and_pydantic_ai() {
    with_installation(async |reader, to| {
        python_sends_two_runs(reader, &to.url(), &to.key(), "http/protobuf").await;
    });
}

#[test]
fn python_over_grpc() {
    with_installation(async |reader, to| {
        python_sends_two_runs(reader, &to.grpc_url(), &to.key(), "grpc").await;
    });
}

#[test]
fn javascript() {
    with_installation(async |reader, to| {
        javascript_sends_a_run(reader, &to.url(), &to.key(), "http/json").await;
    });
}

#[test]
fn javascript_over_grpc() {
    with_installation(async |reader, to| {
        javascript_sends_a_run(reader, &to.grpc_url(), &to.key(), "grpc").await;
    });
}
