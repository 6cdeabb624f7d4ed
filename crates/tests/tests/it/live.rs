//! `GET /v1/live`: runs and steps as they are committed.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use runwatch_core::api_key::Scope;
use runwatch_core::changes::{RunChange, RunTexts, to_bytes};
use runwatch_core::ids::RunId;
use runwatch_core::time::Timestamp;
use runwatch_store::{api_keys, changes, lifecycle, pool};
use runwatch_tests::actor::Actor;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::events::EventStream;
use runwatch_tests::moments::{seconds_ago, without_times};
use runwatch_tests::projects::OURS;
use runwatch_tests::until::until;
use serde_json::{Value, json};

const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";
const OTHER: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a12";
const THIRD: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a13";

/// Follows, and waits until the stream says where it begins.
async fn follow(actor: &Actor, query: &str) -> EventStream {
    let mut stream = follow_from(actor, query, None).await;
    stream.id().await;
    stream
}

async fn follow_from(actor: &Actor, query: &str, id: Option<&str>) -> EventStream {
    let mut request = actor.request(Method::GET, &format!("/v1/live?{query}"));
    if let Some(id) = id {
        request = request.header("last-event-id", id);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    EventStream::new(response)
}

fn run(id: &str, agent: &str, status: &str) -> Value {
    let failing = json!({"step_id": "00000000000000a2", "kind": "tool", "name": "lookup_order",
        "started_at": seconds_ago(59), "ended_at": seconds_ago(58),
        "error": {"type": "timeout", "code": "504", "message": "upstream timed out"}});
    json!({"run_id": id, "agent_id": agent, "status": status, "started_at": seconds_ago(60),
    "steps": [
        {"step_id": "00000000000000a1", "kind": "llm", "name": "plan", "model": "gpt-4o",
         "started_at": seconds_ago(60), "ended_at": seconds_ago(59),
         "usage": {"input_tokens": 1200, "output_tokens": 30}},
        failing,
    ]})
}

async fn send(app: &TestApp, id: &str) {
    let one = run(id, "support-bot", "running");
    app.agent().send_runs(&one).await.expect(200);
}

fn ids(events: &[(String, Value)]) -> Vec<&str> {
    let runs = events.iter().map(|(_, data)| data["run_id"].as_str());
    runs.map(Option::unwrap).collect()
}

#[test]
fn a_run_is_told_with_its_steps_as_it_is_committed_and_again_when_it_changes() {
    with_app(async |app| {
        let mut stream = follow(&app.analyst(), "steps=true").await;
        send(app, RUN).await;
        let told = stream.take(3).await;
        let told: Vec<Value> = told
            .into_iter()
            .map(|(name, data)| json!({ name: without_times(data) }))
            .collect();
        insta::assert_json_snapshot!("told", told);

        let end = json!({"status": "succeeded"});
        app.agent().change_run(RUN, &end).await.expect(200);
        let (name, data) = stream.next().await.unwrap();
        assert_eq!(
            (name.as_str(), &data["status"]),
            ("run", &json!("succeeded"))
        );
        // What was known before is not told again.
        app.agent().change_run(RUN, &end).await.expect(200);
        send(app, OTHER).await;
        assert_eq!(ids(&stream.take(1).await), [OTHER]);
    });
}

#[test]
fn a_run_of_many_steps_is_told_whole() {
    with_app(async |app| {
        let mut stream = follow(&app.analyst(), "steps=true").await;
        let steps: Vec<Value> = (0..2_500)
            .map(|at| {
                json!({"step_id": format!("{:016x}", at + 1), "kind": "tool",
                "name": format!("step {at}"), "started_at": seconds_ago(60)})
            })
            .collect();
        app.agent().add_steps(RUN, &json!(steps)).await.expect(200);
        send(app, OTHER).await;
        let told = stream.take(2_501).await;
        let of_runs = told.iter().filter(|(name, _)| name == "run");
        assert_eq!(of_runs.count(), 1);
        let steps: BTreeSet<String> = told[1..]
            .iter()
            .map(|(_, data)| data["step_id"].to_string())
            .collect();
        assert_eq!(steps.len(), 2_500);
        assert_eq!(ids(&stream.take(1).await), [OTHER]);
    });
}

#[test]
fn a_client_that_was_cut_off_goes_on_behind_what_it_received() {
    with_app(async |app| {
        let mut stream = follow(&app.analyst(), "").await;
        send(app, RUN).await;
        stream.take(1).await;
        let id = stream.id().await;
        drop(stream);
        send(app, OTHER).await;
        send(app, THIRD).await;
        let mut again = follow_from(&app.analyst(), "", Some(&id)).await;
        assert_eq!(ids(&again.take(2).await), [OTHER, THIRD]);
        let wrong = app.analyst().request(Method::GET, "/v1/live");
        let wrong = wrong.header("last-event-id", "last tuesday");
        let refused = app.analyst().call(wrong).await.expect(400);
        assert_eq!(refused.json()["field"], "Last-Event-ID");
    });
}

#[test]
fn only_what_passes_the_filters_is_told_and_nothing_of_other_projects() {
    with_app(async |app| {
        let mut failed = follow(&app.analyst(), "status=failed&status=timed_out").await;
        let mut billing = follow(&app.analyst(), "agent=billing-bot").await;
        let mut theirs = follow(&app.stranger(), "").await;
        send(app, RUN).await;
        let other = run(OTHER, "billing-bot", "succeeded");
        app.agent().send_runs(&other).await.expect(200);
        let third = run(THIRD, "support-bot", "failed");
        app.agent().send_runs(&third).await.expect(200);
        assert_eq!(ids(&failed.take(1).await), [THIRD]);
        assert_eq!(ids(&billing.take(1).await), [OTHER]);
        let their_own = run(RUN, "their-bot", "running");
        app.strange_agent().send_runs(&their_own).await.expect(200);
        let told = theirs.take(1).await;
        assert_eq!(told[0].1["agent_id"], "their-bot", "theirs, and not ours");
    });
}

#[test]
fn what_is_committed_late_is_not_passed_over() {
    with_app(async |app| {
        send(app, RUN).await;
        let mut stream = follow(&app.analyst(), "").await;
        // A transaction that began to write before the next one, and ends after it.
        let slow = app.db().admin().await;
        let change = RunChange::without_steps(
            RunId(RUN.parse().unwrap()),
            Timestamp(0).to_utc().unwrap().date_naive(),
            Timestamp(0),
        );
        slow.batch_execute("BEGIN").await.unwrap();
        slow.execute(
            "INSERT INTO run_changes
                 (project_id, transaction_id, text_bytes, recorded_at, body, texts)
             VALUES ($1, pg_current_xact_id()::text::bigint, 0, rw_now(), $2, $3)",
            &[
                &OURS.id().0,
                &to_bytes(&[change]),
                &to_bytes(&[RunTexts::default()]),
            ],
        )
        .await
        .unwrap();
        send(app, OTHER).await;
        // The sign of life says that the stream has looked since.
        stream.id().await;
        slow.batch_execute("COMMIT").await.unwrap();
        assert_eq!(ids(&stream.take(2).await), [RUN, OTHER]);
    });
}

#[test]
fn who_comes_back_too_late_is_told_that_something_is_missing() {
    with_app(async |app| {
        let mut stream = follow_from(&app.analyst(), "", None).await;
        let id = stream.id().await;
        send(app, RUN).await;
        stream.take(1).await;
        let admin = app.db().admin().await;
        let age = "UPDATE run_changes SET recorded_at = recorded_at - interval '16 minutes'";
        admin.batch_execute(age).await.unwrap();
        let mut conn = pool::connect(&app.db().url("runwatch_worker"))
            .await
            .unwrap();
        let forgotten = changes::forget(&mut conn, true).await.unwrap();
        assert_eq!(forgotten, 0, "the search index was not made of it yet");
        let read = "UPDATE change_readers SET transaction_id = 9e15 WHERE reader = 'search'";
        admin.batch_execute(read).await.unwrap();
        assert_eq!(changes::forget(&mut conn, true).await.unwrap(), 1);
        let mut late = follow_from(&app.analyst(), "", Some(&id)).await;
        send(app, OTHER).await;
        let told = late.take(2).await;
        assert_eq!((told[0].0.as_str(), told[1].0.as_str()), ("gap", "run"));
        assert_eq!(told[1].1["run_id"], OTHER);
    });
}

#[test]
fn a_run_that_nothing_is_heard_of_is_told_as_stalled() {
    with_app(async |app| {
        let said = run(RUN, "support-bot", "running");
        app.agent().send_runs(&said).await.expect(200);
        let mut stream = follow(&app.analyst(), "").await;
        let admin = app.db().admin().await;
        let quiet = "UPDATE agent_runs SET last_received_at = rw_now() - interval '11 minutes'";
        admin.batch_execute(quiet).await.unwrap();
        let mut conn = pool::connect(&app.db().url("runwatch_worker"))
            .await
            .unwrap();
        assert_eq!(lifecycle::flag_stalled(&mut conn).await.unwrap(), 1);
        let told = stream.take(1).await;
        assert_eq!(
            (&told[0].1["run_id"], &told[0].1["stalled"]),
            (&json!(RUN), &json!(true))
        );
        // What is sent again says nothing new, but that the run is alive.
        app.agent().send_runs(&said).await.expect(200);
        let told = stream.take(1).await;
        assert_eq!(told[0].1["stalled"], false);
    });
}

#[test]
fn a_stream_ends_when_its_key_is_revoked() {
    with_app(async |app| {
        let mut stream = follow(&app.analyst(), "").await;
        let mut conn = pool::connect(&app.db().admin_url()).await.unwrap();
        let key = OURS.key(Scope::Read).id();
        assert!(api_keys::revoke(&mut conn, OURS.id(), key).await.unwrap());
        assert_eq!(stream.next().await, None);
        app.analyst().get("/v1/live").await.expect(401);
    });
}

#[test]
fn streams_do_not_hold_up_a_stop_and_a_project_has_so_many_and_no_more() {
    // The services are stopped at the end while these still listen.
    let mut streams = Vec::new();
    with_app(async |app| {
        for _ in 0..16 {
            streams.push(follow(&app.analyst(), "").await);
        }
        let refused = app.analyst().get("/v1/live").await.expect(429);
        assert_eq!(refused.header("retry-after"), Some("5"));
        insta::assert_json_snapshot!("too_many_streams", refused.json());
        follow(&app.stranger(), "").await;
        streams.pop();
        until(Duration::from_secs(25), "a stream to be free", async || {
            let request = app.analyst().request(Method::GET, "/v1/live");
            (request.send().await.ok()?.status() == 200).then_some(())
        })
        .await;
    });
}
