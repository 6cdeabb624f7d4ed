//! `/v1/sessions`: the runs of a conversation together.

use runwatch_tests::app::with_app;
use runwatch_tests::moments::{seconds_ago, without_times};
use serde_json::{Value, json};

fn run(session: &str, agent: &str, seconds: i64, status: &str) -> Value {
    json!({"agent_id": agent, "session_id": session, "user_id": format!("user of {session}"),
        "environment": "production", "status": status, "started_at": seconds_ago(seconds),
        "ended_at": seconds_ago(seconds - 2),
        "steps": [{"name": "plan", "kind": "llm", "model": "gpt-4o", "started_at": seconds_ago(seconds),
            "ended_at": seconds_ago(seconds - 1), "usage": {"input_tokens": 100, "output_tokens": 10}}]})
}

#[test]
fn a_session_says_what_its_runs_come_to() {
    with_app(async |app| {
        let runs = json!([
            run("s-1", "support-bot", 300, "succeeded"),
            run("s-2", "support-bot", 200, "succeeded"),
            run("s-1", "billing-bot", 100, "failed"),
            {"agent_id": "loner", "status": "succeeded"},
        ]);
        app.agent().send_runs(&runs).await.expect(200);
        let sessions = app.analyst().get("/v1/sessions").await.expect(200).json();
        insta::assert_json_snapshot!("sessions", without_times(sessions));
        let nothing = app.stranger().get("/v1/sessions").await.expect(200).json();
        assert_eq!(nothing, json!({"sessions": [], "next_cursor": null}));
    });
}

#[test]
fn a_filter_finds_sessions_by_any_of_their_runs() {
    with_app(async |app| {
        let runs = json!([
            run("s-1", "support-bot", 300, "succeeded"),
            run("s-2", "support-bot", 200, "succeeded"),
            run("s-1", "billing-bot", 100, "failed"),
        ]);
        app.agent().send_runs(&runs).await.expect(200);
        let (early, late) = (seconds_ago(250), seconds_ago(150));
        for (query, expected) in [
            ("agent=support-bot".to_owned(), vec![("s-2", 1), ("s-1", 2)]),
            ("agent=billing-bot".to_owned(), vec![("s-1", 2)]),
            ("agent=other".to_owned(), vec![]),
            ("user_id=user%20of%20s-2".to_owned(), vec![("s-2", 1)]),
            ("environment=staging".to_owned(), vec![]),
            (format!("from={late}"), vec![("s-1", 2)]),
            (format!("to={late}"), vec![("s-2", 1)]),
            (format!("from={early}&to={late}"), vec![("s-2", 1)]),
        ] {
            let answer = app
                .analyst()
                .get(&format!("/v1/sessions?{query}"))
                .await
                .expect(200)
                .json();
            let sessions = answer["sessions"].as_array().unwrap().iter();
            let found: Vec<(&str, i64)> = sessions
                .map(|one| {
                    (
                        one["session_id"].as_str().unwrap(),
                        one["runs"].as_i64().unwrap(),
                    )
                })
                .collect();
            assert_eq!(found, expected, "{query}");
        }
    });
}

#[test]
fn pages_hold_every_session_once() {
    with_app(async |app| {
        // Sessions whose runs take turns, several of them at the same moment.
        let runs: Vec<Value> = (0..60)
            .map(|at| run(&format!("s-{}", at % 17), "a", 300 - at / 3, "succeeded"))
            .collect();
        app.agent().send_runs(&json!(runs)).await.expect(200);
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/sessions?limit=3{cursor}");
            let page = app.analyst().get(&path).await.expect(200).json();
            let sessions = page["sessions"].as_array().unwrap().iter();
            seen.extend(sessions.map(|one| one["session_id"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 17);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 17);
    });
}
