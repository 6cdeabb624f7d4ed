//! Nothing is left of a user, wherever it was, and nothing comes back.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use runwatch_core::redact::pseudonym;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::database::texts;
use runwatch_tests::projects::{OURS, THEIRS};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    OTHER, REDACTED, RUN, TRACE, USER, count, erase, leave_traces, places, run, step, trace, work,
};

#[test]
fn nothing_is_left_of_a_user_and_nothing_comes_back() {
    with_app(async |app| {
        let (db, agent, analyst) = (app.db(), app.agent(), app.analyst());
        let admin = app.first_admin().await.of_project(OURS);
        for agent in [&agent, &app.strange_agent()] {
            leave_traces(agent, USER, "canaryword").await;
        }
        // Half of it is in the index and in the rollups, and the other half is not yet.
        app.index().await;
        app.fold().await;
        let redacted = pseudonym(OURS.content_key(), USER);
        agent
            .send_runs(&run(REDACTED, &redacted, "canaryword"))
            .await
            .expect(200);
        let ids = [RUN, REDACTED].map(|id| id.parse::<Uuid>().unwrap());
        let all = [ids[0], ids[1], Uuid::from_bytes(TRACE)];
        let theirs = THEIRS.id().0;
        let before = places(db, OURS.id().0, b"canaryword").await;
        assert!(before.len() > 15, "{before:?}");
        let of_theirs = places(db, theirs, b"canaryword").await;
        let hours = "SELECT sum(items)::bigint FROM usage_hour_total";
        let (counted, seen) = (count(db, hours).await, analyst.run(RUN).await);
        seen.expect(200);

        let asked = erase(&admin, &json!({"user_id": USER})).await;
        assert_eq!(
            (&asked["kind"], &asked["status"]),
            (&json!("user"), &json!("pending"))
        );
        work(db).await;
        let path = format!("/v1/erasures/{}", asked["erasure_id"].as_str().unwrap());
        let done = admin.get(&path).await.expect(200).json();
        assert_eq!(done["status"], "done");
        assert_eq!(
            done["counts"],
            json!({"runs": 3, "steps": 3, "payload_chunks": 3, "failures": 7,
            "feedback": 3, "quarantined": 3, "failure_groups": 4}),
            "{done}"
        );
        let list = admin.get("/v1/erasures").await.expect(200).json();
        assert_eq!(list["erasures"], json!([done]));

        nothing_is_stored(app, &all, &redacted).await;
        assert_eq!(places(db, theirs, b"canaryword").await, of_theirs);
        assert!(count(db, hours).await >= counted, "sums stay");
        nothing_is_shown(app, &all).await;
        nothing_comes_back(app, &all).await;
        let audit = "SELECT details FROM audit_log WHERE action = 'create_erasure'";
        assert_eq!(
            texts(&db.admin().await, audit).await,
            ["{\"kind\":\"user\"}"]
        );
        // What comes from now on is something else.
        let new = run("0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2aff", USER, "canaryword");
        agent.send_runs(&new).await.expect(200);
        let list = analyst.get("/v1/runs").await.expect(200).json();
        assert_eq!(list["runs"].as_array().unwrap().len(), 2);
        app.index().await;
        let found = analyst
            .get("/v1/search?q=canaryword")
            .await
            .expect(200)
            .json();
        assert_ne!(found["hits"], json!([]));
    });
}

async fn nothing_is_stored(app: &TestApp, all: &[Uuid], redacted: &str) {
    let (db, ours) = (app.db(), OURS.id().0);
    for needle in [
        b"canary".as_slice(),
        "Zo\u{eb}".as_bytes(),
        b"u00eb",
        redacted.as_bytes(),
    ] {
        assert_eq!(places(db, ours, needle).await, Vec::<String>::new());
    }
    for id in all {
        assert_eq!(
            places(db, ours, id.as_bytes()).await,
            ["erased_runs.run_id"]
        );
        for text in [id.to_string(), id.simple().to_string()] {
            assert_eq!(
                places(db, ours, text.as_bytes()).await,
                Vec::<String>::new()
            );
        }
    }
}

