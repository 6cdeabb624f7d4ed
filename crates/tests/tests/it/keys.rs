//! Who may do what with which key.

use std::time::Duration;

use reqwest::Method;
use runwatch_core::api_key::{ApiKey, Scope};
use runwatch_core::ids::KeyId;
use runwatch_store::key_uses::Listener;
use runwatch_store::{api_keys, pool};
use runwatch_tests::app::with_app;
use runwatch_tests::projects::OURS;
use runwatch_tests::until::until;
use serde_json::json;
use uuid::Uuid;

const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";

/// Everything that reads something by an id, or lists.
const READS: [&str; 13] = [
    "/v1/runs",
    "/v1/runs/0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11",
    "/v1/runs/0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11/steps",
    "/v1/runs/0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11/steps/00000000000000a1",
    "/v1/runs/0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11/timeline",
    "/v1/runs/0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11/failures",
    "/v1/failures",
    "/v1/failure-groups",
    "/v1/agents",
    "/v1/models",
    "/v1/tools",
    "/v1/usage",
    "/v1/quarantine",
];
/// Everything that writes.
const WRITES: [(&str, &str); 6] = [
    ("POST", "/v1/runs"),
    ("PATCH", "/v1/runs/0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11"),
    (
        "POST",
        "/v1/runs/0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11/steps",
    ),
    (
        "POST",
        "/v1/runs/0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11/failures",
    ),
    (
        "POST",
        "/v1/runs/0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11/heartbeat",
    ),
    ("POST", "/v1/traces"),
];

fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).expect("it is a method")
}

#[test]
fn nothing_can_be_done_without_a_key() {
    with_app(async |app| {
        let nobody = app.nobody();
        for path in READS {
            let answer = nobody.get(path).await.expect(401);
            assert!(answer.header("www-authenticate").is_some(), "{path}");
        }
        for (name, path) in WRITES {
            let request = nobody
                .request(method(name), path)
                .header("content-type", "application/json");
            nobody.call(request.body("{}")).await.expect(401);
        }
    });
}

#[test]
fn a_key_for_sending_cannot_read_and_one_for_reading_cannot_send() {
    with_app(async |app| {
        for path in READS {
            assert_eq!(
                app.agent().get(path).await.expect(403).code(),
                "missing_scope"
            );
        }
        let analyst = app.analyst();
        for (name, path) in WRITES {
            let request = analyst
                .request(method(name), path)
                .header("content-type", "application/json");
            analyst.call(request.body("{}")).await.expect(403);
        }
    });
}

#[test]
fn a_key_is_taken_from_three_places() {
    with_app(async |app| {
        let key = app.analyst().key_text().unwrap().to_owned();
        let nobody = app.nobody();
        let read = || nobody.request(Method::GET, "/v1/runs");
        nobody
            .call(read().header("x-api-key", &key))
            .await
            .expect(200);
        nobody.call(read().bearer_auth(&key)).await.expect(200);
        nobody
            .call(read().basic_auth("anybody", Some(&key)))
            .await
            .expect(200);
        nobody
            .call(read().basic_auth(&key, None::<&str>))
            .await
            .expect(401);
    });
}

#[test]
fn a_key_that_is_mistyped_or_unknown_or_of_another_secret_is_refused() {
    with_app(async |app| {
        let key = app.analyst().key_text().unwrap().to_owned();
        let unknown = ApiKey::from_random(KeyId(Uuid::from_u128(77)), [3; 32]).to_text();
        let forged = ApiKey::from_random(OURS.key(Scope::Read).id(), [9; 32]).to_text();
        let mistyped = key.replace("_live_", "_life_");
        for wrong in [
            mistyped.as_str(),
            &unknown,
            &forged,
            "x",
            "",
            &"k".repeat(10_000),
        ] {
            let answer = app
                .nobody()
                .with_key_text(wrong)
                .get("/v1/runs")
                .await
                .expect(401);
            assert_eq!(answer.code(), "unauthenticated");
        }
    });
}

