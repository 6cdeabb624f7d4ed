//! `runwatch runs`: what was sent, as people read it in a terminal.

use runwatch_core::api_key::Scope;
use runwatch_tests::app::with_app;
use runwatch_tests::command::{Said, runwatch};
use runwatch_tests::projects::OURS;
use serde_json::json;

const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";

/// Runs the command against query-api, which nginx leads to.
async fn read(app: &runwatch_tests::app::TestApp, words: &str) -> Said {
    let (url, key) = (app.query_url(), OURS.key(Scope::Read).to_text());
    let env = [("RUNWATCH_URL", url.as_str()), ("RUNWATCH_API_KEY", &key)];
    runwatch(words, &env).await
}

fn runs() -> serde_json::Value {
    let steps = |count: usize| {
        let step = |at: usize| {
            json!({"name": format!("step {at}"), "kind": "tool", "started_at": "2026-11-20T10:00:01Z",
            "ended_at": "2026-11-20T10:00:02Z"})
        };
        (0..count).map(step).collect::<Vec<_>>()
    };
    let mut failed = steps(1);
    failed.push(json!({"name": "lookup_order", "kind": "tool", "started_at": "2026-11-20T10:00:02Z",
        "ended_at": "2026-11-20T10:00:04Z", "error": {"type": "timeout", "code": "504", "message": "upstream timed out"}}));
    json!([
        {"run_id": RUN, "agent_id": "support-bot", "status": "failed", "session_id": "s-81", "user_id": "u-17",
         "started_at": "2026-11-20T10:00:00Z", "ended_at": "2026-11-20T10:00:04.2Z", "steps": failed,
         "input": {"question": "Where is my order?"}},
        {"agent_id": "coder", "status": "succeeded", "started_at": "2026-11-20T10:01:00Z",
         "ended_at": "2026-11-20T10:02:00Z", "steps": steps(250)},
    ])
}

#[test]
fn runs_are_listed_and_filtered() {
    with_app(async |app| {
        let none = read(app, "runs list").await;
        assert!(none.text.contains("There are no runs yet."), "{none:?}");
        app.agent().send_runs(&runs()).await.expect(200);

        let all = read(app, "runs list").await;
        assert_eq!(all.text.lines().count(), 3, "{all:?}");
        assert!(
            all.text
                .contains("failed     support-bot  2026-11-20 10:00:00     4.2 s      2"),
            "{all:?}"
        );
        for filter in [
            "--agent support-bot",
            "--status failed,timed_out",
            "--failure timeout",
            "--session s-81",
            "--user u-17",
        ] {
            let found = read(app, &format!("runs list {filter}")).await;
            assert_eq!(found.text.lines().count(), 2, "{filter}: {found:?}");
            assert!(found.text.contains(RUN), "{filter}: {found:?}");
        }
        assert_eq!(
            read(app, "runs list --since 1s").await.text,
            "No run matches.\n"
        );
        let limited = read(app, "runs list --limit 1").await;
        assert!(
            limited
                .text
                .contains("The latest 1 runs; --limit shows more"),
            "{limited:?}"
        );
        let json = read(app, "runs list --json").await.json();
        assert_eq!(json.as_array().unwrap().len(), 2);
        assert_eq!(json[1]["run_id"], RUN);
    });
}

#[test]
fn a_run_is_shown_with_its_steps_and_a_large_one_is_bounded() {
    with_app(async |app| {
        app.agent().send_runs(&runs()).await.expect(200);
        let shown = read(app, &format!("runs show {RUN}")).await;
        for expected in [
            "support-bot",
            "2026-11-20 10:00:00 UTC, took 4.2 s",
            "✗ tool lookup_order",
            "timeout (504): upstream timed out",
            "Where is my order?",
        ] {
            assert!(shown.text.contains(expected), "{expected}: {}", shown.text);
        }
        assert!(
            !shown.text.contains('\u{1b}'),
            "no colours but on a terminal"
        );
        let json = read(app, &format!("runs show {RUN} --json")).await.json();
        assert_eq!(json["timeline"]["nodes"].as_array().unwrap().len(), 2);

        let large = read(app, "runs list --json --agent coder").await.json();
        let large = large[0]["run_id"].as_str().unwrap().to_owned();
        let shown = read(app, &format!("runs show {large}")).await;
        assert!(shown.text.contains("… 150 more steps"), "{}", shown.text);
    });
}

#[test]
fn what_goes_wrong_is_told_in_a_sentence() {
    with_app(async |app| {
        let unknown = read(app, &format!("runs show {RUN}")).await;
        assert!(!unknown.success);
        assert!(
            unknown.error.contains(&format!("there is no run {RUN}")),
            "{unknown:?}"
        );
        let url = app.query_url();
        let wrong_key = [
            ("RUNWATCH_URL", url.as_str()),
            ("RUNWATCH_API_KEY", "rw_live_wrong"),
        ];
        let said = runwatch("runs list", &wrong_key).await.error;
        assert!(said.contains("does not know this API key"), "{said}");
        let ingest = OURS.key(Scope::Ingest).to_text();
        let narrow_key = [
            ("RUNWATCH_URL", url.as_str()),
            ("RUNWATCH_API_KEY", &ingest),
        ];
        let said = runwatch("runs list", &narrow_key).await.error;
        assert!(said.contains("lacks the scope `read`"), "{said}");
        let said = runwatch("runs list --url http://127.0.0.1:1 --key k", &[])
            .await
            .error;
        assert!(said.contains("`runwatch up` starts it"), "{said}");
        let said = runwatch("runs list", &[]).await.error;
        assert!(said.contains("set RUNWATCH_API_KEY"), "{said}");
    });
}
