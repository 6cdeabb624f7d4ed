//! Who may do what: people, by what they are in a project.

use std::time::Duration;

use reqwest::Method;
use runwatch_core::access::Role;
use runwatch_core::audit::{AuditKey, NO_PROJECT, Verifier};
use runwatch_store::{audit, pool};
use runwatch_tests::app::with_app;
use runwatch_tests::moments::without_times;
use runwatch_tests::projects::{OURS, THEIRS};
use runwatch_tests::until::until;
use serde_json::{Value, json};

/// Longer than services remember what somebody is.
const FORGOTTEN: Duration = Duration::from_secs(10);

/// What each role is answered, by hand: admin, operator, viewer, executive.
const EXPECTED: [(&str, [u16; 4]); 14] = [
    ("/v1/usage", [200, 200, 200, 200]),
    ("/v1/agents", [200, 200, 200, 200]),
    ("/v1/models", [200, 200, 200, 200]),
    ("/v1/tools", [200, 200, 200, 200]),
    ("/v1/workflows", [200, 200, 200, 200]),
    ("/v1/usage/scores?name=x", [200, 200, 200, 403]),
    ("/v1/runs", [200, 200, 200, 403]),
    ("/v1/search?q=x", [200, 200, 200, 403]),
    ("/v1/failures", [200, 200, 200, 403]),
    ("/v1/quarantine", [200, 200, 200, 403]),
    ("/v1/members", [200, 403, 403, 403]),
    ("/v1/api-keys", [200, 403, 403, 403]),
    ("/v1/erasures", [200, 403, 403, 403]),
    ("/v1/users", [403, 403, 403, 403]),
];

#[test]
fn each_role_reaches_what_it_may_and_nothing_of_other_projects() {
    with_app(async |app| {
        let admin = app.first_admin().await;
        for (at, role) in Role::ALL.into_iter().enumerate() {
            let member = app.member(&admin, OURS, role).await;
            for (path, expected) in EXPECTED {
                let answer = member.get(path).await;
                assert_eq!(
                    answer.status,
                    expected[at],
                    "{role:?} {path}: {}",
                    answer.text()
                );
                if !path.starts_with("/v1/users") {
                    let theirs = member.of_project(THEIRS).get(path).await;
                    assert_eq!(theirs.status, 404, "{role:?} {path} of another project");
                }
            }
        }
        for (path, _) in EXPECTED {
            let nobody = app.nobody().of_project(OURS).get(path).await;
            assert_eq!(nobody.status, 401, "{path}");
        }
    });
}

#[test]
fn a_role_that_is_taken_away_is_gone_within_seconds() {
    with_app(async |app| {
        let admin = app.first_admin().await.of_project(OURS);
        let viewer = app.member(&admin, OURS, Role::Viewer).await;
        viewer.get("/v1/runs").await.expect(200);
        let members = admin.get("/v1/members").await.expect(200).json();
        let id = |email: &str| {
            let members = members["members"].as_array().unwrap();
            let found = members
                .iter()
                .find(|it| it["email"].as_str().unwrap().starts_with(email));
            found.unwrap()["user_id"].as_str().unwrap().to_owned()
        };
        let path = format!("/v1/members/{}", id("viewer"));
        let executive = json!({"role": "executive"});
        admin.send(Method::PUT, &path, &executive).await.expect(204);
        until(FORGOTTEN, "the role to be forgotten", async || {
            (viewer.get("/v1/runs").await.status == 403).then_some(())
        })
        .await;
        admin
            .send(Method::DELETE, &path, &Value::Null)
            .await
            .expect(204);
        until(FORGOTTEN, "the membership to be forgotten", async || {
            (viewer.get("/v1/runs").await.status == 404).then_some(())
        })
        .await;
        admin
            .send(Method::DELETE, &path, &Value::Null)
            .await
            .expect(404);
        let own = format!("/v1/members/{}", id("ada"));
        for (method, body) in [(Method::DELETE, Value::Null), (Method::PUT, executive)] {
            let refused = admin.send(method, &own, &body).await.expect(409);
            assert_eq!(refused.code(), "last_admin");
        }
    });
}

#[test]
fn of_two_admins_who_take_each_other_out_at_once_one_is_left() {
    with_app(async |app| {
        let ada = app.first_admin().await.of_project(OURS);
        let other = app.member(&ada, OURS, Role::Admin).await;
        let members = ada.get("/v1/members").await.expect(200).json();
        let path = |at: usize| {
            let id = members["members"][at]["user_id"].as_str().unwrap();
            format!("/v1/members/{id}")
        };
        // Ada comes first by address.
        let (of_ada, of_other) = (path(1), path(0));
        let (one, two) = tokio::join!(
            ada.send(Method::DELETE, &of_ada, &Value::Null),
            other.send(Method::DELETE, &of_other, &Value::Null),
        );
        let statuses = [one.status, two.status];
        // Who was taken out before they were let in finds nothing.
        assert!(
            [[204, 409], [409, 204], [204, 404], [404, 204]].contains(&statuses),
            "{statuses:?}"
        );
        let database = app.db().admin().await;
        let left = "SELECT count(*) FROM members WHERE project_id = $1";
        let left = database.query_one(left, &[&OURS.id().0]).await.unwrap();
        assert_eq!(left.get::<_, i64>(0), 1);
    });
}

