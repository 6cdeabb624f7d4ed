//! What a project does not want to keep is nowhere after it was sent.

use reqwest::Method;
use runwatch_tests::actor::{Actor, JSON};
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::projects::OURS;
use runwatch_tests::rows::project_tables;
use serde_json::{Value, json};

const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";
const STEP: &str = "00000000000000a1";

/// What must not be found anywhere, made here so that no scanner takes it for a real secret.
fn canaries() -> [String; 6] {
    [
        "ada.canary@example.com".to_owned(),
        "4111 1111 1111 1111".to_owned(),
        "GB82 WEST 1234 5698 7654 32".to_owned(),
        format!("ghp_{}", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG3iL6"),
        format!(
            "eyJhbGciOiJIUzI1NiJ9.{}.{}",
            "eyJzdWIiOiJjYW5hcnkifQ", "c2lnbmF0dXJlLWNhbmFyeQ"
        ),
        "CUSTOMER-00042".to_owned(),
    ]
}

fn settings() -> Value {
    json!({"redaction": {
        "detectors": ["email_addresses", "card_numbers", "ibans", "provider_keys", "jwts"],
        "patterns": [{"name": "customer", "regex": "CUSTOMER-[0-9]{5}"}],
    }})
}

async fn with_redaction(app: &TestApp) -> Actor {
    let admin = app.first_admin().await.of_project(OURS);
    admin
        .send(Method::PUT, "/v1/settings", &settings())
        .await
        .expect(200);
    admin
}

/// A run that has the text wherever a text can be.
fn run(text: &str) -> Value {
    json!({
        "run_id": RUN, "agent_id": format!("support {text}"), "user_id": text, "session_id": format!("s {text}"),
        "tags": [format!("tag {text}")], "attributes": {"note": format!("of {text}"), format!("key {text}"): 1},
        "status": "failed", "input": {"question": format!("I am {text}.")}, "output": [format!("Hello {text}!")],
        "steps": [{
            "step_id": STEP, "name": format!("look up {text}"), "kind": "tool", "status": "failed",
    "input": json!({"nested": json!({"who": text}).to_string()}).to_string(),
            "output": {"deep": [{"deeper": format!("x\n{text}\ty")}]},
            "attributes": {"short": text, "long": format!("{} {text}", "word ".repeat(200))},
            "error": {"type": "lookup", "message": format!("there is no {text} here")},
        }],
        "failures": [{"type": "tool_error", "message": format!("{text} was not found")}],
    })
}

/// Everything that can be read of our project, as text.
async fn everything(app: &TestApp) -> String {
    let mut all = String::new();
    let admin = app.db().admin().await;
    for table in project_tables(&admin).await {
        // What is not of agents has our own words.
        if ["project_settings", "audit_log"].contains(&table.as_str()) {
            continue;
        }
        let rows = format!(
            "SELECT coalesce(string_agg(row_to_json(t)::text, ' '), '') FROM {table} t WHERE project_id = $1"
        );
        let row = admin.query_one(&rows, &[&OURS.id().0]).await.unwrap();
        all += row.get::<_, &str>(0);
        // Bytes are shown in hex.
        let bytes = format!(
            "SELECT coalesce(string_agg(encode(convert_to(t::text, 'UTF8'), 'escape'), ' '), '') FROM {table} t WHERE project_id = $1"
        );
        all += admin
            .query_one(&bytes, &[&OURS.id().0])
            .await
            .unwrap()
            .get::<_, &str>(0);
    }
    for path in [
        format!("/v1/runs/{RUN}"),
        format!("/v1/runs/{RUN}/steps/{STEP}"),
        format!("/v1/runs/{RUN}/failures"),
        "/v1/feedback".to_owned(),
        "/v1/quarantine".to_owned(),
        "/v1/export?what=steps&format=jsonl&payloads=true".to_owned(),
        "/v1/failure-groups".to_owned(),
    ] {
        let answer = app.analyst().get(&path).await;
        assert!(
            [200, 400].contains(&answer.status),
            "{path}: {}",
            answer.text()
        );
        all += &answer.text();
    }
    all
}

#[test]
fn nothing_of_what_is_redacted_is_kept_wherever_it_was_sent() {
    with_app(async |app| {
        with_redaction(app).await;
        for canary in canaries() {
            app.agent().send_runs(&run(&canary)).await.expect(200);
            let feedback = json!({"name": "mood", "value": format!("says {canary}"),
                "comment": format!("{canary} liked it"), "user_id": canary});
            let path = format!("/v1/runs/{RUN}/feedback");
            app.agent()
                .send(Method::POST, &path, &feedback)
                .await
                .expect(200);
            let refused = json!({"agent_id": 7, "input": canary, "run_id": canary});
            app.agent().send_runs(&refused).await.expect(400);
            app.fold().await;
            let all = everything(app).await;
            let bare = canary.replace(' ', "");
            assert!(
                !all.contains(&canary) && !all.contains(&bare),
                "{canary} is in {all}"
            );
            let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(!all.contains(&hex), "{canary} is among the bytes");
            assert!(all.contains("[redacted:"));
            app.db().clear().await;
        }
    });
}

#[test]
fn what_stays_is_readable_and_says_what_was_taken_out() {
    with_app(async |app| {
        with_redaction(app).await;
        let [mail, ..] = canaries();
        app.agent().send_runs(&run(&mail)).await.expect(200);
        let found = app
            .analyst()
            .get(&format!("/v1/runs/{RUN}"))
            .await
            .expect(200)
            .json();
        assert_eq!(found["input"]["question"], "I am [redacted:email_address].");
        assert_eq!(found["agent_id"], "support [redacted:email_address]");
        let user = found["user_id"].as_str().unwrap();
        assert!(user.starts_with("redacted:") && user.len() == 25, "{user}");
        let step = app
            .analyst()
            .get(&format!("/v1/runs/{RUN}/steps/{STEP}"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            step["output"]["deep"][0]["deeper"],
            "x\n[redacted:email_address]\ty"
        );
        assert!(
            step["flags"]
                .as_array()
                .unwrap()
                .contains(&json!("redacted")),
            "{step}"
        );
        // The same user has the same pseudonym, so that their runs are found together.
        let again = json!({"agent_id": "a", "user_id": mail});
        app.agent().send_runs(&again).await.expect(200);
        let of_user = app
            .analyst()
            .get(&format!("/v1/runs?user_id={user}"))
            .await
            .expect(200)
            .json();
        assert_eq!(of_user["runs"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn what_was_told_before_the_rules_were_is_no_contradiction_when_it_is_told_again() {
    with_app(async |app| {
        let admin = app.first_admin().await.of_project(OURS);
        let [mail, ..] = canaries();
        let told = json!({"run_id": RUN, "agent_id": "a", "user_id": mail});
        app.agent().send_runs(&told).await.expect(200);
        admin
            .send(Method::PUT, "/v1/settings", &settings())
            .await
            .expect(200);
        // Another key, whose settings nobody remembers.
        let key = json!({"name": "x"});
        let key = admin.send(Method::POST, "/v1/api-keys", &key).await;
        let sender = app.nobody();
        let sender = sender.with_key_text(key.expect(201).json()["key"].as_str().unwrap());
        sender.send_runs(&told).await.expect(200);
    });
}

#[test]
fn a_dry_run_shows_what_would_be_taken_out() {
    with_app(async |app| {
        with_redaction(app).await;
        let [mail, ..] = canaries();
        let body = run(&mail).to_string();
        let said = app
            .agent()
            .post("/v1/validate", JSON, body)
            .await
            .expect(200)
            .text();
        assert!(
            !said.contains(&mail) && said.contains("[redacted:email_address]"),
            "{said}"
        );
    });
}

#[test]
fn rules_that_cannot_be_used_are_refused_with_the_field() {
    with_app(async |app| {
        let admin = app.first_admin().await.of_project(OURS);
        for (wrong, field) in [
            (
                json!({"redaction": {"patterns": [{"name": "x", "regex": "("}]}}),
                "redaction",
            ),
            (
                json!({"redaction": {"patterns": [{"name": "X Y", "regex": "a"}]}}),
                "redaction",
            ),
            (
                json!({"redaction": {"patterns": [{"name": "x", "regex": "a*"}]}}),
                "redaction",
            ),
            (
                json!({"redaction": {"detectors": ["names"]}}),
                "redaction.detectors[0]",
            ),
            (json!({"retention_days": 0}), "retention_days"),
            (
                json!({"quotas": {"steps_per_second": 0}}),
                "quotas.steps_per_second",
            ),
            (json!({"quotas": {"runs": 1}}), "quotas.runs"),
        ] {
            let refused = admin
                .send(Method::PUT, "/v1/settings", &wrong)
                .await
                .expect(400)
                .json();
            assert_eq!(refused["field"], field, "{wrong}: {refused}");
        }
        let known = admin.get("/v1/settings").await.expect(200).json();
        insta::assert_json_snapshot!("settings", known);
        let put = admin
            .send(Method::PUT, "/v1/settings", &settings())
            .await
            .expect(200)
            .json();
        assert_eq!(
            admin.get("/v1/settings").await.expect(200).json()["settings"],
            put
        );
        // A project that is made has secrets taken out.
        let made = admin
            .send(Method::POST, "/v1/projects", &json!({"name": "new"}))
            .await
            .expect(201)
            .json();
        let of_new = admin.with_header("x-runwatch-project", made["project_id"].as_str().unwrap());
        let known = of_new.get("/v1/settings").await.expect(200).json();
        assert_eq!(
            known["settings"]["redaction"]["detectors"],
            json!(["provider_keys", "jwts"])
        );
    });
}
