//! Nothing disappears uncounted: what was received is what was stored, was there already, or was
//! rejected.

use std::collections::BTreeMap;

use runwatch_tests::actor::NDJSON;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::projects::OURS;
use runwatch_tests::spans::{export, span};
use serde_json::json;

const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";

/// Items by outcome and code.
async fn outcomes(app: &TestApp) -> BTreeMap<String, i64> {
    app.fold().await;
    let statement = "
        SELECT rtrim(outcome || ' ' || code), sum(items)::bigint FROM ingest_outcomes
        WHERE project_id = $1 GROUP BY 1";
    let rows = app
        .db()
        .admin()
        .await
        .query(statement, &[&OURS.id().0])
        .await;
    rows.expect("the outcomes are read")
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect()
}

#[test]
fn every_item_of_a_mixed_batch_has_one_outcome() {
    with_app(async |app| {
        // A run with two steps, a failure and a judgement is five items.
        let whole = json!({"run_id": RUN, "agent_id": "a", "failures": [{"message": "m"}],
            "feedback": [{"name": "helpfulness", "value": 0.5}],
            "steps": [{"step_id": "00000000000000a1"}, {"step_id": "00000000000000a2"}]});
        let lines = [
            whole.to_string(),
            whole.to_string(),
            r#"{"agent_id":7}"#.to_owned(),
            r#"{"agnet_id":"a"}"#.to_owned(),
            "{".to_owned(),
            r#"{"agent_id":"b"}"#.to_owned(),
        ];
        app.agent()
            .post("/v1/runs", NDJSON, lines.join("\n"))
            .await
            .expect(207);
        let expected = [
            ("duplicate", 5),
            ("rejected invalid", 1),
            ("rejected not_json", 1),
            ("rejected unknown_field", 1),
            ("stored", 6),
        ];
        let expected = expected.map(|(outcome, items)| (outcome.to_owned(), items));
        assert_eq!(outcomes(app).await, BTreeMap::from(expected));
    });
}

#[test]
fn every_span_of_a_mixed_export_has_one_outcome() {
    with_app(async |app| {
        let times = (1_000_000, 2_000_000);
        let good = span([1; 16], 1, "good", times);
        let mut other = good.clone();
        other.name = "it says something else".to_owned();
        let mut nameless = good.clone();
        nameless.span_id = vec![0; 8];
        let spans = vec![
            good.clone(),
            good,
            other,
            nameless,
            span([1; 16], 2, "also good", times),
        ];
        app.agent()
            .send_traces(&export("shop", spans))
            .await
            .expect(200);
        let expected = [
            ("duplicate", 1),
            ("rejected conflict", 1),
            ("rejected invalid_id", 1),
            ("stored", 2),
        ];
        let expected = expected.map(|(outcome, items)| (outcome.to_owned(), items));
        assert_eq!(outcomes(app).await, BTreeMap::from(expected));
    });
}
