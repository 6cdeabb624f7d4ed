//! The audit log: who reads it, and that no change of it goes unnoticed.

use reqwest::Method;
use runwatch_core::access::Role;
use runwatch_core::api_key::Scope;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::command::runwatch;
use runwatch_tests::keys;
use runwatch_tests::projects::{OURS, THEIRS};
use serde_json::json;

/// What somebody could do who has the database, but not the key. `P` is our project.
const MANIPULATIONS: [&str; 12] = [
    "UPDATE audit_log SET action = 'delete_api_key' WHERE project_id = 'P' AND seq = 2",
    "UPDATE audit_log SET details = '{}' WHERE project_id = 'P' AND seq = 3",
    "UPDATE audit_log SET actor_id = gen_random_uuid() WHERE project_id = 'P' AND seq = 2",
    "UPDATE audit_log SET actor_kind = 'system', actor_id = NULL WHERE project_id = 'P' AND seq = 2",
    "UPDATE audit_log SET at = at - interval '1 day' WHERE project_id = 'P' AND seq = 2",
    "UPDATE audit_log SET request_id = 'x' WHERE project_id = 'P' AND seq = 2",
    "UPDATE audit_log SET hash = decode(repeat('00', 32), 'hex') WHERE project_id = 'P' AND seq = 2",
    "DELETE FROM audit_log WHERE project_id = 'P' AND seq = 2",
    "UPDATE audit_log SET seq = seq - 1 WHERE project_id = 'P' AND seq = 1",
    "UPDATE audit_log SET seq = -seq WHERE project_id = 'P';
     UPDATE audit_log SET seq = CASE seq WHEN -2 THEN 3 WHEN -3 THEN 2 ELSE -seq END WHERE project_id = 'P'",
    "INSERT INTO audit_log SELECT at, seq + 100, project_id, actor_id, actor_kind, action, subject, details,
         request_id, hash FROM audit_log WHERE project_id = 'P' AND seq = 2",
    "UPDATE audit_log SET seq = -seq WHERE project_id = 'P';
     INSERT INTO audit_log SELECT at, seq, 'P', actor_id, actor_kind, action, subject, details, request_id,
         hash FROM audit_log WHERE project_id = '00000000-0000-0000-0000-000000000000'",
];
/// What only shows by what was noted elsewhere.
const CUT_OFF: [&str; 2] = [
    "DELETE FROM audit_log WHERE project_id = 'P' AND seq >= 3",
    "DELETE FROM audit_log WHERE project_id = 'P'",
];

/// Four entries of our project, and more of the installation.
async fn with_entries(app: &TestApp) {
    let admin = app.first_admin().await.of_project(OURS);
    for name in ["one", "two", "three"] {
        let key = json!({"name": name});
        admin
            .send(Method::POST, "/v1/api-keys", &key)
            .await
            .expect(201);
    }
}

#[test]
fn admins_read_it_and_nobody_else_does() {
    with_app(async |app| {
        let ada = app.first_admin().await;
        let operator = app.member(&ada, OURS, Role::Operator).await;
        for path in ["/v1/audit", "/v1/audit/installation"] {
            operator.get(path).await.expect(403);
            app.analyst()
                .get(path)
                .await
                .expect(if path.ends_with("audit") { 403 } else { 401 });
            app.nobody().get(path).await.expect(401);
        }
        let ours = ada.of_project(OURS);
        let log = ours.get("/v1/audit?limit=1").await.expect(200).json();
        assert_eq!(log["entries"][0]["action"], "create_member");
        assert_eq!(log["entries"][0]["details"], json!({"role": "operator"}));
        let next = log["next_cursor"].as_str().unwrap();
        let next = ours
            .get(&format!("/v1/audit?cursor={next}"))
            .await
            .expect(200)
            .json();
        assert_eq!(next["entries"][0]["details"], json!({"role": "admin"}));
        assert_eq!(next["entries"][0]["seq"], 1);
        let key = app
            .nobody()
            .with_key_text(&OURS.key(Scope::Admin).to_text());
        assert_eq!(
            key.get("/v1/audit").await.expect(200).json()["entries"],
            json!([log["entries"][0], next["entries"][0]])
        );
        let theirs = ada
            .of_project(THEIRS)
            .get("/v1/audit")
            .await
            .expect(200)
            .json();
        assert_eq!(theirs["entries"].as_array().unwrap().len(), 1);
        let all = ada
            .get("/v1/audit/installation?limit=1000")
            .await
            .expect(200)
            .json();
        let actions: Vec<&str> = all["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        assert_eq!(
            actions,
            [
                "create_sign_in",
                "create_password",
                "create_user",
                "create_sign_in",
                "create_password"
            ]
        );
    });
}

#[test]
fn every_change_of_the_log_is_found() {
    with_app(async |app| {
        with_entries(app).await;
        let url = app.db().admin_url();
        let env = [("DATABASE_URL", url.as_str()), ("AUDIT_KEY", keys::AUDIT)];
        let heads = runwatch("audit heads", &env).await;
        let noted = std::env::temp_dir().join(format!("runwatch-heads-{}", OURS.id().0.simple()));
        std::fs::write(&noted, &heads.text).unwrap();
        let with_heads = format!("audit verify --heads {}", noted.display());
        let fine = runwatch(&with_heads, &env).await;
        assert!(fine.success, "{fine:?}");
        assert!(
            fine.text.contains(&format!("{}: 4 entries", OURS.id())),
            "{fine:?}"
        );

        let admin = app.db().admin().await;
        admin
            .batch_execute("CREATE TABLE kept AS SELECT * FROM audit_log")
            .await
            .unwrap();
        let restore = "TRUNCATE audit_log; INSERT INTO audit_log SELECT * FROM kept";
        let project = OURS.id().to_string();
        for (verify, changes) in [
            ("audit verify", &MANIPULATIONS[..]),
            (&with_heads, &CUT_OFF[..]),
        ] {
            for change in changes {
                let change = change.replace("'P'", &format!("'{project}'"));
                admin
                    .batch_execute(&change)
                    .await
                    .unwrap_or_else(|error| panic!("{change}: {error:?}"));
                let said = runwatch(verify, &env).await;
                assert!(
                    !said.success && said.text.contains(&format!("{project}: entry ")),
                    "{change}: {said:?}"
                );
                admin.batch_execute(restore).await.unwrap();
            }
        }
        let another = [("DATABASE_URL", url.as_str()), ("AUDIT_KEY", keys::PEPPER)];
        assert!(!runwatch("audit verify", &another).await.success);
        assert!(runwatch(&with_heads, &env).await.success);
        std::fs::remove_file(noted).unwrap();
    });
}
