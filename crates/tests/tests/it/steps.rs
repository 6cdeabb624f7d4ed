//! `/v1/runs/{run}/steps` and `/timeline`: odd trees, long runs, unknown ids.

use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::moments::seconds_ago;
use serde_json::{Value, json};

const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";

/// Sends a run whose steps have these parents, by position.
async fn send_tree(app: &TestApp, parents: impl IntoIterator<Item = Option<usize>>) -> usize {
    let steps: Vec<Value> = (parents.into_iter().enumerate())
        .map(|(at, parent)| {
            json!({"step_id": id(at), "parent_id": parent.map(id), "name": format!("step {at}"),
                   "started_at": seconds_ago(9), "ended_at": seconds_ago(1)})
        })
        .collect();
    let run = json!({"run_id": RUN, "agent_id": "a", "status": "succeeded", "steps": steps});
    app.agent().send_runs(&run).await.expect(200);
    steps.len()
}

fn id(at: usize) -> String {
    format!("{:016x}", at + 1)
}

/// Every step is in the skeleton and in the timeline, each once.
async fn each_is_there_once(app: &TestApp, steps: usize) {
    let skeleton = app.analyst().steps(RUN).await.expect(200).json();
    let chunks = skeleton["chunks"]
        .as_array()
        .expect("a skeleton has chunks")
        .iter();
    let ids = chunks.flat_map(|chunk| chunk["step_id"].as_array().expect("with ids").clone());
    once(ids.collect(), steps);
    let timeline = app
        .analyst()
        .get(&format!("/v1/runs/{RUN}/timeline"))
        .await
        .expect(200)
        .json();
    let nodes = timeline["nodes"]
        .as_array()
        .expect("a timeline has nodes")
        .iter();
    once(nodes.map(|node| node["step_id"].clone()).collect(), steps);
}

fn once(mut ids: Vec<Value>, expected: usize) {
    assert_eq!(ids.len(), expected);
    ids.sort_by_key(Value::to_string);
    ids.dedup();
    assert_eq!(ids.len(), expected, "a step is there twice");
}

#[test]
fn a_step_that_is_its_own_parent_is_there_once() {
    with_app(async |app| {
        let steps = send_tree(app, [Some(0)]).await;
        each_is_there_once(app, steps).await;
    });
}

#[test]
fn steps_whose_parents_form_a_circle_are_there_once() {
    with_app(async |app| {
        let steps = send_tree(app, [Some(2), Some(0), Some(1), Some(0), None]).await;
        each_is_there_once(app, steps).await;
    });
}

#[test]
fn steps_without_known_parents_are_there_once() {
    with_app(async |app| {
        let steps = send_tree(app, (0..1_000).map(|at| Some(5_000 + at))).await;
        each_is_there_once(app, steps).await;
    });
}

#[test]
fn a_chain_of_three_thousand_steps_is_there_once() {
    with_app(async |app| {
        let steps = send_tree(app, (0..3_000_usize).map(|at| at.checked_sub(1))).await;
        each_is_there_once(app, steps).await;
    });
}

#[test]
fn a_long_run_is_read_in_pages_and_in_chunks() {
    with_app(async |app| {
        let steps = send_tree(app, (0..10_000).map(|_| None)).await;
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/runs/{RUN}/steps?limit=3000{cursor}");
            let page = app.analyst().get(&path).await.expect(200).json();
            for chunk in page["chunks"].as_array().unwrap() {
                ids.extend(chunk["step_id"].as_array().unwrap().clone());
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        once(ids, steps);
        let timeline = app
            .analyst()
            .get(&format!("/v1/runs/{RUN}/timeline"))
            .await
            .expect(200)
            .json();
        assert_eq!(timeline["nodes"].as_array().unwrap().len(), 5_000);
        assert_eq!(
            timeline["truncated"],
            true,
            "{:?}",
            timeline.as_object().unwrap().keys()
        );
    });
}

#[test]
fn an_unknown_step_is_not_found() {
    with_app(async |app| {
        send_tree(app, [None]).await;
        for step in ["00000000000000ff", "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11"] {
            let answer = app.analyst().step(RUN, step).await.expect(404);
            assert_eq!(answer.code(), "not_found");
        }
        for step in ["xyz", "0000000000000000", "00000000000000a"] {
            assert_eq!(
                app.analyst().step(RUN, step).await.expect(400).code(),
                "bad_request"
            );
        }
    });
}