#[test]
fn what_belongs_to_another_project_is_not_found_like_what_does_not_exist() {
    with_app(async |app| {
        let run = json!({"run_id": RUN, "agent_id": "a",
            "steps": [{"step_id": "00000000000000a1", "name": "secret"}]});
        app.agent().send_runs(&run).await.expect(200);
        for path in READS.iter().filter(|path| path.contains(RUN)) {
            let theirs = app.stranger().get(path).await.expect(404);
            let unknown = path.replace(RUN, "0199c7a2-0000-7cc0-9d3e-5b6f0f7d2a11");
            let missing = app.stranger().get(&unknown).await.expect(404);
            assert_eq!(theirs.json(), missing.json(), "{path}");
            app.analyst().get(path).await.expect(200);
        }
        for path in READS.iter().filter(|path| !path.contains(RUN)) {
            let seen = app.stranger().get(path).await.expect(200).text();
            assert!(
                !seen.contains(RUN) && !seen.contains("\"a\""),
                "{path}: {seen}"
            );
        }
    });
}

#[test]
fn the_same_ids_in_two_projects_are_two_runs() {
    with_app(async |app| {
        let step = |name: &str| {
            json!({"run_id": RUN, "agent_id": name,
            "steps": [{"step_id": "00000000000000a1", "name": name}]})
        };
        app.agent().send_runs(&step("ours")).await.expect(200);
        let theirs = app
            .strange_agent()
            .send_runs(&step("theirs"))
            .await
            .expect(200)
            .json();
        assert_eq!(theirs["accepted"], 1);
        for (reader, name) in [(app.analyst(), "ours"), (app.stranger(), "theirs")] {
            assert_eq!(reader.run(RUN).await.expect(200).json()["agent_id"], name);
            assert_eq!(
                reader.step(RUN, "00000000000000a1").await.json()["name"],
                name
            );
        }
    });
}

#[test]
fn a_revoked_key_stops_working_within_five_seconds() {
    with_app(async |app| {
        let analyst = app.analyst();
        analyst.get("/v1/runs").await.expect(200);
        let mut conn = pool::connect(&app.db().admin_url()).await.unwrap();
        assert!(
            api_keys::revoke(&mut conn, OURS.id(), OURS.key(Scope::Read).id())
                .await
                .unwrap()
        );
        // Half a second for a slow machine.
        until(
            Duration::from_millis(5_500),
            "the key to be refused",
            async || (analyst.get("/v1/runs").await.status == 401).then_some(()),
        )
        .await;
    });
}

#[test]
fn a_key_that_is_used_says_when_whoever_took_it() {
    with_app(async |app| {
        let admin = app.first_admin().await.of_project(OURS);
        let mut listener = Listener::open(&app.db().url("runwatch_worker"))
            .await
            .unwrap();
        let used = async || {
            let keys = admin.get("/v1/api-keys").await.expect(200).json();
            let keys = keys["api_keys"].as_array().unwrap().clone();
            let used = keys.iter().filter(|key| !key["last_used_at"].is_null());
            used.map(|key| key["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert!(used().await.is_empty());
        app.agent()
            .send_runs(&json!({"agent_id": "a"}))
            .await
            .expect(200);
        app.analyst().get("/v1/runs").await.expect(200);
        // A key whose secret is wrong was not used.
        let forged = ApiKey::from_random(OURS.key(Scope::Alerts).id(), [0; 32]);
        app.nobody()
            .with_key_text(&forged.to_text())
            .get("/v1/runs")
            .await
            .expect(401);
        until(
            Duration::from_secs(10),
            "both uses to be told",
            async || {
                listener.note(Duration::from_millis(50)).await.unwrap();
                let mut used = used().await;
                used.sort();
                (used == ["ingest", "read"]).then_some(())
            },
        )
        .await;
    });
}

#[test]
fn the_key_of_the_environment_is_there_from_the_start_and_stays_revoked() {
    with_app(async |app| {
        let key = ApiKey::from_random(KeyId(Uuid::from_u128(7)), [5; 32]);
        let caller = app.nobody().with_key_text(&key.to_text());
        let start = || app.another_control(&[("BOOTSTRAP_API_KEY", &key.to_text())]);
        let control = start();
        let mut conn = pool::connect(&app.db().url("runwatch_control"))
            .await
            .unwrap();
        let project = until(Duration::from_secs(20), "the key to be there", async || {
            api_keys::project_of(&mut conn, key.id()).await.unwrap()
        })
        .await;
        caller.get("/v1/runs").await.expect(200);
        caller
            .send_runs(&json!({"agent_id": "a"}))
            .await
            .expect(200);
        control.stop().await.unwrap();
        assert!(
            api_keys::revoke(&mut conn, project, key.id())
                .await
                .unwrap()
        );
        let again = start();
        until(
            Duration::from_secs(10),
            "the key to be forgotten",
            async || (caller.get("/v1/runs").await.status == 401).then_some(()),
        )
        .await;
        again.stop().await.unwrap();
    });
}
