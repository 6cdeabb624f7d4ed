//! `/v1/usage`, `/v1/agents`, `/v1/models`, `/v1/tools`: rollups, and what is not folded yet.

use runwatch_tests::app::with_app;
use runwatch_tests::moments::seconds_ago;
use serde_json::{Value, json};

/// A run with one model call of so many tokens.
fn run(tokens: i64) -> Value {
    json!({"agent_id": "bot", "status": "succeeded", "started_at": seconds_ago(90), "ended_at": seconds_ago(80),
    "steps": [
        {"name": "ask", "kind": "llm", "model": "house-model", "started_at": seconds_ago(89),
         "ended_at": seconds_ago(85), "usage": {"input_tokens": tokens, "output_tokens": 1}},
        {"name": "lookup", "kind": "tool", "started_at": seconds_ago(85), "ended_at": seconds_ago(84)},
    ]})
}

#[test]
fn usage_is_the_same_before_and_after_folding() {
    with_app(async |app| {
        let read = async || {
            let mut answers = Vec::new();
            for path in [
                "/v1/usage?bucket=all&group_by=kind",
                "/v1/agents",
                "/v1/models",
                "/v1/tools",
            ] {
                let mut answer = app.analyst().get(path).await.expect(200).json();
                let range = answer.as_object_mut().unwrap();
                // The range ends now, unless it is told.
                assert!(
                    range.remove("from").is_some() && range.remove("to").is_some(),
                    "{path}"
                );
                answers.push(answer.clone());
            }
            json!(answers)
        };
        app.agent()
            .send_runs(&json!([run(10), run(20)]))
            .await
            .expect(200);
        let unfolded = read().await;
        app.fold().await;
        let folded = read().await;
        app.agent().send_runs(&run(30)).await.expect(200);
        let partly = read().await;
        assert_ne!(folded, partly, "what is not folded yet is counted");
        let measures = |answers: &Value| answers[0]["rows"].clone();
        assert_eq!(measures(&unfolded), measures(&folded));
        app.fold().await;
        assert_eq!(measures(&partly), measures(&read().await));
    });
}

#[test]
fn sums_larger_than_any_single_number_are_right() {
    with_app(async |app| {
        let most = i64::from(i32::MAX);
        let runs: Vec<Value> = (0..50).map(|_| run(most)).collect();
        app.agent().send_runs(&json!(runs)).await.expect(200);
        for _ in 0..2 {
            let usage = app
                .analyst()
                .get("/v1/usage?bucket=all")
                .await
                .expect(200)
                .json();
            let text = usage.to_string();
            assert!(text.contains(&(most * 50).to_string()), "{text}");
            app.fold().await;
        }
    });
}

#[test]
fn a_range_that_is_too_long_or_backwards_is_refused() {
    with_app(async |app| {
        let (early, late) = (seconds_ago(100 * 86_400), seconds_ago(60));
        for query in [
            format!("from={early}&to={late}"),
            format!("from={late}&to={early}"),
            "from=yesterday".to_owned(),
            "group_by=nothing".to_owned(),
        ] {
            let answer = app
                .analyst()
                .get(&format!("/v1/usage?{query}"))
                .await
                .expect(400);
            assert_eq!(answer.code(), "invalid_parameter", "{query}");
        }
    });
}