#[test]
fn an_admin_makes_keys_that_end_and_can_be_revoked_and_no_key_makes_keys() {
    with_app(async |app| {
        let admin = app.first_admin().await.of_project(OURS);
        let new = json!({"name": "ci", "scopes": ["read"], "expires_at": "2999-01-01T00:00:00Z"});
        let made = admin
            .send(Method::POST, "/v1/api-keys", &new)
            .await
            .expect(201)
            .json();
        let key = made["key"].as_str().unwrap();
        let analyst = app.nobody().with_key_text(key);
        analyst.get("/v1/runs").await.expect(200);
        let refused = analyst
            .send(Method::POST, "/v1/api-keys", &new)
            .await
            .expect(403);
        assert_eq!(refused.code(), "needs_person");
        for wrong in [
            json!({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}),
            json!({"name": "x", "scopes": ["everything"]}),
            json!({"name": ""}),
            json!({"name": "x", "secret": "mine"}),
        ] {
            admin
                .send(Method::POST, "/v1/api-keys", &wrong)
                .await
                .expect(400);
        }
        let by_default = admin
            .send(Method::POST, "/v1/api-keys", &json!({"name": "agents"}))
            .await;
        let sender = app
            .nobody()
            .with_key_text(by_default.expect(201).json()["key"].as_str().unwrap());
        sender
            .send_runs(&json!({"agent_id": "a"}))
            .await
            .expect(200);
        assert_eq!(
            sender.get("/v1/runs").await.expect(403).code(),
            "missing_scope"
        );

        let path = format!("/v1/api-keys/{}", made["key_id"].as_str().unwrap());
        let theirs = admin
            .of_project(THEIRS)
            .send(Method::DELETE, &path, &Value::Null)
            .await;
        theirs.expect(404);
        admin
            .send(Method::DELETE, &path, &Value::Null)
            .await
            .expect(204);
        until(FORGOTTEN, "the key to be forgotten", async || {
            (analyst.get("/v1/runs").await.status == 401).then_some(())
        })
        .await;
        let keys = admin.get("/v1/api-keys").await.expect(200);
        assert!(
            !keys.text().contains(key),
            "its secret is never shown again"
        );
    });
}

#[test]
fn a_key_past_its_time_works_no_longer() {
    with_app(async |app| {
        let admin = app.first_admin().await.of_project(OURS);
        let new = json!({"name": "ci", "scopes": ["read"], "expires_at": "2999-01-01T00:00:00Z"});
        let made = admin
            .send(Method::POST, "/v1/api-keys", &new)
            .await
            .expect(201)
            .json();
        let database = app.db().admin().await;
        let over = "UPDATE api_keys SET expires_at = rw_now() WHERE expires_at IS NOT NULL";
        database.batch_execute(over).await.unwrap();
        let analyst = app.nobody().with_key_text(made["key"].as_str().unwrap());
        analyst.get("/v1/runs").await.expect(401);
    });
}

#[test]
fn whoever_is_shut_out_is_out_and_may_be_let_in_again() {
    with_app(async |app| {
        let admin = app.first_admin().await;
        let viewer = app.member(&admin, OURS, Role::Viewer).await;
        let users = admin.get("/v1/users").await.expect(200).json();
        let id = |at: usize| users["users"][at]["user_id"].as_str().unwrap();
        let shut_out = json!({"disabled": true});
        let path = format!("/v1/users/{}", id(1));
        admin
            .send(Method::PATCH, &path, &shut_out)
            .await
            .expect(200);
        until(FORGOTTEN, "the sign-in to be forgotten", async || {
            (viewer.get("/v1/runs").await.status == 401).then_some(())
        })
        .await;
        let link = format!("{path}/password-link");
        admin
            .send(Method::POST, &link, &Value::Null)
            .await
            .expect(404);
        let own = format!("/v1/users/{}", id(0));
        let refused = admin.send(Method::PATCH, &own, &shut_out).await.expect(409);
        assert_eq!(refused.code(), "not_yourself");
        admin
            .send(Method::PATCH, &path, &json!({"disabled": false}))
            .await
            .expect(200);
        admin
            .send(Method::POST, &link, &Value::Null)
            .await
            .expect(201);
    });
}