async fn nothing_is_shown(app: &TestApp, all: &[Uuid]) {
    let analyst = app.analyst();
    for id in all {
        analyst.run(&id.to_string()).await.expect(404);
    }
    let found = analyst
        .get("/v1/search?q=canaryword")
        .await
        .expect(200)
        .json();
    assert_eq!(found["hits"], json!([]));
    // What is left can be found still.
    let found = analyst
        .get("/v1/search?q=harmless")
        .await
        .expect(200)
        .json();
    assert_ne!(found["hits"], json!([]));
    for path in [
        "/v1/export?what=steps",
        "/v1/export?what=runs",
        "/v1/failures",
        "/v1/failure-groups",
        "/v1/feedback",
        "/v1/quarantine",
    ] {
        let answer = analyst.get(path).await.expect(200).text();
        assert!(
            !answer.contains("canary") && !answer.contains("c7c7"),
            "{path}: {answer}"
        );
        assert!(answer.len() > 40, "{path}: {answer}");
    }
    // The first of the group that others are in too is one of theirs.
    let groups = analyst.get("/v1/failure-groups").await.expect(200).json();
    let groups = groups["failure_groups"]
        .as_array()
        .or(groups["groups"].as_array());
    let firsts: Vec<&Value> = groups
        .unwrap()
        .iter()
        .map(|group| &group["first_run_id"])
        .collect();
    assert!(firsts.iter().all(|first| **first == OTHER), "{firsts:?}");
}

async fn nothing_comes_back(app: &TestApp, all: &[Uuid]) {
    let (agent, db) = (app.agent(), app.db());
    for _ in 0..2 {
        let new = run("0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a99", "z", "innocent");
        let both = json!([run(RUN, USER, "canaryword"), new]);
        let answer = agent.send_runs(&both).await.expect(207).json();
        assert_eq!(answer["rejected"].as_array().unwrap().len(), 1, "{answer}");
        assert_eq!(
            (&answer["rejected"][0]["code"], &answer["rejected"][0]["id"]),
            (&json!("erased"), &json!(RUN))
        );
        let answer = agent
            .add_steps(RUN, &json!([step("00000000000000a7", "canaryword")]))
            .await;
        assert_eq!(answer.expect(400).json()["rejected"][0]["code"], "erased");
        let thought = json!([{"name": "n", "value": "canaryword"}]);
        let answer = agent.add_feedback(RUN, &thought).await.expect(400).json();
        assert_eq!(answer["rejected"][0]["code"], "erased");
        let change = json!({"status": "failed", "user_id": USER});
        let answer = agent.change_run(RUN, &change).await.expect(400).json();
        assert_eq!(answer["rejected"][0]["code"], "erased");
        agent.send_heartbeat(RUN).await.expect(204);
        let answer = agent
            .send_traces(&trace(USER, "canaryword"))
            .await
            .expect(200);
        let answer = ExportTraceServiceResponse::decode(answer.body.as_slice()).unwrap();
        let partial = answer.partial_success.unwrap();
        assert_eq!(partial.rejected_spans, 1);
        assert!(partial.error_message.contains("erased"), "{partial:?}");
    }
    app.fold().await;
    let ours = format!("project_id = '{}'", OURS.id());
    let refused =
        format!("SELECT sum(items)::bigint FROM ingest_outcomes WHERE code = 'erased' AND {ours}");
    // A run with a step, two failures and a judgement; a step; a judgement; a change; a span; all twice.
    assert_eq!(count(db, &refused).await, 2 * (5 + 1 + 1 + 1 + 1));
    for id in all {
        assert_eq!(
            places(db, OURS.id().0, id.as_bytes()).await,
            ["erased_runs.run_id"]
        );
    }
    assert_eq!(
        places(db, OURS.id().0, b"canary").await,
        Vec::<String>::new()
    );
    let gone = format!("DELETE FROM agent_runs WHERE user_id = 'z' AND {ours}");
    db.admin().await.execute(&gone, &[]).await.unwrap();
}
