//! `POST /v1/traces/ingest`: what the exporter of OpenAI's Agents SDK sent, recorded.

use runwatch_tests::actor::JSON;
use runwatch_tests::app::with_app;
use serde_json::{Value, json};

/// Two runs: one that went well, and one whose tool failed.
const BODY: &str = include_str!(
    "../../../../fixtures/openai-agents/openai-agents-native-000_v1_traces_ingest.body"
);
const GOOD: &str = "d0314499-e2d7-453c-a6cd-3cf5e988120c";
const FAILED: &str = "1c239388-613b-45bc-a4c2-7bfaaa351281";

#[test]
fn its_traces_become_runs() {
    with_app(async |app| {
        let sent = app.agent().post("/v1/traces/ingest", JSON, BODY).await;
        let verdicts = sent.expect(200).json();
        assert_eq!(verdicts["rejected"], json!([]));
        // Two traces and all of their spans.
        assert_eq!(verdicts["accepted"], 14, "{verdicts}");
        let again = app.agent().post("/v1/traces/ingest", JSON, BODY).await;
        assert_eq!(
            again.expect(200).json()["accepted"],
            0,
            "nothing of it is new"
        );
        for (name, id) in [("good", GOOD), ("failed", FAILED)] {
            let mut run = app.analyst().run(id).await.expect(200).json();
            run["last_received_at"] = Value::Null;
            let skeleton = app.analyst().steps(id).await.expect(200).json();
            let mut steps = Vec::new();
            for id_of_step in skeleton["chunks"][0]["step_id"].as_array().unwrap() {
                let path = id_of_step.as_str().unwrap();
                steps.push(app.analyst().step(id, path).await.expect(200).json());
            }
            insta::assert_json_snapshot!(
                format!("openai_agents_{name}"),
                json!({"run": run, "steps": steps})
            );
        }
    });
}

#[test]
fn an_item_that_is_neither_trace_nor_span_is_refused_and_its_neighbours_are_stored() {
    with_app(async |app| {
        let mut body: Value = serde_json::from_str(BODY).unwrap();
        let items = body["data"].as_array_mut().unwrap();
        items.insert(1, json!({"object": "score", "id": "x"}));
        items.insert(2, json!({"object": "trace.span", "id": "span_1"}));
        let sent = app
            .agent()
            .post("/v1/traces/ingest", JSON, body.to_string())
            .await;
        let verdicts = sent.expect(207).json();
        let refused = verdicts["rejected"].as_array().unwrap();
        let indices: Vec<&Value> = refused.iter().map(|refused| &refused["index"]).collect();
        assert_eq!(indices, [1, 2]);
        app.analyst().run(GOOD).await.expect(200);
        for body in ["[]", "{}", "{\"data\": 7}", "nonsense"] {
            app.agent()
                .post("/v1/traces/ingest", JSON, body)
                .await
                .expect(400);
        }
    });
}