#[test]
fn what_is_changed_is_in_the_audit_log_whose_chain_holds() {
    with_app(async |app| {
        let admin = app.first_admin().await.of_project(OURS);
        app.member(&admin, OURS, Role::Viewer).await;
        let key = json!({"name": "ci"});
        admin
            .send(Method::POST, "/v1/api-keys", &key)
            .await
            .expect(201);
        let mut conn = pool::connect(&app.db().url("runwatch_control"))
            .await
            .unwrap();
        let mut told = Vec::new();
        for project in [NO_PROJECT, OURS.id()] {
            let mut verifier = Verifier::new(AuditKey::new([7; 32]));
            for (entry, hash) in audit::after(&mut conn, project, 0, 100).await.unwrap() {
                verifier.take(&entry, &hash).unwrap();
                told.push(format!("{} {}: {}", entry.seq, entry.action, entry.details));
            }
        }
        insta::assert_json_snapshot!("audit_log", told);
        let control = app.db().connect("runwatch_control").await;
        for change in [
            "UPDATE audit_log SET action = 'x'",
            "DELETE FROM audit_log",
            "TRUNCATE audit_log",
        ] {
            assert!(control.batch_execute(change).await.is_err(), "{change}");
        }
    });
}

#[test]
fn a_project_is_made_by_an_admin_of_the_installation_and_has_a_name_of_its_own() {
    with_app(async |app| {
        let admin = app.first_admin().await;
        let new = json!({"name": "web shop"});
        let made = admin
            .send(Method::POST, "/v1/projects", &new)
            .await
            .expect(201)
            .json();
        let here = admin.with_header("x-runwatch-project", made["project_id"].as_str().unwrap());
        here.get("/v1/runs").await.expect(200);
        let again = admin
            .send(Method::POST, "/v1/projects", &new)
            .await
            .expect(409);
        assert_eq!(again.code(), "exists");
        let viewer = app.member(&admin, OURS, Role::Viewer).await;
        let refused = viewer
            .send(Method::POST, "/v1/projects", &json!({"name": "x"}))
            .await;
        assert_eq!(refused.expect(403).code(), "missing_role");
        let projects = viewer.get("/v1/projects").await.expect(200).json();
        insta::assert_json_snapshot!("projects", without_times(projects));
    });
}

#[test]
fn an_admin_of_the_installation_makes_another_and_one_is_always_left() {
    with_app(async |app| {
        let ada = app.first_admin().await;
        let bob = app.member(&ada, OURS, Role::Viewer).await;
        let users = ada.get("/v1/users").await.expect(200).json();
        let path = |at: usize| {
            format!(
                "/v1/users/{}",
                users["users"][at]["user_id"].as_str().unwrap()
            )
        };
        let no_longer = json!({"is_instance_admin": false});
        let refused = ada
            .send(Method::PATCH, &path(0), &no_longer)
            .await
            .expect(409);
        assert_eq!(refused.code(), "last_instance_admin");
        bob.get("/v1/users").await.expect(403);
        let change = json!({"is_instance_admin": true});
        let changed = ada.send(Method::PATCH, &path(1), &change).await.expect(200);
        assert_eq!(changed.json()["is_instance_admin"], true);
        until(FORGOTTEN, "it to be known", async || {
            (bob.get("/v1/users").await.status == 200).then_some(())
        })
        .await;
        // Both at once: one is left.
        let shut_out = json!({"disabled": true});
        let (of_ada, of_bob) = (path(0), path(1));
        let (one, other) = tokio::join!(
            ada.send(Method::PATCH, &of_bob, &shut_out),
            bob.send(Method::PATCH, &of_ada, &shut_out),
        );
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert!([[200, 409], [200, 401]].contains(&statuses), "{statuses:?}");
    });
}

#[test]
fn a_project_whose_admins_have_left_gets_another() {
    with_app(async |app| {
        let ada = app.first_admin().await;
        let made = ada
            .send(Method::POST, "/v1/projects", &json!({"name": "web shop"}))
            .await;
        let project = made.expect(201).json()["project_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let bob = app.member(&ada, OURS, Role::Viewer).await;
        let bob = bob.with_header("x-runwatch-project", &project);
        let me = bob.get("/v1/auth/me").await.expect(200).json();
        let path = format!(
            "/v1/projects/{project}/admins/{}",
            me["user"]["user_id"].as_str().unwrap()
        );
        bob.send(Method::PUT, &path, &Value::Null).await.expect(403);
        ada.send(Method::PUT, &path, &Value::Null).await.expect(204);
        until(FORGOTTEN, "it to be known", async || {
            (bob.get("/v1/members").await.status == 200).then_some(())
        })
        .await;
        for nothing in [
            "00000000-0000-0000-0000-000000000000",
            "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11",
        ] {
            let path = path.replace(&project, nothing);
            ada.send(Method::PUT, &path, &Value::Null).await.expect(404);
        }
        let log = bob.get("/v1/audit").await.expect(200).json();
        let actions: Vec<&str> = log["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        assert_eq!(actions, ["create_member", "create_member"]);
    });
}
