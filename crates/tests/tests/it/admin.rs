//! What whoever runs the installation does with `runwatch`: projects, keys, people.

use reqwest::Method;
use runwatch_core::access::Role;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::command::{Said, runwatch};
use runwatch_tests::keys;
use runwatch_tests::people::{PASSWORD, sign_in};
use runwatch_tests::projects::OURS;
use serde_json::json;

async fn run(app: &TestApp, words: &str) -> Said {
    let url = app.db().admin_url();
    let env = [
        ("DATABASE_URL", url.as_str()),
        ("AUDIT_KEY", keys::AUDIT),
        ("API_KEY_PEPPER", keys::PEPPER),
    ];
    let said = runwatch(words, &env).await;
    assert!(said.success, "{words}: {said:?}");
    said
}

#[test]
fn it_makes_projects_and_keys_that_work_at_once_and_writes_that_down() {
    with_app(async |app| {
        let ada = app.first_admin().await;
        let made = run(app, "project create shop --admin Ada@example.com --json")
            .await
            .json();
        let shop = ada.with_header("x-runwatch-project", made["id"].as_str().unwrap());
        let created = run(
            app,
            "key create --project shop --name ci --scope ingest,read --expires 90d --json",
        );
        let key = created.await.json();
        let ci = app.nobody().with_key_text(key["key"].as_str().unwrap());
        ci.send_runs(&json!({"agent_id": "a"})).await.expect(200);
        ci.get("/v1/runs").await.expect(200);
        let listed = run(app, "key list --project shop --json").await.json();
        assert!(listed[0]["expires_at"].is_string(), "{listed}");
        run(app, &format!("key revoke {}", key["id"].as_str().unwrap())).await;
        let log = shop.get("/v1/audit").await.expect(200).json();
        let told: Vec<String> = log["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                format!(
                    "{} by {}",
                    entry["action"].as_str().unwrap(),
                    entry["actor_kind"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(
            told,
            ["delete_api_key by system", "create_api_key by system"]
        );
        assert!(
            run(app, "audit verify")
                .await
                .text
                .contains(": 2 entries, as they were written.")
        );
        let generated = run(app, "key generate").await.text;
        assert!(
            generated
                .trim()
                .parse::<runwatch_core::api_key::ApiKey>()
                .is_ok(),
            "{generated}"
        );
    });
}

#[test]
fn it_is_the_way_back_in_for_an_admin_who_lost_their_password() {
    with_app(async |app| {
        let ada = app.first_admin().await;
        app.member(&ada, OURS, Role::Viewer).await;
        let users = run(app, "user list --json").await.json();
        let email = users[1]["email"].as_str().unwrap();
        let said = run(app, &format!("user password-link {email} --instance-admin"))
            .await
            .text;
        let token = said.trim().split_once("/setup#").unwrap().1;
        let new = "another horse, another battery";
        let body = json!({"token": token, "password": new});
        let nobody = app.nobody();
        nobody
            .send(Method::POST, "/v1/auth/password", &body)
            .await
            .expect(200);
        sign_in(&nobody, email, PASSWORD).await.expect(401);
        let back = nobody.with_cookies_of(&sign_in(&nobody, email, new).await.expect(200));
        back.get("/v1/users").await.expect(200);
    });
}

#[test]
fn it_says_what_is_missing() {
    with_app(async |app| {
        let url = app.db().admin_url();
        let without_keys = [("DATABASE_URL", url.as_str())];
        for (words, env, told) in [
            (
                "project list --data-dir /nowhere",
                &[][..],
                "set DATABASE_URL",
            ),
            (
                "project create x --data-dir /nowhere",
                &without_keys[..],
                "AUDIT_KEY is not set",
            ),
            (
                "key create --project ours --data-dir /nowhere",
                &without_keys[..],
                "API_KEY_PEPPER is not set",
            ),
            (
                "key create --project nothing",
                &without_keys[..],
                "there is no project \"nothing\"",
            ),
            (
                "key create --project ours --expires 2020-01-01T00:00:00Z",
                &without_keys[..],
                "a time to come",
            ),
            (
                "user password-link nobody@example.com",
                &without_keys[..],
                "runwatch user list",
            ),
        ] {
            let said = runwatch(words, env).await;
            assert!(
                !said.success && said.error.contains(told),
                "{words}: {said:?}"
            );
        }
    });
}
