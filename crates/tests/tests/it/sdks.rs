//! What stock SDKs send to a whole installation is what is read back from it.

use std::collections::BTreeSet;

use runwatch_tests::answer::Answer;
use runwatch_tests::app::client;
use runwatch_tests::installation::Installation;
use runwatch_tests::json_leaves::leaves;
use runwatch_tests::sdks::{send_with_node, send_with_python};
use runwatch_tests::{actor::Actor, block_on};
use serde_json::{Value, json};
use uuid::Uuid;

/// Runs a test with somebody who reads, and the URL and key for those who send.
fn with_installation(test: impl AsyncFnOnce(&Actor, &str, &str)) {
    block_on(async {
        let installation = Installation::start(&Installation::data_dir()).await;
        let (url, key) = (
            installation.variable("RUNWATCH_URL"),
            installation.variable("RUNWATCH_API_KEY"),
        );
        let reader = Actor::new(client(), &url, &url, Some(key.clone()));
        test(&reader, &url, &key).await;
        assert!(installation.interrupt().await.success());
    });
}

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

#[test]
fn python_and_pydantic_ai() {
    with_installation(async |reader, url, key| {
        let spans = send_with_python(url, key);
        assert!(spans.len() >= 5, "{spans:?}");
        are_read_back(reader, &spans).await;
        let runs = reader.get("/v1/runs").await.expect(200).json();
        let agents: BTreeSet<&str> = runs["runs"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|run| run["agent_id"].as_str())
            .collect();
        assert_eq!(agents, BTreeSet::from(["support-bot", "weather-bot"]));
    });
}

#[test]
fn javascript() {
    with_installation(async |reader, url, key| {
        let spans = send_with_node(url, key);
        assert_eq!(spans.len(), 2);
        are_read_back(reader, &spans).await;
        let runs = reader
            .get("/v1/runs?agent=support-bot")
            .await
            .expect(200)
            .json();
        assert_eq!(runs["runs"].as_array().unwrap().len(), 1, "{runs}");
    });
}
